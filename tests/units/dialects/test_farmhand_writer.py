"""What is written as our YAML reads back as the same service, whatever it says."""

from dataclasses import replace

import services
from hypothesis import given, settings

from farmhand.units.dialects import farmhand, farmhand_writer
from farmhand.units.spec import Service


@settings(max_examples=150)
@given(services.SERVICES)
def test_what_is_written_reads_back(service: Service) -> None:
    text, losses = farmhand_writer.text_of(service)
    said = tuple(line for line in service.kept if line.value)
    assert len(losses) == len(service.kept) - len(said)
    (read,) = farmhand.read("x.yaml", text).services
    assert replace(read, kept=()) == replace(service, kept=())
    assert sorted(read.kept, key=str) == sorted(said, key=str)


def test_numbers_and_words_stand_as_they_are_written() -> None:
    text, losses = farmhand_writer.text_of(services.FULL)
    assert losses == ()
    assert "    RestartForceExitStatus: 47\n" in text
    assert "    SendSIGKILL: no\n" in text
