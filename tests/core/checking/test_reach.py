"""What reaches out of its box goes to a person, whatever is left of it in the box."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.alignment.align import Alignment, scale_only
from core.alignment.reference import Reference
from core.checking.reach import goes_on, reaching
from core.extract import Extractor
from core.geometry import Gray
from core.invoice import Outcome, Status
from core.ports import StoredTemplate
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


@pytest.mark.parametrize(("by", "degrees", "into"), [(0.5, -1, 6), (0.65, 4, 10), (0.7, 2, 12)])
def test_on_a_crooked_page_of_few_pixels(by: float, degrees: float, into: int) -> None:
    """Seen with more of what is around it the rule is wider, and covers the rest of the digit."""
    sheet = page("12,950.00")[..., None].copy()
    rule = AT[0] - length("950.00") - 1 - into
    cv2.line(sheet, (rule, AT[1] - 45), (rule, AT[1] + 27), 60, 2)
    turn = cv2.getRotationMatrix2D((500, 700), degrees, by)
    scan = cv2.warpAffine(sheet[..., 0], turn, SIZE, borderValue=(255,))
    alignment = Alignment(np.vstack([turn, [0, 0, 1]]), 1.0, "features")
    box = (rule + 3, AT[1] - 27, AT[0] + 6, AT[1] + 7)
    assert reaching(np.asarray(scan, np.uint8), box, alignment) is not None


@pytest.mark.parametrize("by", [0.6, 2, 4])
def test_at_any_resolution(by: float) -> None:
    scan = cv2.resize(page("12,950.00"), None, fx=by, fy=by, interpolation=cv2.INTER_AREA)
    alignment = scale_only(scan.shape, SIZE)
    whole = reaching(np.asarray(scan, np.uint8), box_of("950.00", margin=4), alignment)
    assert whole is not None
    assert whole.shape[1] >= by * length("12,950.00")
    assert reaching(np.asarray(scan, np.uint8), box_of("12,950.00"), alignment) is None


@pytest.mark.parametrize(("across", "down"), [(1.1, 1), (1, 1.1), (2, 1)])
def test_on_a_page_of_more_pixels_one_way_than_the_other(across: float, down: float) -> None:
    for text in ("12,950.00", "2,950.00"):
        pixels = cv2.resize(page(text), None, fx=across, fy=down, interpolation=cv2.INTER_AREA)
        scan, alignment = np.asarray(pixels, np.uint8), scale_only(pixels.shape, SIZE)
        assert reaching(scan, box_of("950.00", margin=4), alignment) is not None
        assert reaching(scan, box_of(text), alignment) is None


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


FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SPACE = 8
"""Pixels of a word space of 24 pixels' type."""
TOP, BOTTOM = 696, 732


def words(*placed: tuple[int, str], rule: int | None = None) -> tuple[Gray, list[Box]]:
    """A page with texts of one line, each from a column on; and the boxes of their ink."""
    font = ImageFont.truetype(FONT, 24, layout_engine=ImageFont.Layout.RAQM)
    picture = Image.new("L", SIZE, 255)
    pen = ImageDraw.Draw(picture)
    boxes = []
    for left, text in placed:
        pen.text((left, 700), text, 0, font)
        first, _, end, _ = pen.textbbox((left, 700), text, font)
        boxes.append((round(first), TOP, round(end), BOTTOM))
    if rule is not None:
        pen.line((rule, TOP - 5, rule, BOTTOM + 5), 90, 2)
    return np.array(picture), boxes


def columns(sheet: Gray) -> NDArray[np.bool_]:
    """Which columns of the line have ink."""
    return np.asarray(sheet[TOP:BOTTOM].min(axis=0) < 128)


def gap_after(sheet: Gray, column: int) -> int:
    """The middle of the first gap between letters from this column on."""
    inked = columns(sheet)
    first = column + int(np.flatnonzero(inked[column:])[0])
    start = first + int(np.flatnonzero(~inked[first:])[0])
    return start + int(np.flatnonzero(inked[start:])[0]) // 2


def goes_on_at(sheet: Gray, box: Box, text: str, by: float = 1) -> bool:
    scan = cv2.resize(sheet, None, fx=by, fy=by, interpolation=cv2.INTER_AREA)
    return goes_on(np.asarray(scan, np.uint8), box, scale_only(scan.shape, SIZE), text)


@pytest.mark.parametrize("by", [0.75, 1, 2])
def test_a_text_that_its_box_cuts_between_letters_or_words(by: float) -> None:
    sheet, [(left, top, right, bottom)] = words((300, "Horizon Press LLC"))
    whole = (left - 4, top, right + 4, bottom)
    assert not goes_on_at(sheet, whole, "Horizon Press LLC", by)
    for share in (0.2, 0.5, 0.7, 0.8, 0.9):
        cut = gap_after(sheet, round(left + share * (right - left)))
        assert goes_on_at(sheet, (left - 4, top, cut, bottom), "Horizon Press", by), cut
    cut = gap_after(sheet, left)  # behind the 'H'
    assert goes_on_at(sheet, (cut, top, right + 4, bottom), "orizon Press LLC", by)


def test_arabic_goes_on_to_the_left() -> None:
    text = "مؤسسة الخليج للتجارة"
    sheet, [(left, top, right, bottom)] = words((300, text))
    assert not goes_on_at(sheet, (left - 4, top, right + 4, bottom), text)
    inked = columns(sheet)
    between = next(x for x in range(left + 2, right) if not inked[x - 2 : x + 6].any())
    assert goes_on_at(sheet, (between, top, right + 4, bottom), "مؤسسة الخليج")


