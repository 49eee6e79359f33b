"""The wheel: what is in it, whom it lives with, what it brings along."""

import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = ("manager", "supervisor", "units", "worker")


def run(*words: object) -> str:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def scripts(environment: Path) -> Path:
    return environment / ("Scripts" if sys.platform == "win32" else "bin")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is built from: setuptools leaves its build/ and *.egg-info where it builds."""
    copy = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    for package in (*PACKAGES, "packaging"):
        shutil.copytree(ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def beside_supervisord(tmp_path_factory: pytest.TempPathFactory, checkout: Path) -> Path:
    """An environment with PyPI's supervisor and, installed after it, Farmhand without extras."""
    environment = tmp_path_factory.mktemp("beside")
    venv.create(environment, with_pip=True)
    python = scripts(environment) / "python"
    run(python, "-m", "pip", "install", "--quiet", "supervisor", "setuptools<81")
    run(python, "-m", "pip", "install", "--quiet", checkout)
    return environment


def test_the_list_of_packages_is_the_list_of_folders() -> None:
    folders = {
        ".".join(("farmhand", *path.parent.relative_to(ROOT).parts))
        for package in PACKAGES
        for path in (ROOT / package).rglob("__init__.py")
    }
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == folders


def test_it_lives_beside_supervisord(beside_supervisord: Path) -> None:
    bin = scripts(beside_supervisord)
    assert run(bin / "supervisord", "--version").startswith("4.")
    assert "restart" in run(bin / "farmhand", "--help")
    assert "render" in run(bin / "farmhand-units", "--help")
    where = run(
        bin / "python", "-c", "import supervisor, farmhand.supervisor as f; print(supervisor.__file__, f.__file__)"
    )
    theirs, ours = where.split()
    assert Path(theirs).parent.name == "supervisor"
    assert Path(ours).parent.parent.name == "farmhand"


def test_taking_one_away_leaves_the_other_whole(beside_supervisord: Path, checkout: Path) -> None:
    bin = scripts(beside_supervisord)
    run(bin / "python", "-m", "pip", "uninstall", "--quiet", "--yes", "farmhand")
    assert run(bin / "supervisord", "--version").startswith("4.")
    run(bin / "python", "-m", "pip", "install", "--quiet", checkout)
    run(bin / "python", "-m", "pip", "uninstall", "--quiet", "--yes", "supervisor")
    assert "restart" in run(bin / "farmhand", "--help")


def test_a_node_gets_no_flask(beside_supervisord: Path) -> None:
    installed = run(scripts(beside_supervisord) / "python", "-m", "pip", "list", "--format=freeze").lower()
    assert "pyyaml" in installed
    assert not {name for name in ("flask", "sqlalchemy", "starlette", "urllib3") if f"{name}==" in installed}


@pytest.mark.parametrize(("command", "words"), [("worker", ["--help"]), ("manager", ["run", "--data", "x"])])
def test_what_is_not_installed_is_named(
    beside_supervisord: Path, tmp_path: Path, command: str, words: list[str]
) -> None:
    program = scripts(beside_supervisord) / f"farmhand-{command}"
    done = subprocess.run([program, *words], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith(f"is not installed; pip install 'farmhand[{command}]'\n")


def test_templates_static_files_and_migrations_are_installed(tmp_path: Path, checkout: Path) -> None:
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path, checkout)
    (wheel,) = tmp_path.glob("farmhand-*.whl")
    names = set(run(sys.executable, "-m", "zipfile", "--list", wheel).split())
    for folder, pattern in {
        "manager": "web/templates/**/*.html",
        "manager/web": "static/*",
        "manager/storage": "migrations/versions/*.py",
        "manager/jobtypes": "*.yaml",
        "manager/web/openapi": "*.yaml",
        "units": "py.typed",
    }.items():
        wanted = {f"farmhand/{path.relative_to(ROOT)}" for path in (ROOT / folder).glob(pattern) if path.is_file()}
        assert wanted
        assert wanted <= names


def test_the_supervisor_in_one_file_needs_python_only(tmp_path: Path, checkout: Path) -> None:
    archive = tmp_path / "farmhand.pyz"
    run(sys.executable, checkout / "packaging" / "pyz.py", archive)
    (tmp_path / "farm.yaml").write_text(
        "services:\n  s: {ExecStart: sh -c 'echo made; exit 47', RestartForceExitStatus: 47, RestartSec: 0, "
        "StartLimitBurst: 3}\n"
    )
    python = (sys.executable, "-I", "-S", archive)  # without the packages that are installed here
    where = ("--control", tmp_path / "control.sock", "--log-dir", tmp_path / "log")
    command = [str(word) for word in (*python, "run", tmp_path / "farm.yaml", *where, "--exit-with", "s")]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 47
    assert (tmp_path / "log" / "s.log").read_text() == "made\n" * 3
