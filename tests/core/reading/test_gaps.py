"""A digit that is gone leaves room in its number, and a note beside one is no part of it."""

import cv2
import numpy as np
import pytest
from batches import FONT
from PIL import Image, ImageDraw, ImageFont

from core.geometry import Gray
from core.reading.grammar import Kind
from core.reading.numeric import NumericReader

FACE, SIZE, AT = cv2.FONT_HERSHEY_DUPLEX, 0.9, (20, 38)


@pytest.fixture(scope="module")
def reader() -> NumericReader:
    return NumericReader()


def box(*words: str, apart: int = 0) -> Gray:
    """The words beside each other in one box."""
    picture = np.full((54, 460, 1), 255, np.uint8)
    x, y = AT
    for word in words:
        cv2.putText(picture, word, (x, y), FACE, SIZE, 20, 2, cv2.LINE_AA)
        x += width(word) + apart
    return picture[..., 0]


def width(text: str) -> int:
    return cv2.getTextSize(text, FACE, SIZE, 2)[0][0]


def test_a_digit_that_correction_fluid_took_away(reader: NumericReader) -> None:
    whole = box("52760.35")
    lacking = whole.copy()
    lacking[:, AT[0] + width("52") : AT[0] + width("527")] = 255
    lines = reader.read([whole, lacking], ["amount", "amount"])
    assert lines[0].confidence > reader.review_threshold
    assert lines[1].confidence < reader.review_threshold


def test_a_note_beside_a_number(reader: NumericReader) -> None:
    noted = box("48", "57953766", apart=30)
    assert reader.read([noted], ["number"])[0].confidence < reader.review_threshold
    # Where the example says that digits stand apart they may.
    (line,) = reader.read([noted], ["number"], ["12 34567890"])
    assert line.confidence > reader.review_threshold
    assert line.text == "4857953766"


@pytest.mark.parametrize(
    ("kind", "words", "apart"),
    [
        ("amount", ["52", "760", "435.25"], 14),
        ("date", ["12", "/", "03", "/", "2026"], 18),
        ("date", ["12/03/2026", "13:45"], 18),
        ("date", ["9:45", "12/03/2026"], 18),
        ("number", ["310", "122", "393", "500", "003"], 18),
    ],
)
def test_usual_blanks(reader: NumericReader, kind: Kind, words: list[str], apart: int) -> None:
    (line,) = reader.read([box(*words, apart=apart)], [kind])
    assert line.text == "".join(words)
    assert line.confidence > 0.9  # in doubt it would be worth half as much


def test_columns_of_their_own_for_riyals_and_halalas(reader: NumericReader) -> None:
    apart = box("49", "193", apart=20)
    at = AT[0] + width("49") + 10
    divided = apart.copy()
    divided[:, at : at + 2] = 60
    assert reader.read([divided], ["amount"])[0].confidence < reader.review_threshold


def test_rules_that_divide_no_number(reader: NumericReader) -> None:
    edged = box("49193")
    edged[:, 8:10] = edged[:, 300:302] = 60
    cv2.putText(edged, "SAR", (320, AT[1]), FACE, SIZE, 20, 2, cv2.LINE_AA)
    close = box("49193")[AT[1] - 20 : AT[1] + 1]  # the '1' is as tall as the box
    lines = reader.read([edged, close], ["amount", "amount"])
    assert [line.text for line in lines] == ["49193", "49193"]
    assert min(line.confidence for line in lines) > reader.review_threshold


def test_a_cell_for_each_digit(reader: NumericReader) -> None:
    digits, pitch, left = "300122393", 34, 12
    comb = np.full((54, 2 * left + pitch * len(digits), 1), 255, np.uint8)
    for at, digit in enumerate(digits):
        x = left + at * pitch
        cv2.line(comb, (x, 4), (x, 50), 90)
        cv2.putText(comb, digit, (x + 8, AT[1]), FACE, SIZE, 20, 2, cv2.LINE_AA)
    cv2.rectangle(comb, (left, 4), (left + pitch * len(digits), 50), 90)
    (line,) = reader.read([comb[..., 0]], ["number"])
    assert line.text == digits
    assert line.confidence > reader.review_threshold


def test_print_between_digits_that_is_none(reader: NumericReader) -> None:
    times = box("3", "x", "12.50", apart=12)
    named = box("100", "SAR", "50", apart=12)
    for line in reader.read([times, named], ["amount", "amount"]):
        assert line.confidence < reader.review_threshold
    # Where the example says that letters stand among them they may.
    (line,) = reader.read([named], ["number"], ["200 USD 75"])
    assert line.text == "10050"
    assert line.confidence > reader.review_threshold


@pytest.mark.parametrize(
    ("words", "apart"),
    [
        (["77x", "38,479.93"], 7),
        (["85x4,369.10"], 0),
        (["4x5,232.14"], 0),
        (["51@4,855.91"], 0),
        (["85*4,369.10"], 0),
    ],
)
def test_a_count_before_an_amount_is_no_part_of_it(
    reader: NumericReader, words: list[str], apart: int
) -> None:
    lines = reader.read([box(*words, apart=apart), box("854,369.10")], ["amount", "amount"])
    assert lines[0].confidence < reader.review_threshold < lines[1].confidence, lines[0]


