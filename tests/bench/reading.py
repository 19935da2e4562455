"""The time of reading one invoice, beside decoding its JPEG and beside the usual ways."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray

from core.extract import Extractor
from core.ports import StoredTemplate
from core.settings import Settings
from core.template import Box, Kind, Template
from training.augment import Sample
from training.pages.forms import draw
from training.pages.measure import Known, learn

SEED = 77
FORM = 2
"""A form whose reference is drawn at 200 dpi; any other would do."""
QUALITY = 85
FIELDS = 4

Gray = NDArray[np.uint8]


@dataclass(frozen=True)
class Job:
    """An A4 page at 200 dpi as a JPEG, and the template of its four numbers."""

    jpeg: bytes
    known: Known
    template: Template

    @property
    def boxes(self) -> list[Box]:
        return [field.box for field in self.template.fields]


def job() -> Job:
    known = learn(FORM, seed=SEED)
    page = draw(FORM, 2, seed=SEED).page
    jpeg = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
    numeric = [field for field in known.template.fields if field.kind is not Kind.TEXT]
    template = known.template.model_copy(update={"fields": tuple(numeric[:FIELDS]), "rules": ()})
    return Job(jpeg, known, template)


def ways(one: Job) -> dict[str, Callable[[], object]]:
    """What is timed, by its name. All work on the bytes of the file, warm."""
    extractor = Extractor(Settings())
    flat = StoredTemplate(one.template.model_copy(update={"reference": None}))
    held = replace(one.known.stored, template=one.template)
    found: dict[str, Callable[[], object]] = {
        "decoding the JPEG": lambda: decoded(one),
        "Khana, not aligned": lambda: extractor.extract(one.jpeg, [flat], name="page.jpg"),
        "Khana, aligned": lambda: extractor.extract(one.jpeg, [held], name="page.jpg"),
    }
    try:
        from training.baseline import Baseline  # noqa: PLC0415  it needs the training's packages

        per_digit = Baseline()
    except Exception as error:
        print(f"without the CNN per digit: {error}")
    else:
        found["splitter and CNN per digit"] = lambda: per_digit.read(
            [Sample(crop, "", "number", "") for crop in crops(one)]
        )
    found["OpenCV and pytesseract `ara+eng`"] = lambda: [
        pytesseract.image_to_string(crop, lang="ara+eng", config="--psm 7") for crop in crops(one)
    ]
    return found


def decoded(one: Job) -> Gray:
    return np.asarray(cv2.imdecode(np.frombuffer(one.jpeg, np.uint8), cv2.IMREAD_GRAYSCALE))


def crops(one: Job) -> list[Gray]:
    page = decoded(one)
    return [page[top:bottom, left:right] for left, top, right, bottom in one.boxes]


def timed(found: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each way, taking turns, so that all see the same machine."""
    os.environ["OMP_THREAD_LIMIT"] = "1"
    cv2.setNumThreads(1)
    taken: dict[str, list[float]] = {name: [] for name in found}
    for number in range(rounds + 1):
        for name, run in found.items():
            start = time.perf_counter()
            run()
            if number:  # the first turn is to warm up
                taken[name].append((time.perf_counter() - start) * 1e3)
    return taken


@dataclass(frozen=True)
class Throughput:
    """rate: aligned invoices a second, of all processes together; peak_mib: memory of the largest
    of them at its most, and of the process that decodes for it."""

    rate: float
    peak_mib: float
    decoder_mib: float


def throughput(workers: int, pages: int) -> Throughput:
    """With so many processes; the median of three tries."""
    rates = []
    # Processes that have seen nothing of this one: their memory is that of reading alone.
    fresh = get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=fresh, initializer=_ready) as pool:
        list(pool.map(_read, range(4 * workers)))
        for _ in range(3):
            start = time.perf_counter()
            peaks = list(pool.map(_read, range(pages), chunksize=4))
            rates.append(pages / (time.perf_counter() - start))
    own, decoders = (max(column) for column in zip(*peaks, strict=True))
    return Throughput(median(rates), own / 1024, decoders / 1024)


def _ready() -> None:
    cv2.setNumThreads(1)
    one = job()
    extractor = Extractor(Settings())
    held = replace(one.known.stored, template=one.template)
    global _extract  # noqa: PLW0603  a pool's processes have nowhere else to keep it
    _extract = lambda: extractor.extract(one.jpeg, [held], name="page.jpg")  # noqa: E731


_extract: Callable[[], object]


def _read(_number: int) -> tuple[int, int]:
    """Reads, and gives the most memory that this process and its decoder have had, in KiB."""
    _extract()
    status = [Path("/proc/self/status"), *_children_status()]
    own, *others = (_peak_kib(path) for path in status)
    return own, max(others, default=0)


def _children_status() -> list[Path]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [Path(f"/proc/{child}/status") for child in children]


def _peak_kib(status: Path) -> int:
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1])
