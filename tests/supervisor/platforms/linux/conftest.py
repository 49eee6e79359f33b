"""Linux alone, with control groups and without."""

from shells import PLATFORMS, fixture_of

shell = fixture_of(name for name in PLATFORMS if name.startswith("linux"))
