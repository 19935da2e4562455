"""The truth of moved pages is true, forms are forms, and the measures measure."""

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.alignment.align import Alignment
from core.alignment.find import align
from core.alignment.looks import Looks
from core.alignment.match import Forms
from core.extract import Extractor
from core.invoice import Status
from core.settings import Settings
from training.pages import forms, measure, pen, strangers
from training.pages.forms import BLANK, draw
from training.pages.moves import MOTIONS, Motion, move
from training.pages.pen import HEIGHT, WIDTH

SMALL = [name for name, motion in MOTIONS.items() if motion.scale[1] <= 1]


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("seed", range(3))
def test_points_are_where_they_are_said_to_be(name: str, seed: int) -> None:
    page = np.full((HEIGHT, WIDTH), 255, np.uint8)
    dots = np.array([(x, y) for x in (300, 800, 1400) for y in (300, 1200, 2000)])
    for x, y in dots:
        cv2.circle(page, (int(x), int(y)), 24, 0, -1)
    clean = replace(MOTIONS[name], table=False, shadow=0, quality=(95, 96))
    moved = move(page, clean, seed)
    picture = 255 - measure.decoded(moved.jpeg)
    for x, y in moved.where(dots + 0.5):
        reach = round(40 * moved.width / WIDTH)
        left, top = max(round(x) - reach, 0), max(round(y) - reach, 0)
        part = picture[top : round(y) + reach, left : round(x) + reach].astype(float)
        part[part < 90] = 0
        rows, columns = np.indices(part.shape) + 0.5
        centre = (columns * part).sum() / part.sum(), (rows * part).sum() / part.sum()
        # Seen at a slant the middle of a disc is a little off the middle of what is seen of it.
        assert np.hypot(left + centre[0] - x, top + centre[1] - y) < 0.5


def test_numbers_stay_in_their_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_marks", lambda *_: None)
    for form in range(12):
        filled, blank = draw(form, 1), draw(form)
        printed = blank.page.astype(int) - filled.page > 100
        for cell in filled.cells:
            left, top, right, bottom = cell.box
            assert printed[top:bottom, left:right].any()
            assert not printed[top:bottom, left - 3 : left].any()
            assert not printed[top:bottom, right : right + 3].any()


def test_what_a_face_lacks_another_draws() -> None:
    assert pen.length("/", "Noto Naskh Arabic", 40) == pen.length("/", "DejaVu Sans", 40)
    assert pen.length("٣", "Noto Naskh Arabic", 40) != pen.length("٣", "DejaVu Sans", 40)


def test_a_form_is_the_same_each_time_and_its_contents_differ() -> None:
    first, again = draw(3, 1), draw(3, 1)
    assert np.array_equal(first.page, again.page)
    assert first.cells == again.cells
    other = draw(3, 2)
    assert [cell.box for cell in other.cells] == [cell.box for cell in first.cells]
    assert all(a.printed != b.printed for a, b in zip(first.cells, other.cells, strict=True))
    assert all(np.mean(draw(a).page != draw(b).page) > 0.01 for a, b in pairwise(range(4)))
    assert not np.array_equal(draw(3, 1, seed=1).page, first.page)


@pytest.mark.parametrize("form", range(6))
def test_values_are_in_their_boxes_on_a_filled_sheet_alone(form: int) -> None:
    blank, filled = draw(form, BLANK), draw(form, 1)
    for cell in filled.cells:
        left, top, right, bottom = cell.box
        assert 0 <= left < right <= WIDTH
        assert 0 <= top < bottom <= HEIGHT
        added = (filled.page < blank.page)[top:bottom, left:right]
        assert added.sum() > 12 * len(cell.printed.text)


def test_strangers_are_pages() -> None:
    pages = [strangers.no_invoice(number) for number in range(6)] + [strangers.terms(0)]
    assert all(page.shape == (HEIGHT, WIDTH) and np.ptp(page) > 100 for page in pages)


