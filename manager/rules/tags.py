"""Tags say which workers take which jobs. Pure.

A job with a tag is done by workers that have it; a job without one by any worker, also by those with tags. A deleted
tag stays with the jobs that ask for it, and no worker has it: they wait, and run nowhere that nobody meant.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tag:
    id: str
    name: str
    description: str = ""
    deleted: bool = False


def waits(tag: Tag | None) -> str:
    """Say why a job with this tag waits, or nothing where it does not."""
    if tag is None or not tag.deleted:
        return ""
    return f'waits: its tag "{tag.name}" was deleted; give it another tag, or none'
