"""`farmhand agent`: what is wrong on its command line is said, and how to mend it."""

import subprocess
import sys
from pathlib import Path

import pytest

FARMHAND = Path(sys.executable).with_name("farmhand")
GOOD = ("--manager", "http://127.0.0.1:1/", "--service", "worker@1")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([FARMHAND, "agent", *words], capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ((), "the following arguments are required: --manager, --service"),
        ((*GOOD[:2], "--service", "a b"), "--service a b: no service is called so; write one such as worker@1"),
        ((*GOOD[:2], "--service", "-x"), "expected one argument"),
        ((*GOOD[:2], "--service", "/etc/a.service"), "no service is called so"),
        ((*GOOD, "--manager", "ftp://x"), "'ftp://x' is not a manager's address; write one such as http://farm:8080/"),
        ((*GOOD, "--manager", "http://user:word@x/"), "is not a manager's address"),
        ((*GOOD, "--manager", "not one"), "'not one' is not a manager's address"),
        ((*GOOD, "--data", "/dev/null/x"), "--data: /dev/null/x: it cannot be used: Not a directory; choose another"),
        ((*GOOD, "--pace", "soon"), "--pace"),
        ((*GOOD, "--pace", "1ms"), '"1ms" is not a sensible pace; write one such as 5s'),
        ((*GOOD, "--supervisor", "launchd"), "invalid choice: 'launchd'"),
        (
            (*GOOD[:2], "--supervisor", "systemd", "--service", "worker@*"),
            "--service worker@*: patterns are for Farmhand's own supervisor; name each unit",
        ),
    ],
)
def test_a_slip_is_explained(words: tuple[str, ...], text: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert text in done.stderr


def test_a_file_without_a_code_is_no_way_to_ask_for_approval(tmp_path: Path) -> None:
    (tmp_path / "code").write_text("\n")
    places = ("--data", str(tmp_path / "data"), "--enrolment-code-file", str(tmp_path / "code"))
    done = run("--manager", "http://127.0.0.1:1/", "--service", "worker", *places)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("code: it is empty; write the code into it as the manager said it\n")


def test_a_spoilt_file_of_credentials_is_no_reason_to_enrol_anew(tmp_path: Path) -> None:
    (tmp_path / "agent-credentials.json").write_text("{}")
    done = run(*GOOD, "--data", str(tmp_path))
    assert (done.returncode, "remove the file to enrol anew" in done.stderr) == (2, True)


LOADED = """
import sys
from farmhand.supervisor import cli
try:
    cli.main(["agent", "--manager", "http://127.0.0.1:1/", "--service", "worker@1", "--data", sys.argv[1]])
finally:
    print(*sys.modules)
"""


def test_an_agent_needs_nothing_but_the_base_and_loads_little(tmp_path: Path) -> None:
    (tmp_path / "agent-credentials.json").write_text("{}")  # with which it ends before it calls anybody
    done = subprocess.run(
        [sys.executable, "-c", LOADED, str(tmp_path)], capture_output=True, text=True, timeout=20, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert "farmhand" in loaded
    assert not loaded & {"urllib3", "flask", "sqlalchemy", "yaml", "cryptography", "asyncio", "subprocess"}