def test_an_error_of_a_boxs_place_is_measured_in_widths_of_the_page() -> None:
    known = measure.learn(0, seed=0)
    moved = move(known.sheet.page, Motion(), 0)
    width, height = known.template.page_size
    ends = moved.where(np.array([[0, 0], [WIDTH, 0], [0, HEIGHT]], np.float64))
    matrix = np.eye(3)
    matrix[:2] = np.column_stack(
        [(ends[1] - ends[0]) / width, (ends[2] - ends[0]) / height, ends[0]]
    )
    assert measure.box_error(known, moved, Alignment(matrix, 1.0, "features")) < 0.0002
    matrix[0, 2] += 0.01 * moved.width
    off = Alignment(matrix, 1.0, "features")
    assert measure.box_error(known, moved, off) == pytest.approx(0.01, abs=0.0002)


def test_choosing_is_counted() -> None:
    choice = measure.choices(2, 4, seed=0)
    assert choice.right + choice.unclear + choice.wrong == choice.pages == choice.strangers == 4
    assert choice.right >= 3
    assert choice.taken == 0


def test_hopeless_pages_are_counted() -> None:
    lost = measure.hopeless(9, seed=0, extractor=Extractor(Settings()))
    assert lost.pages == 9
    assert lost.failed >= 7
    assert lost.unnoticed == lost.wrong == 0


def test_a_page_that_does_not_align_is_not_done_however_well_it_is_read() -> None:
    known = measure.learn(2, seed=0)
    sheet = draw(2, 5)
    cell = sheet.cells[0]
    left, top, right, bottom = cell.box
    page = np.full_like(sheet.page, 255)
    page[top:bottom, left:right] = sheet.page[top:bottom, left:right]
    stored = replace(
        known.stored,
        template=known.template.model_copy(update={"fields": known.template.fields[:1]}),
    )
    png = cv2.imencode(".png", page)[1].tobytes()
    outcome = Extractor(Settings()).extract(png, [stored], name="page.png")
    assert outcome.fields[cell.name].text == cell.printed.text
    assert [reason.code for reason in outcome.reasons] == ["not_aligned"]
    assert outcome.status is Status.NEEDS_REVIEW


def test_an_alignment_that_is_off_is_a_failure_that_went_unnoticed() -> None:
    known = measure.learn(0, seed=0)
    moved = move(known.sheet.page, Motion(), 0)
    nowhere = Alignment(np.eye(3), 0.0, "scale")
    good = measure.Result(
        known, moved, replace(nowhere, score=1.0), 0.001, 1, 1, done=True, fields=1, right=1,
        values_right=True,
    )  # fmt: skip
    off = replace(good, error=0.01, values_right=False)
    lost = replace(good, alignment=nowhere, error=0.01, done=False, values_right=False)
    counted = measure.failures([good, off, lost]) + measure.failures([off])
    assert counted == measure.Failures(pages=4, failed=3, unnoticed=2, wrong=2)


def test_a_sparse_form_is_not_told_by_labels_and_frames_alone() -> None:
    sparse = measure.learn(20, seed=1)
    other = move(draw(1084, 1, seed=1).page, MOTIONS["lying flat"], seed=30_984)
    page = measure.decoded(other.jpeg)
    assert align(page, sparse.reference).good
    forms = Forms([Looks.of_form(sparse.reference)])
    assert not forms.fitting(page, lambda _: sparse.reference)


def test_a_form_is_told_by_much_of_it_though_its_reference_is_full_of_what_differs() -> None:
    known = measure.learn(83, seed=2)
    moved = move(draw(83, 285, seed=2).page, MOTIONS["72 to 130 dpi"], seed=40_283)
    page = measure.decoded(moved.jpeg)
    assert align(page, known.reference).score < 0.35
    forms = Forms([Looks.of_form(known.reference)])
    assert forms.fitting(page, lambda _: known.reference)


def test_the_command_prints_all_figures() -> None:
    asked = ["--pages", "1", "--motions", "lying flat", "--hopeless", "1"]
    asked += ["--templates", "1", "--choices", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "training.pages", *asked],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "| lying flat | 1 | 100.0 % |" in done.stdout
    assert "Of 2 pages" in done.stdout
    assert "| 1 | 1 | 100.0 % |" in done.stdout