def test_a_text_that_is_cut_between_words_goes_to_a_person(extractor: Extractor) -> None:
    sheet, [(left, top, right, bottom)] = words((300, "Horizon Press LLC"))
    field = {"name": "customer", "kind": "text", "languages": ["eng"]}

    def outcome(box: Box) -> Outcome:
        template = {"id": "t", "page_size": SIZE, "fields": [field | {"box": box}]}
        form = parse_template(template)
        data = cv2.imencode(".png", sheet)[1].tobytes()
        return extractor.extract(data, [StoredTemplate(form)], name="a.png")

    cut = outcome((left - 4, top, 466, bottom))
    assert cut.fields["customer"].text == "Horizon Press"
    assert [(reason.code, reason.fields) for reason in cut.reasons] == [("cut_off", ("customer",))]
    whole = outcome((left - 4, top, right + 30, bottom))
    assert whole.fields["customer"].text == "Horizon Press LLC"
    assert whole.status is Status.DONE, whole.reasons


def test_what_stands_beside_a_text_is_not_of_it() -> None:
    text = "Horizon Press"
    _, [(_, _, end, _)] = words((300, text))
    for beside in (
        (300 - 114 - SPACE, "Customer"),  # before it, without a colon
        (300 - 123 - SPACE, "Customer:"),
        (end + SPACE, "العميل:"),  # on the other side, behind its colon
        (end + 25, "Date"),  # the next column
    ):
        sheet, [(left, top, right, bottom), _] = words((300, text), beside)
        for margin in (0, 3):
            box = (left - margin, top, right + margin, bottom)
            assert not goes_on_at(sheet, box, text), (beside, margin)


@pytest.mark.parametrize("by", [0.75, 1, 2])
@pytest.mark.parametrize("off", [-3, 0, 3])
def test_a_text_in_the_next_cell_is_another(off: int, by: float) -> None:
    _, [(_, _, end, _)] = words((300, "Horizon Press"))
    placed = (300, "Horizon Press"), (end + SPACE, "LLC")
    sheet, [(left, top, right, bottom), _] = words(*placed)
    assert goes_on_at(sheet, (left, top, right + 4, bottom), "Horizon Press", by)
    sheet, _ = words(*placed, rule=end + 4)
    assert not goes_on_at(sheet, (left, top, right + 4 + off, bottom), "Horizon Press", by)


def test_lines_above_and_below_a_text_are_others() -> None:
    sheet, [(left, top, right, bottom)] = words((300, "Horizon Press"))
    other, _ = words((210, "Goods once sold are not taken back after three days."))
    for down in (-29, 29):
        page_ = np.minimum(sheet, np.roll(other, down, axis=0))
        assert not goes_on_at(page_, (left - 3, top, right + 3, bottom), "Horizon Press")


def form(*placed: tuple[int, str]) -> tuple[Gray, list[Box]]:
    """As `words`, with enough of a form around them to align pages by."""
    sheet, boxes = words(*placed)
    lines = np.full((*sheet.shape, 1), 255, np.uint8)
    for i, text in enumerate(("Al Noor Trading LLC", "Tax invoice 14", "Goods once sold", "Terms")):
        for y in (120 + 90 * i, 900 + 110 * i):
            at = 90 + 60 * (i + y % 7), y
            cv2.putText(lines, text, at, cv2.FONT_HERSHEY_DUPLEX, 1.2, 20, 2, cv2.LINE_AA)
    return np.minimum(sheet, lines[..., 0]), boxes


def outcome_on_form(extractor: Extractor, sheet: Gray, reference: Gray, box: Box) -> Outcome:
    field = {"name": "customer", "kind": "text", "languages": ["eng"], "box": box}
    known = {"id": "t", "page_size": SIZE, "reference": "t.png", "fields": [field]}
    scan = np.roll(sheet, (4, -3), axis=(0, 1))
    page_, picture = (cv2.imencode(".png", each)[1].tobytes() for each in (scan, reference))
    return extractor.extract(page_, [StoredTemplate(parse_template(known), picture)], name="a.png")


@pytest.mark.parametrize("filled", [False, True])
def test_the_form_tells_a_label_from_a_first_word(extractor: Extractor, filled: bool) -> None:
    label, text = (300 - 114 - SPACE, "Customer"), "Horizon Press LLC"
    sheet, [_, (left, top, right, bottom)] = form(label, (300, text))
    inked = columns(sheet)
    cut = next(x for x in range(left + 2, right) if not inked[x - 2 : x + 4].any())
    reference, _ = form(label, *[(cut + 3, "Amal")] * filled)
    outcome = outcome_on_form(extractor, sheet, reference, (cut, top, right + 4, bottom))
    assert outcome.fields["customer"].text == "Press LLC"
    assert [reason.code for reason in outcome.reasons] == ["cut_off"]
    reference, _ = form(label, *[(300, "Amal")] * filled)
    outcome = outcome_on_form(extractor, sheet, reference, (left - 4, top, right + 4, bottom))
    assert outcome.fields["customer"].text == text
    assert outcome.status is Status.DONE, outcome.reasons


def test_an_arabic_text_begins_at_the_right() -> None:
    text = "مؤسسة الخليج للتجارة"
    sheet, [(left, top, right, bottom)] = form((300, text))
    inked = columns(sheet)
    cut = next(x for x in range(right - 2, left, -1) if not inked[x - 6 : x + 2].any())
    label = sheet.copy()
    label[TOP:BOTTOM, :cut] = 255
    empty, labelled = (Reference.from_image(each, SIZE) for each in (form()[0], label))
    alignment = scale_only(sheet.shape, SIZE)
    box = (left - 4, top, cut, bottom)
    assert goes_on(sheet, box, alignment, "الخليج للتجارة", empty)
    assert not goes_on(sheet, box, alignment, "الخليج للتجارة", labelled)
    assert not goes_on(sheet, box, alignment, "الخليج للتجارة")
