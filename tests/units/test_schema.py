"""The committed JSON Schema is the generated one, and agrees with the reader."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from farmhand.units import schema
from farmhand.units.dialects import farmhand
from farmhand.units.errors import BadConfig

ROOT = Path(__file__).parents[2]


def test_the_committed_schema_is_the_generated_one() -> None:
    committed = json.loads((ROOT / "config/schema/farmhand.schema.json").read_text(encoding="utf-8"))
    assert committed == schema.build(), "run: farmhand-units schema > config/schema/farmhand.schema.json"


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.build())


def test_the_farm_that_comes_with_us_is_valid() -> None:
    farm = yaml.safe_load((ROOT / "config/farm.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(farm, schema.build())


GOOD = [
    "Restart: no",
    "SendSIGKILL: no",
    "UMask: '0022'",
    "Environment: {A: 1}",
    "After: [a, b]",
    "Nice: 5",
    "X-Mine: [1]",
]
BAD = [
    "Nise: 5",
    "Restart: sometimes",
    "Nice: 20",
    "Restart: [no]",
    "ExecStart: {a: b}",
    "instances: 3",
    "SendSIGKILL: 5",
]


@pytest.mark.parametrize("line", GOOD)
def test_the_schema_and_the_reader_accept(line: str) -> None:
    text = f"services:\n  x:\n    ExecStart: /bin/x\n    {line}\n"
    jsonschema.validate(yaml.safe_load(text), schema.build())
    farmhand.read("farm.yaml", text)


@pytest.mark.parametrize("line", BAD)
def test_the_schema_and_the_reader_refuse(line: str) -> None:
    text = f"services:\n  x:\n    ExecStop: /bin/x\n    {line}\n"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(yaml.safe_load(text), schema.build())
    with pytest.raises(BadConfig):
        farmhand.read("farm.yaml", text)
