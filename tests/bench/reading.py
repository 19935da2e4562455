"""The time of reading an invoice, beside decoding its JPEG and beside the usual ways."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import cast

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray

from core.extract import Extractor
from core.ports import StoredTemplate
from core.reading.grammar import Kind as NumericKind
from core.reading.numeric import NumericReader
from core.settings import Settings
from core.template import Box, Kind, Template
from training.augment import Sample
from training.pages.forms import draw
from training.pages.measure import Known, learn

SEED = 77
FORM = 2
"""A form whose reference is drawn at 200 dpi; any other would do."""
PAGES = 12
"""Copies of it, each filled in anew: some come with a stamp, or a pen's strokes."""
QUALITY = 85
FIELDS = 4

Gray = NDArray[np.uint8]
Way = Callable[[bytes], object]


@dataclass(frozen=True)
class Job:
    """A4 pages of one form at 200 dpi as JPEGs, and the template of their four numbers."""

    jpegs: list[bytes]
    known: Known
    template: Template

    @property
    def boxes(self) -> list[Box]:
        return [field.box for field in self.template.fields]


def job() -> Job:
    known = learn(FORM, seed=SEED)
    pages = [draw(FORM, content, seed=SEED).page for content in range(1, PAGES + 1)]
    jpegs = [
        cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        for page in pages
    ]
    numeric = [field for field in known.template.fields if field.kind is not Kind.TEXT]
    template = known.template.model_copy(update={"fields": tuple(numeric[:FIELDS]), "rules": ()})
    return Job(jpegs, known, template)


def ways(one: Job) -> dict[str, Way]:
    """What is timed, by its name. All work on the bytes of a file, warm."""
    extractor, reader = Extractor(Settings()), NumericReader()
    flat = StoredTemplate(one.template.model_copy(update={"reference": None}))
    held = replace(one.known.stored, template=one.template)
    boxes = {jpeg: crops(one, jpeg) for jpeg in one.jpegs}
    found: dict[str, Way] = {
        "decoding the JPEG": decoded,
        "Khana, the four boxes alone": lambda jpeg: reader.read(boxes[jpeg], kinds(one)),
        "Khana, not aligned": lambda jpeg: extractor.extract(jpeg, [flat], name="page.jpg"),
        "Khana, aligned": lambda jpeg: extractor.extract(jpeg, [held], name="page.jpg"),
    }
    try:
        from training.baseline import Baseline  # noqa: PLC0415  it needs the training's packages

        per_digit = Baseline()
    except Exception as error:
        print(f"without the CNN per digit: {error}")
    else:
        found["splitter and CNN per digit"] = lambda jpeg: per_digit.read(
            [Sample(crop, "", "number", "") for crop in crops(one, jpeg)]
        )
    found["OpenCV and pytesseract `ara+eng`"] = lambda jpeg: [
        pytesseract.image_to_string(crop, lang="ara+eng", config="--psm 7")
        for crop in crops(one, jpeg)
    ]
    return found


def decoded(jpeg: bytes) -> Gray:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE))


def crops(one: Job, jpeg: bytes) -> list[Gray]:
    page = decoded(jpeg)
    return [page[top:bottom, left:right] for left, top, right, bottom in one.boxes]


def kinds(one: Job) -> list[NumericKind]:
    return [cast(NumericKind, field.kind.value) for field in one.template.fields]


def in_doubt(one: Job) -> int:
    """How many of the numbers are read with less confidence than needs no review."""
    reader = NumericReader()
    lines = [line for jpeg in one.jpegs for line in reader.read(crops(one, jpeg), kinds(one))]
    return sum(line.confidence < reader.review_threshold for line in lines)


def timed(one: Job, rounds: int) -> dict[str, list[float]]:
    """Milliseconds that each way takes for each page, the median of so many rounds; pages and ways
    take turns, so that all see the same machine."""
    os.environ["OMP_THREAD_LIMIT"] = "1"
    cv2.setNumThreads(1)
    found = ways(one)
    taken: dict[str, list[list[float]]] = {name: [[] for _ in one.jpegs] for name in found}
    for number in range(rounds + 1):
        for page, jpeg in enumerate(one.jpegs):
            for name, run in found.items():
                start = time.perf_counter()
                run(jpeg)
                if number:  # the first turn is to warm up
                    taken[name][page].append((time.perf_counter() - start) * 1e3)
    return {name: [median(page) for page in pages] for name, pages in taken.items()}


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
    _extract = lambda number: extractor.extract(  # noqa: E731
        one.jpegs[number % PAGES], [held], name="page.jpg"
    )


_extract: Callable[[int], object]


def _read(number: int) -> tuple[int, int]:
    """Reads, and gives the most memory that this process and its decoder have had, in KiB."""
    _extract(number)
    status = [Path("/proc/self/status"), *_children_status()]
    own, *others = (_peak_kib(path) for path in status)
    return own, max(others, default=0)


def _children_status() -> list[Path]:
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [Path(f"/proc/{child}/status") for child in children]


def _peak_kib(status: Path) -> int:
    line = next(each for each in status.read_text().splitlines() if each.startswith("VmHWM:"))
    return int(line.split()[1])
