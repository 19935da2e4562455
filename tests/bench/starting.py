"""How long each function takes from nothing to its first answer, and where that time goes."""

import re
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import requests

from tests.emulators.serving import FOLDERS, ROOT, SIGNATURES, running

EVENT = {
    "ce-id": "1",
    "ce-source": "//storage.googleapis.com/projects/_/buckets/b",
    "ce-type": "google.cloud.storage.object.v1.finalized",
    "ce-specversion": "1.0",
    "content-type": "application/json",
}


def measured(times: int) -> dict[str, tuple[float, float]]:
    """Function → median seconds until its module is imported, and until it has answered once."""
    return {
        name: (
            median(_imported(name) for _ in range(times)),
            median(_answered(name) for _ in range(times)),
        )
        for name in SIGNATURES
    }


def _imported(name: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", _import(name)], check=True, cwd=ROOT)
    return time.perf_counter() - start


def _import(name: str) -> str:
    return f"import functions.{FOLDERS.get(name, name)}.main"


def _answered(name: str) -> float:
    with TemporaryDirectory() as folder:
        start = time.perf_counter()
        with running(name, KHANA_DATA=folder) as address:
            if name == "extract":
                # Of an object that isn't there: the model is loaded all the same.
                body = {"bucket": "local", "name": "incoming/none.jpg", "generation": "1"}
                requests.post(address, json=body, headers=EVENT, timeout=60)
            elif name == "read_now":
                requests.post(address, timeout=60)  # of nothing: it, too, loads the model first
            else:
                path = "/healthz" if name == "api" else "/"
                requests.get(address + path, timeout=60)
            return time.perf_counter() - start


def slowest_imports(name: str, count: int = 8) -> list[tuple[str, float]]:
    """The modules whose own import takes longest, in milliseconds."""
    command = [sys.executable, "-X", "importtime", "-c", _import(name)]
    log = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stderr
    found = re.findall(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)", log)
    return sorted(((module, int(us) / 1e3) for us, module in found), key=lambda x: -x[1])[:count]


if __name__ == "__main__":
    print(measured(3), slowest_imports("api"), Path.cwd())
