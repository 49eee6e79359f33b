"""farmhand-units convert: files of other service managers, told by their endings, and what none but those can say."""

from pathlib import Path

import pytest

from farmhand.units.cli import main
from farmhand.units.dialects import farmhand
from farmhand.units.spec import Command

PLIST = """<plist version="1.0"><dict>
<key>Label</key><string>com.example.worker</string>
<key>ProgramArguments</key><array><string>/opt/w</string><string>100%</string></array>
<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
<key>WatchPaths</key><array/>
</dict></plist>
"""
WINSW = """<service>
<id>worker</id>
<executable>C:\\w.exe</executable>
<arguments>"a b" 100%</arguments>
<onfailure action="restart" delay="10 sec"/>
<download from="x" to="y"/>
</service>
"""


@pytest.fixture
def plist(tmp_path: Path) -> Path:
    path = tmp_path / "w.plist"
    path.write_text(PLIST)
    return path


@pytest.fixture
def winsw(tmp_path: Path) -> Path:
    path = tmp_path / "w.xml"
    path.write_text(WINSW)
    return path


def test_a_property_list_becomes_a_unit(plist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(plist), "--to", "systemd"]) == 0
    said = capsys.readouterr()
    assert "ExecStart=/opt/w 100%%\n" in said.out
    assert "Restart=on-failure\n" in said.out
    assert f"{plist}:5: WatchPaths: it starts when a file changes; write a .path unit for it" in said.err


def test_a_file_of_winsw_becomes_one_of_ours(winsw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["convert", str(winsw)]) == 0
    said = capsys.readouterr()
    (service,) = farmhand.read("w.yaml", said.out).services
    assert service.exec_start == (Command(("C:\\w.exe", "a b", "100%")),)
    assert "    RestartSec: 10s\n" in said.out
    assert f"{winsw}:6: download: it fetches a file before the start" in said.err


def test_what_is_not_said_elsewhere_fails_if_it_is_to(winsw: Path) -> None:
    assert main(["convert", str(winsw), "--strict"]) == 1


def test_what_cannot_be_read_is_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.plist"
    path.write_text("<plist>")
    assert main(["convert", str(path)]) == 2
    assert f"{path}:1: it is no property list in XML" in capsys.readouterr().err


def test_such_files_are_compared_and_rendered_as_well(plist: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", str(plist)]) in (0, 1)
    assert main(["render", "winsw", str(plist)]) == 0
    assert "com.example.worker" in capsys.readouterr().out
