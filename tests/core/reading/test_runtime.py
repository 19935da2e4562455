"""The library that runs the networks keeps to itself what it does."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
READS = """
import numpy as np
from core.reading.numeric import NumericReader
NumericReader(threads=1).read([np.full((48, 160), 255, np.uint8)], ["number"])
"""


def test_reading_leaves_no_trace_of_the_machine(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "tmp"
    for folder in (home, temporary):
        folder.mkdir()
    # Nothing of this process's environment: where `CI` is set the library keeps quiet by itself.
    variables = {"PATH": "/usr/bin:/bin", "HOME": str(home), "TMPDIR": str(temporary)}
    subprocess.run([sys.executable, "-c", READS], cwd=ROOT, env=variables, check=True)
    assert sorted(tmp_path.rglob("*")) == [home, temporary]


def test_it_is_loaded_in_one_place() -> None:
    loads = re.compile(r"^\s*(?:import onnxruntime|from onnxruntime\b)", re.MULTILINE)
    found = [
        str(path.relative_to(ROOT))
        for folder in ("core", "functions")
        for path in (ROOT / folder).rglob("*.py")
        if loads.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["core/reading/runtime.py"]
