"""Make `farmhand.pyz`: the supervisor in one file that needs nothing but Python.

    python packaging/pyz.py FILE

What is compiled is left out, so that the file is the same for every system: PyYAML does without, and psutil, which is
needed on macOS, has to be installed there.
"""

import shutil
import subprocess
import sys
import tempfile
import zipapp
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONTENTS = ("PyYAML", "sdnotify")
LEFT_OUT = ("farmhand/manager", "farmhand/worker", "_yaml", "bin", "Scripts")
COMPILED = ("*.so", "*.pyd", "*.dylib")
MAIN = "import sys\n\nfrom farmhand.supervisor.__main__ import main\n\nsys.exit(main())\n"


def build(target: Path) -> None:
    """Write the archive, executable where that means something."""
    with tempfile.TemporaryDirectory() as folder:
        into = Path(folder)
        words = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile", "--target", folder]
        subprocess.run([sys.executable, "-m", "pip", *words, str(ROOT), *CONTENTS], check=True)
        for name in LEFT_OUT:
            shutil.rmtree(into / name, ignore_errors=True)
        for pattern in COMPILED:
            for path in into.rglob(pattern):
                path.unlink()
        (into / "__main__.py").write_text(MAIN)
        target.parent.mkdir(parents=True, exist_ok=True)
        zipapp.create_archive(into, target, interpreter="/usr/bin/env python3", compressed=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
    print(sys.argv[1])
