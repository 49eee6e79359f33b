"""Words as a shell takes them."""

import re
from collections.abc import Iterable


def shell_words(texts: Iterable[str]) -> str:
    return " ".join(map(shell_word, texts))


def shell_word(text: str) -> str:
    """Quote a word as `systemctl show` does where a shell would not take it as it is."""
    if not _NEEDS_QUOTES.search(text):
        return text
    return f'"{_NEEDS_ESCAPE.sub(lambda found: _escaped(found[0]), text)}"'


def _escaped(char: str) -> str:
    return {"\n": "\\n", "\t": "\\t"}.get(char) or (f"\\{ord(char):03o}" if char < " " else f"\\{char}")


_NEEDS_ESCAPE = re.compile(r'["\\`$\x01-\x1f]')
_NEEDS_QUOTES = re.compile(r"""[\x00-\x20\x7f"\\`$*?\['()<>|&;!]""")