def test_characters_that_the_box_cuts_off(reader: NumericReader) -> None:
    whole = box("1,234.50-")
    for right in range(AT[0] + 4, AT[0] + width("1,234.50-"), 3):
        for left in (0, AT[0] + 4):
            reader.read([whole[:, left:right]], ["amount"])


def test_a_dash_between_a_word_and_an_amount_is_no_minus(reader: NumericReader) -> None:
    label = box("Net", "-", "1,234.50", apart=width(" "))
    minus = box("SAR", "-1,234.50", apart=width(" "))
    lines = reader.read([label, minus], ["amount", "amount"])
    assert lines[0].confidence < reader.review_threshold < lines[1].confidence


def test_an_amount_that_ends_with_a_stroke_and_a_dash_is_not_negative(
    reader: NumericReader,
) -> None:
    (line,) = reader.read([box("1,250/-")], ["amount"])
    assert line.text == "1,250/-"
    assert line.confidence > reader.review_threshold


@pytest.mark.parametrize("words", [["12.50", "3"], ["185.25", "15%"]])
def test_two_numbers_in_one_box(reader: NumericReader, words: list[str]) -> None:
    (line,) = reader.read([box(*words, apart=width(" "))], ["amount"])
    assert line.confidence < reader.review_threshold


def test_another_blank_in_a_date_that_has_a_time(reader: NumericReader) -> None:
    (line,) = reader.read([box("12/03/20", "26", "13:45", apart=18)], ["date"])
    assert line.confidence < reader.review_threshold


def typeset(*words: str, apart: int) -> Gray:
    """As `box`, in a face that has Arabic-Indic digits."""
    face, x = ImageFont.truetype(FONT, 28), AT[0]
    picture = Image.new("L", (400, 54), 255)
    for word in words:
        ImageDraw.Draw(picture).text((x, 12), word, font=face, fill=20)
        x += round(face.getlength(word)) + apart
    return np.asarray(picture)


def test_a_digit_of_a_time_that_was_lost(reader: NumericReader) -> None:
    (line,) = reader.read([typeset("09:5", "17/06/2020", apart=7)], ["date"])
    assert line.text == "09:517/06/2020"  # which would be the 7th
    assert line.confidence < reader.review_threshold


def test_the_colon_of_a_label_is_no_part_of_the_number(reader: NumericReader) -> None:
    for words in ((":", "123456"), ("123456", ":")):
        (line,) = reader.read([typeset(*words, apart=5)], ["number"])
        assert line.text == "123456"
        assert line.confidence > reader.review_threshold


def test_arabic_indic_numbers_side_by_side(reader: NumericReader) -> None:
    """They are laid out from the right, so that nobody knows in which order they are meant."""
    apart = typeset("٠٥٠", "١٢٣", "٤٥٦٧", apart=7)
    lines = reader.read([apart, apart], ["number", "number"], [None, "٠٥٥ ٣٢١ ٧٦٥٤"])
    assert lines[0].text == "٠٥٠١٢٣٤٥٦٧"
    assert lines[0].confidence < reader.review_threshold < lines[1].confidence
    many = typeset("٣٠٠", "١٢٣", "٤٥٦", "٧٨٩", "٠٠٣", apart=7)
    assert reader.read([many], ["number"])[0].confidence < reader.review_threshold


@pytest.mark.parametrize(
    ("words", "apart"),
    [(["12", "9,305.95"], 7), (["12", "9,305.95"], 8), (["12", "631,916.75"], 7)],
)
def test_two_numbers_of_narrow_type(reader: NumericReader, words: list[str], apart: int) -> None:
    whole = box(*words, apart=apart)
    narrow = np.asarray(cv2.resize(whole, None, fx=0.7, fy=1, interpolation=cv2.INTER_AREA))
    (line,) = reader.read([narrow], ["amount"])
    assert line.confidence < reader.review_threshold


def test_a_blank_in_a_number_whose_example_has_none(reader: NumericReader) -> None:
    apart = box("0012", "7", apart=width(" "))
    lines = reader.read([apart, apart], ["number", "number"], [None, "0044"])
    assert lines[0].text == "00127"
    assert lines[0].confidence > reader.review_threshold > lines[1].confidence


def test_thousands_that_a_blank_sets_apart(reader: NumericReader) -> None:
    (line,) = reader.read([box("3", "850", apart=width(" "))], ["amount"])
    assert line.text == "3850"
    assert line.confidence > reader.review_threshold


@pytest.mark.parametrize("apart", [2, 6, 10])
def test_a_t_between_date_and_time_is_no_lost_digit(reader: NumericReader, apart: int) -> None:
    boxes = [box("2026-03-21", letter, "13:45:22", apart=apart) for letter in "TX7"]
    lines = reader.read(boxes, ["date"] * len(boxes))
    assert [line.text for line in lines][:2] == ["2026-03-2113:45:22"] * 2
    assert [line.confidence > reader.review_threshold for line in lines][:2] == [True, False]
    assert lines[2].text == "2026-03-21713:45:22"  # which has no value


@pytest.mark.parametrize(
    ("printed", "sure"),
    [("12/Aug/26", False), ("25-FEB-2026", False), ("12/9/26", True), ("25-8-2026", True)],
)
def test_a_month_that_is_too_wide_for_its_digit(
    reader: NumericReader, printed: str, sure: bool
) -> None:
    (line,) = reader.read([box(printed)], ["date"])
    assert (line.confidence > reader.review_threshold) is sure, line
