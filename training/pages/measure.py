"""Measures alignment, reading on moved pages, and the choice of templates.

Each form's template has its reference picture at 100 to 200 dpi: of every second form an empty
sheet, of the others a filled-in one, as people take whatever page is at hand.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cv2
import numpy as np

from core import geometry
from core.alignment.align import Alignment
from core.alignment.find import align
from core.alignment.looks import Looks
from core.alignment.match import Forms
from core.alignment.reference import Reference
from core.errors import TemplateError
from core.extract import Extractor
from core.formats.jpeg import JpegDecoder
from core.geometry import Floats
from core.invoice import Outcome, Status
from core.ports import StoredTemplate
from core.template import Template, parse_template
from training.pages.forms import BLANK, Sheet, draw
from training.pages.moves import HOPELESS, MOTIONS, Motion, Moved, move
from training.pages.pen import HEIGHT, WIDTH, Gray
from training.pages.strangers import no_invoice, terms

FAILED = 0.005
"""A box error, in widths of the page, from which an alignment counts as failed: 1 mm on A4."""

_SIZES = ((827, 1170), (1240, 1754), (1654, 2339))
_REFERENCE_CONTENT = 1
_CONTENTS = 8
"""Hopeless pages of one form: learning it costs as much as a page."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Known:
    """A form, its template, and its reference picture."""

    form: int
    sheet: Sheet
    template: Template
    picture: Gray

    @cached_property
    def stored(self) -> StoredTemplate:
        return StoredTemplate(self.template, cv2.imencode(".png", self.picture)[1].tobytes())

    @cached_property
    def reference(self) -> Reference:
        return Reference.from_image(self.picture, self.template.page_size)

    @property
    def to_template(self) -> Floats:
        width, height = self.template.page_size
        return geometry.stretch(width / WIDTH, height / HEIGHT)


@dataclass(frozen=True)
class Result:
    """How one page was aligned and read. `error` is in widths of the page; `done` and the counts
    of fields are of the whole path, from bytes to outcome."""

    known: Known
    moved: Moved
    alignment: Alignment
    error: float
    decode_ms: float
    align_ms: float
    done: bool
    fields: int
    right: int
    values_right: bool


@dataclass(frozen=True)
class Failures:
    """Of so many pages, those that failed to align: not found, or boxes off by more than `FAILED`.

    Attributes:
        unnoticed: Of the failed, those taken for well aligned.
        wrong: Of the failed, those `done` with a wrong value.
    """

    pages: int
    failed: int
    unnoticed: int
    wrong: int

    def __add__(self, other: "Failures") -> "Failures":
        return Failures(
            self.pages + other.pages,
            self.failed + other.failed,
            self.unnoticed + other.unnoticed,
            self.wrong + other.wrong,
        )


@dataclass(frozen=True)
class Took:
    """Medians of processor time, in milliseconds, of choosing and of decoding the same page."""

    choosing: float
    decoding: float

    @property
    def decodings(self) -> float:
        return self.choosing / self.decoding


@dataclass(frozen=True)
class Choice:
    """What came of choosing among so many templates: of pages that are of one of them `right`,
    `unclear` or `wrong`; of strangers, `taken` for one of them. What it took: of known pages that
    lie about `straight`, as scans do, and of the `others` and strangers."""

    templates: int
    pages: int
    right: int
    unclear: int
    wrong: int
    strangers: int
    taken: int
    straight: Took
    others: Took


def learn(form: int, *, seed: int) -> Known:
    """The template of a form, and what its boxes are in.

    Of every second form by an empty sheet, but where that has too little on it by a filled-in one,
    too, as Khana asks for then.
    """
    if form % 2 == 0:
        known = _known(form, BLANK, seed)
        try:
            known.reference  # noqa: B018  it is learned here, and kept
        except TemplateError:
            pass
        else:
            return known
    return _known(form, _REFERENCE_CONTENT, seed)


def _known(form: int, content: int, seed: int) -> Known:
    sheet = draw(form, content, seed=seed)
    size = _SIZES[form % 3]
    picture = np.asarray(cv2.resize(sheet.page, size, interpolation=cv2.INTER_AREA), np.uint8)
    x, y = size[0] / WIDTH, size[1] / HEIGHT
    fields = [
        {
            "name": cell.name,
            "kind": cell.kind.value,
            "box": [round(side * by) for side, by in zip(cell.box, (x, y, x, y), strict=True)],
        }
        for cell in sheet.cells
        if cell.box[3] <= HEIGHT  # the longest forms run off the sheet
    ]
    template = parse_template(
        {"id": f"form-{form}", "page_size": size, "reference": "form.png", "fields": fields}
    )
    return Known(form, sheet, template, picture)


def results(motion: Motion, pages: int, *, seed: int, extractor: Extractor) -> Iterator[Result]:
    """Of so many pages, each of another form; the same forms and contents for each motion."""
    for form in range(pages):
        known = learn(form, seed=seed)
        sheet = draw(form, 2 + form, seed=seed)
        moved = move(sheet.page, motion, seed=10_000 * seed + form)
        yield _result(known, sheet, moved, extractor)


def failures(moved: Iterable[Result]) -> Failures:
    """Those among pages that were measured."""
    rows = list(moved)
    failed = [row for row in rows if not row.alignment.good or row.error > FAILED]
    return Failures(
        pages=len(rows),
        failed=len(failed),
        unnoticed=sum(row.alignment.good for row in failed),
        wrong=sum(row.done and not row.values_right for row in failed),
    )


