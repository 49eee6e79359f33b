"""What holds for every test: nothing is skipped in silence, and what tests start can be interrupted."""

import gc
import signal
from collections import Counter
from pathlib import Path

import pytest

SKIPS = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fail-on-skip", action="store_true", help="a skipped test fails the run, as it does in CI")
    parser.addoption(
        "--skips", type=Path, metavar="FILE", help="keep there what was skipped, and tell of the runs before as well"
    )
    parser.addoption("--shots", type=Path, metavar="DIR", help="keep a picture of every view of the manager there")


def pytest_configure(config: pytest.Config) -> None:
    # A shell that runs the tests in the background has SIGINT ignored, and so has all that they start.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests that have the same id: side by side, only one of them would be run."""
    ids = Counter(item.nodeid for item in items)
    if twice := [id for id, number in ids.items() if number > 1]:
        raise pytest.UsageError(f"several tests have the same id: {', '.join(twice)}")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave the tests, which stay to the end, out of every later search for garbage, which took half a second each."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workerinput"):  # one of several side by side; the one that started them tells
        return
    skips = skipped(session.config)
    session.config.stash[SKIPS] = skips + kept(session.config.getoption("--skips"), skips)
    if session.config.getoption("--fail-on-skip") and skips:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def skipped(config: pytest.Config) -> list[str]:
    """Name the tests that this run has skipped, each with its reason."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    return [f"{report.nodeid}: {report.longrepr[2].removeprefix('Skipped: ')}" for report in reports]


def kept(file: Path | None, skips: list[str]) -> list[str]:
    """Add to what the runs before have skipped; return theirs."""
    if file is None:
        return []
    before = file.read_text().splitlines() if file.exists() else []
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(f"{skip}\n" for skip in before + skips))
    return before


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    skips = config.stash.get(SKIPS, [])
    if skips:
        terminalreporter.section(f"skipped: {len(skips)}")
        terminalreporter.write_line("\n".join(skips))
    if skips and config.getoption("--fail-on-skip"):
        terminalreporter.write_line("--fail-on-skip forbids it", red=True)
