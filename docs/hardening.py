"""The page about hardening: profiles, what each line is for, and what each gap costs."""

from collections.abc import Iterable, Iterator, Sequence

from farmhand.units.hardening import BARS, EXPOSURE, PROFILES, RULES, Line, Profile, Relaxed, Rule


def profiles() -> str:
    """Whom each profile is for, and how exposed systemd finds it."""
    rows = ((f"`{name}`", whom, f"{EXPOSURE[name]:.1f}", f"{BARS[name]:.1f}") for name, whom in PROFILES.items())
    return _table(("Profile", "For", "Exposure", "At most"), rows)


def lines() -> str:
    """Each line, who has it, since when it is known and why it stands there."""
    return _table(("Line", *PROFILES, "Since systemd", "Why"), map(_row, _all_lines()))


def gaps() -> str:
    """What each profile does without."""
    rows = (_gap(rule, relaxed, profile) for profile in PROFILES for rule, relaxed in _relaxed(profile))
    return _table(("Profile", "Without", "Instead", "Because", "Costs"), rows)


def shown() -> str:
    """What is relaxed for a service's own paths."""
    rows = (
        (_lines(rule.strict), ", ".join(f"`{folder}`" for folder in rule.hides), _lines(rule.shown.instead))
        for rule in RULES
        if rule.shown
    )
    return _table(("Line", "Not if something is below", "Instead"), rows)


def _all_lines() -> Iterator[Line]:
    yield from dict.fromkeys(line for rule in RULES for line in _choices(rule))


def _choices(rule: Rule) -> Iterator[Line]:
    yield from rule.strict
    for relaxed in rule.relaxed:
        yield from relaxed.instead


def _row(line: Line) -> tuple[str, ...]:
    cells = ("yes" if _has(profile, line) else "" for profile in PROFILES)
    return (f"`{line}`", *cells, str(line.since or ""), line.why)


def _has(profile: Profile, line: Line) -> bool:
    found = ((rule, rule.relaxed_for(profile, ())) for rule in RULES)
    return any(line in (rule.strict if relaxed is None else relaxed.instead) for rule, relaxed in found)


def _relaxed(profile: Profile) -> Iterator[tuple[Rule, Relaxed]]:
    found = ((rule, rule.relaxed_for(profile, ())) for rule in RULES)
    return ((rule, relaxed) for rule, relaxed in found if relaxed)


def _gap(rule: Rule, relaxed: Relaxed, profile: Profile) -> tuple[str, ...]:
    return f"`{profile}`", _lines(rule.strict), _lines(relaxed.instead), relaxed.when, f"{relaxed.points[profile]:.1f}"


def _lines(found: Iterable[Line]) -> str:
    return "<br>".join(f"`{line}`" for line in found)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, ["---"] * len(header), *rows))
