"""What holds for every test: nothing is skipped in silence."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fail-on-skip", action="store_true", help="a skipped test fails the run, as it does in CI")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    skipped = reporter.stats.get("skipped", []) if reporter else []
    if session.config.getoption("--fail-on-skip") and skipped:
        reporter.write_line("")
        reporter.write_line(f"{len(skipped)} tests were skipped, and --fail-on-skip forbids it", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
