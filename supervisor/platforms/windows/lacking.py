"""The directives that Windows has nothing for."""

LACKS = frozenset[str]()
