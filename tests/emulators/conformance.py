"""Holds the double of Firestore to Google's own system tests.

    python -m tests.emulators.conformance

The tests come with the source archive of the installed client library, fetched from the package
index when this runs; they are not kept here. Those that don't pass are listed under their reason
in `conformance.json`. The check fails when a test that is not listed doesn't pass, and when one
that is listed does: the list is what is true. `FIRESTORE_EMULATOR_HOST`, if set, names another
emulator to run them against; of that one it is said what differs, and it fails nothing.
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections import Counter
from contextlib import nullcontext
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import pytest

from .firestore import FirestoreDouble

PACKAGE = "google-cloud-firestore"
EXCEPTIONS = Path(__file__).with_name("conformance.json")
REPOSITORY = Path(__file__).parents[2]
SECONDS_PER_TEST = 90
LEAST = 90
"""Tests that must pass, whatever the list says."""


def main() -> int:
    """Runs the tests, prints the counts, and gives the exit code."""
    emulator = os.environ.get("FIRESTORE_EMULATOR_HOST")
    with tempfile.TemporaryDirectory() as folder:
        tests = fetch_tests(Path(folder))
        with nullcontext() if emulator else FirestoreDouble() as double:
            results = run(tests, emulator or double.host)
    listed = json.loads(EXCEPTIONS.read_text(encoding="utf-8"))
    known = {name for names in listed.values() for name in names}
    faults = compare(results, known)
    counts = Counter(results.values())
    print(f"{PACKAGE} {version(PACKAGE)}, system tests on the default database:")
    print("  " + ", ".join(f"{counts[outcome]} {outcome}" for outcome in sorted(counts)))
    print(f"  {len(known)} that don't pass are listed in {EXCEPTIONS.name}")
    for fault in faults:
        print(f"  {fault}")
    if counts["passed"] < LEAST:
        print(f"  fewer than {LEAST} pass")
    return 1 if counts["passed"] < LEAST or (faults and not emulator) else 0


def fetch_tests(folder: Path) -> Path:
    """The folder of the system tests, from the library's source archive."""
    pin = f"{PACKAGE}=={version(PACKAGE)}"
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*download, "--no-binary", ":all:", "--dest", folder, pin], check=True)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as source:
        source.extractall(folder, filter="data")
    (tests,) = folder.glob("*/tests/system")
    return tests


def run(tests: Path, host: str) -> dict[str, str]:
    """The outcome of each synchronous test on the default database."""
    report = tests / "report.xml"
    command = [sys.executable, "-m", "pytest", "test_system.py", "-k", "None", "--quiet"]
    command += ["-p", f"{__package__}.conformance_plugin", "-p", "no:cacheprovider"]
    command += [f"--timeout={SECONDS_PER_TEST}", "--tb=short", f"--junit-xml={report}"]
    environment = os.environ | {
        "FIRESTORE_EMULATOR_HOST": host,
        "GCLOUD_PROJECT": "khana-conformance",
        "PYTHONPATH": os.pathsep.join([str(REPOSITORY), *sys.path]),
    }
    finished = subprocess.run(command, cwd=tests, env=environment, check=False)
    if finished.returncode not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        sys.exit("the tests could not be run")
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            outcome = "failed"
        else:
            outcome = "skipped" if "skipped" in kinds else "passed"
        outcomes[case.attrib["name"]] = outcome
    return outcomes


def compare(results: dict[str, str], known: set[str]) -> list[str]:
    """What is not as the list says, one sentence each."""
    unlisted = [
        f"{name} {outcome}, which is not listed"
        for name, outcome in results.items()
        if outcome != "passed" and name not in known
    ]
    passing = [
        f"{name} passes, but is listed" for name in sorted(known) if results.get(name) == "passed"
    ]
    gone = [
        f"{name} is listed, but there is no such test" for name in sorted(known - results.keys())
    ]
    return unlisted + passing + gone


if __name__ == "__main__":
    sys.exit(main())
