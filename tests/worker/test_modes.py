"""The modes of folders that commands make; Windows has no modes."""

import os
import stat
import subprocess

from farmhand.worker.commands.table import PLANS


def test_all_folders_that_a_command_makes_have_the_same_mode(tmp_path):
    (tmp_path / "file").touch()
    copied = {"src": str(tmp_path / "file"), "dest": str(tmp_path / "c" / "d" / "copy")}
    for command, parameters in (("make-directory", {"path": str(tmp_path / "a" / "b")}), ("copy-file", copied)):
        subprocess.run(PLANS[command](parameters).argv, check=True)
    umask = os.umask(0)
    os.umask(umask)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "c", "c/d")}
    assert modes == {name: (0o775 if name[0] == "a" else 0o750) & ~umask for name in modes}