def hopeless(pages: int, *, seed: int, extractor: Extractor) -> Failures:
    """Of so many pages that hardly anything could align; eight of each form.

    Only those that are taken for well aligned go the whole way: any other has `not_aligned` among
    its reasons, so it isn't `done` whatever is read on it, and reading such takes half the time.
    """
    failed = unnoticed = wrong = 0
    for number in range(pages):
        if number % _CONTENTS == 0:
            known = learn(number // _CONTENTS, seed=seed)
        sheet = draw(known.form, 2 + number, seed=seed)
        moved = move(sheet.page, HOPELESS, seed=40_000 * seed + number)
        alignment = align(decoded(moved.jpeg), known.reference)
        error = box_error(known, moved, alignment)
        if alignment.good and error <= FAILED:
            continue
        failed += 1
        if alignment.good:
            unnoticed += 1
            _log.warning("hopeless page %d is off by %.1f %%", number, 100 * error)
            outcome = extractor.extract(moved.jpeg, [known.stored], name="page.jpg")
            wrong += outcome.status is Status.DONE and not _compared(sheet, outcome)[1]
    return Failures(pages, failed, unnoticed, wrong)


def choices(templates: int, pages: int, *, seed: int) -> Choice:
    """Of `pages` pages of known forms, and as many strangers, moved in every way but the largest.

    Half the strangers are invoices of unknown forms, a quarter other pages of known suppliers, a
    quarter no invoices at all.
    """
    forms = Forms([_looks(form, seed) for form in range(templates)])
    motions = [motion for motion in MOTIONS.values() if motion.scale[1] <= 1]
    verdicts = {"right": 0, "unclear": 0, "wrong": 0}
    taken = 0
    times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for i in range(pages):
        motion = motions[i % len(motions)]
        straight = motion.turns == (0,) and not motion.table
        form = i * templates // pages if pages < templates else i % templates
        page = draw(form, 2 + i, seed=seed).page
        index = _chosen(move(page, motion, seed=20_000 * seed + i), forms, seed, times[straight])
        verdict = "unclear" if index is None else "right" if index == form else "wrong"
        verdicts[verdict] += 1
        if verdict != "right":
            _log.warning("page %d of form %d among %d: %s", i, form, templates, verdict)
        stranger = _stranger(i, form, templates, seed)
        moved = move(stranger, motion, seed=30_000 * seed + i)
        index = _chosen(moved, forms, seed, times[False])
        if index is not None:
            taken += 1
            _log.warning("stranger %d is taken for form %d of %d", i, index, templates)
    straight, others = (Took(*np.median(times[each], axis=0).tolist()) for each in (True, False))
    return Choice(templates, pages, **verdicts, strangers=pages, taken=taken,
                  straight=straight, others=others)  # fmt: skip


def _chosen(moved: Moved, forms: Forms, seed: int, times: list[tuple[float, float]]) -> int | None:
    """The form that the page is taken for. A process learns each form once, so that isn't timed."""
    learning = 0.0

    def reference(form: int) -> Reference:
        nonlocal learning
        start = time.thread_time()
        learned = _reference(form, seed)
        learned.patches, learned.half  # noqa: B018  they are made once, too
        learning += time.thread_time() - start
        return learned

    start = time.thread_time()
    page = decoded(moved.jpeg)
    between = time.thread_time()
    matches = forms.fitting(page, reference)
    choosing = time.thread_time() - between - learning
    times.append((1000 * choosing, 1000 * (between - start)))
    return matches[0].index if len(matches) == 1 else None


@lru_cache(None)
def _looks(form: int, seed: int) -> Looks:
    return Looks.of_form(learn(form, seed=seed).reference)


@lru_cache(256)
def _reference(form: int, seed: int) -> Reference:
    return learn(form, seed=seed).reference


def _stranger(number: int, form: int, templates: int, seed: int) -> Gray:
    match number % 4:
        case 0 | 2:
            return draw(templates + number, 1, seed=seed).page
        case 1:
            return terms(form, seed=seed)
        case _:
            return no_invoice(number // 4, seed=seed)


def decoded(jpeg: bytes) -> Gray:
    """The page as the library decodes it, but in this process, whose time is measured."""
    return JpegDecoder(jpeg, name="page.jpg").decode(1, (1, 1), color=False)


def _result(known: Known, sheet: Sheet, moved: Moved, extractor: Extractor) -> Result:
    reference = known.reference
    start = time.thread_time()
    page = decoded(moved.jpeg)
    between = time.thread_time()
    alignment = align(page, reference)
    end = time.thread_time()
    outcome = extractor.extract(moved.jpeg, [known.stored], name="page.jpg")
    right, values_right = _compared(sheet, outcome)
    return Result(
        known=known,
        moved=moved,
        alignment=alignment,
        error=box_error(known, moved, alignment),
        decode_ms=1000 * (between - start),
        align_ms=1000 * (end - between),
        done=outcome.status is Status.DONE,
        fields=len(sheet.cells),
        right=right,
        values_right=values_right,
    )


def box_error(known: Known, moved: Moved, alignment: Alignment) -> float:
    """How far the boxes' corners are off on average, in widths of the page as it is seen."""
    corners = np.concatenate([geometry.corners(*cell.box) for cell in known.sheet.cells])
    found = alignment.at(geometry.project(known.to_template, corners))
    off = np.linalg.norm(found - moved.where(corners), axis=1)
    return float(off.mean() / moved.width)


def _compared(sheet: Sheet, outcome: Outcome) -> tuple[int, bool]:
    """How many fields have the text that is printed, and whether all have its value."""
    right, values_right = 0, True
    for cell in sheet.cells:
        reading = outcome.fields.get(cell.name)
        right += reading is not None and reading.text == cell.printed.text
        values_right &= reading is not None and reading.value == cell.printed.value
    return right, values_right
