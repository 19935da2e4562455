"""A number that reaches out of its box goes to a person, whatever is left of it in the box."""

import cv2
import numpy as np
import pytest

from core.align import scale_only
from core.extract import Extractor
from core.geometry import Gray
from core.invoice import Outcome, Status
from core.ports import StoredTemplate
from core.reach import reaching
from core.settings import Settings
from core.template import Box, parse_template

SIZE = (1000, 1400)
AT, HEIGHT = (500, 700), 34
"""Where the number's right end is, on its base line, and the height of its box."""


def length(text: str) -> int:
    return cv2.getTextSize(text, cv2.FONT_HERSHEY_DUPLEX, 0.9, 2)[0][0]


def box_of(text: str, *, margin: int = 6) -> Box:
    """A box as it is drawn around a number that stands to the right."""
    x, y = AT
    return x - length(text) - margin, y - HEIGHT + 7, x + margin, y + 7


def page(text: str, *, dark: bool = False, down: int = 0) -> Gray:
    """A page with the number in a ruled row, beside its label."""
    sheet = np.full((SIZE[1], SIZE[0], 1), 255, np.uint8)
    x, y = AT
    cv2.rectangle(sheet, (60, y - 45), (x + 24, y + 27), 60, -1 if dark else 2)
    cv2.line(sheet, (x - 300, y - 45), (x - 300, y + 27), 0, 2)
    ink = 255 if dark else 20
    for words, left in (("Total due", 75), (text, x - length(text))):
        at = (left, y + down)
        cv2.putText(sheet, words, at, cv2.FONT_HERSHEY_DUPLEX, 0.9, ink, 2, cv2.LINE_AA)
    return sheet[..., 0]


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor(Settings())


def read(extractor: Extractor, sheet: Gray, box: Box) -> Outcome:
    field = {"name": "total", "kind": "amount", "box": box, "example": "950.00"}
    form = parse_template({"id": "t", "page_size": SIZE, "fields": [field]})
    data = cv2.imencode(".png", sheet)[1].tobytes()
    return extractor.extract(data, [StoredTemplate(form)], name="a.png")


@pytest.mark.parametrize("dark", [False, True])
def test_a_box_that_was_drawn_around_a_shorter_number(extractor: Extractor, dark: bool) -> None:
    outcome = read(extractor, page("12,950.00", dark=dark), box_of("950.00", margin=4))
    assert outcome.fields["total"].text == "950.00"  # as sure as of any
    assert outcome.status is Status.NEEDS_REVIEW
    (reason,) = outcome.reasons
    assert reason.code == "cut_off"
    assert "“12,950.00”" in reason.message


def test_what_stands_behind_a_rule_is_of_another_cell() -> None:
    sheet = page("950.00")[..., None].copy()
    left = AT[0] - length("950.00") - 6
    at = (left - 5 - length("12"), AT[1])
    cv2.putText(sheet, "12", at, cv2.FONT_HERSHEY_DUPLEX, 0.9, 20, 2, cv2.LINE_AA)
    alignment = scale_only(sheet.shape, SIZE)
    assert reaching(sheet[..., 0], box_of("950.00"), alignment) is not None
    cv2.line(sheet, (left, AT[1] - 45), (left, AT[1] + 27), 60, 2)
    assert reaching(sheet[..., 0], box_of("950.00"), alignment) is None


@pytest.mark.parametrize("into", [0, 8])
def test_a_number_that_is_printed_across_the_rule_of_its_cell(
    extractor: Extractor, into: int
) -> None:
    sheet = page("12,950.00")[..., None].copy()
    rule = AT[0] - length("950.00") - 1 - into  # between two digits, or through one
    cv2.line(sheet, (rule, AT[1] - 45), (rule, AT[1] + 27), 60, 2)
    outcome = read(extractor, sheet[..., 0], (rule + 3, AT[1] - 27, AT[0] + 6, AT[1] + 7))
    assert outcome.fields["total"].text == "950.00"
    assert [reason.code for reason in outcome.reasons] == ["cut_off"]


@pytest.mark.parametrize("by", [0.6, 2, 4])
def test_at_any_resolution(by: float) -> None:
    scan = cv2.resize(page("12,950.00"), None, fx=by, fy=by, interpolation=cv2.INTER_AREA)
    alignment = scale_only(scan.shape, SIZE)
    whole = reaching(np.asarray(scan, np.uint8), box_of("950.00", margin=4), alignment)
    assert whole is not None
    assert whole.shape[1] >= by * length("12,950.00")
    assert reaching(np.asarray(scan, np.uint8), box_of("12,950.00"), alignment) is None


def test_a_digit_of_small_print_in_a_tall_box_that_is_cut_a_little() -> None:
    sheet = page("4,549.00")
    inked = np.flatnonzero(sheet[AT[1] - 18 : AT[1], 210:].min(axis=0) < 100)
    first, top, bottom = 210 + int(inked[0]), AT[1] - 42, AT[1] + 24
    alignment = scale_only(sheet.shape, SIZE)
    assert reaching(sheet, (first + 2, top, 510, bottom), alignment) is not None
    assert reaching(sheet, (first - 2, top, 510, bottom), alignment) is None


def test_a_number_that_is_cut_above(extractor: Extractor) -> None:
    outcome = read(extractor, page("7,777.77", down=-16), box_of("12,950.00"))
    assert "cut_off" in [reason.code for reason in outcome.reasons]


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("text", ["950.00", "12,950.00"])
def test_one_that_is_whole_in_its_box(extractor: Extractor, text: str, dark: bool) -> None:
    for box in (box_of("12,950.00"), (202, 657, 522, 725)):  # the second on its cell's rules
        outcome = read(extractor, page(text, dark=dark), box)
        assert outcome.fields["total"].text == text
        assert outcome.status is Status.DONE, outcome.reasons


def test_the_neighbour_in_the_next_cell_is_another_number(extractor: Extractor) -> None:
    sheet = page("950.00")
    cv2.putText(sheet, "47", (540, 700), cv2.FONT_HERSHEY_DUPLEX, 0.9, (20,), 2, cv2.LINE_AA)
    assert read(extractor, sheet, box_of("950.00")).status is Status.DONE


def test_nothing_reaches_out_of_an_empty_box() -> None:
    blank = np.full((SIZE[1], SIZE[0]), 255, np.uint8)
    for box in ((10, 10, 90, 40), (0, 0, 1, 1), (0, 0, *SIZE)):
        assert reaching(blank, box, scale_only(blank.shape, SIZE)) is None


@pytest.mark.parametrize("shape", [(16, 16), (100, 70), (1400, 1000)])
@pytest.mark.parametrize("box", [(0, 0, 1, 1), (999, 1399, 1000, 1400), (0, 700, 1000, 702)])
def test_of_a_box_of_hardly_a_pixel_nothing_reaches_out(shape: tuple[int, int], box: Box) -> None:
    page = np.random.default_rng(7).integers(0, 255, shape, np.uint8)
    reached = reaching(page, box, scale_only(shape, SIZE))
    assert reached is None or min(reached.shape) > 0
