"""The manager's templates, compiled once for all the applications that the tests of a process make."""

from types import CodeType

import pytest
from flask import Flask
from flask.templating import Environment
from jinja2.bccache import Bucket, BytecodeCache


class _Kept(BytecodeCache):
    """What was compiled, by the template and its text."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key, bucket.checksum] = bucket.code


_KEPT = _Kept()


class _Compiled(Environment):
    def __init__(self, app: Flask, **options: object) -> None:
        super().__init__(app, bytecode_cache=_KEPT, **options)


@pytest.fixture(scope="session", autouse=True)
def templates_compiled_once() -> None:
    Flask.jinja_environment = _Compiled
