"""Imports point one way: functions → core; core/adapters → core.ports; training → core, samples."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OUTSIDE_CORE = {"flask", "functions_framework", "google", "googleapiclient", "waitress", "werkzeug"}
PACKAGES = [
    "formats",
    "values",
    "reading",
    "alignment",
    "checking",
    "intake",
    "export",
    "webhooks",
    "adapters",
]
"""Of core, in the order in which they build on each other."""


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _files(folder: str) -> list[Path]:
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files, folder
    return files


def _faults(files: list[Path], forbidden: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in _imports(path)
        if any(name == other or name.startswith(other + ".") for other in forbidden)
    ]


def test_core_knows_no_cloud_and_no_web_framework() -> None:
    inside = [path for path in _files("core") if "adapters" not in path.parts]
    assert _faults(inside, OUTSIDE_CORE) == []


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("core", {"functions", "training", "samples"}),
        ("functions", {"training", "samples"}),
        ("training", {"functions"}),
        ("samples", {"functions", "training"}),
    ],
)
def test_nothing_imports_against_the_arrows(folder: str, forbidden: set[str]) -> None:
    assert _faults(_files(folder), forbidden) == []


def test_the_packages_of_core_are_those_that_are_known() -> None:
    packages = {path.parent.name for path in (ROOT / "core").glob("*/__init__.py")}
    assert packages == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_build_on_those_before_them(package: str) -> None:
    later = PACKAGES[PACKAGES.index(package) + 1 :]
    forbidden = {f"core.{name}" for name in (*later, "extract", "pipeline", "trial")}
    assert _faults(_files(f"core/{package}"), forbidden) == []


def test_only_who_builds_adapters_names_them() -> None:
    inside = [path for path in _files("core") if "adapters" not in path.parts]
    assert _faults(inside, {"core.adapters"}) == []


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a clone")
def test_nothing_lies_at_the_top_that_has_no_business_there() -> None:
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split("\0")
    names = {name for name in listed if name and "/" not in name}
    kinds = {".md", ".in", ".lock", ".toml", ".yaml"}
    plain = {".dockerignore", ".gitignore", "LICENSE", "Makefile"}
    assert {name for name in names - plain if Path(name).suffix not in kinds} == set()


def test_files_can_be_read_in_one_sitting() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("core", "functions", "training")
        for path in _files(folder)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }
    assert long == {}
