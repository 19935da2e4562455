"""Numbers in texts: the real Tesseract's words held against what the real numeric reader sees."""

import functools

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.reading.numerals import Numerals, _cells, _fits, _may_have_either
from core.reading.numeric import NumericReader
from core.reading.tesseract import Word
from core.reading.text import TextReader, TextReading
from core.template import Language

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
ARABIC: tuple[Language, ...] = ("ara",)
BOTH: tuple[Language, ...] = ("ara", "eng")

Gray = NDArray[np.uint8]


@functools.cache
def text_reader() -> TextReader:
    return TextReader(NumericReader())


@functools.cache
def threshold() -> float:
    return NumericReader().review_threshold


def drawn(line: str, *, size: int = 24, margin: int = 20, ink: int = 0, paper: int = 255) -> Gray:
    """A box with a line of text in logical order, laid out by raqm."""
    font = ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.RAQM)
    rtl = any("\u0600" <= letter <= "\u06ff" for letter in line)
    width = int(font.getlength(line)) + 2 * margin
    picture = Image.new("L", (width, round(size * 2)), paper)
    place = (width - margin if rtl else margin, size // 4)
    ImageDraw.Draw(picture).text(
        place,
        line,
        ink,
        font,
        anchor="ra" if rtl else "la",
        direction="rtl" if rtl else "ltr",
    )
    return np.array(picture)


def read_one(box: Gray, languages: tuple[Language, ...] = BOTH) -> TextReading:
    (reading,) = text_reader().read([box], [languages])
    return reading


@pytest.mark.parametrize(
    ("text", "size", "languages"),
    [
        ("٧٩ علبة", 24, ARABIC),
        ("٧٩ علبة", 24, BOTH),
        ("هاتف ٠٥٠١٢٣٤٥٦٧", 24, BOTH),
        ("فاتورة رقم ٢٠٢٤/٠١٣", 16, ARABIC),
        ("سلك نحاس ٥٧ كرتون", 24, BOTH),  # 'OV' to Tesseract
        ("919-6686956", 16, BOTH),
        ("+966 57 461 8936", 24, BOTH),
        ("INV-2024/0013", 24, BOTH),
        ("A-10493", 24, BOTH),
        ("101 cartons", 16, BOTH),
    ],
)
def test_numbers_in_texts_are_read(text: str, size: int, languages: tuple[Language, ...]) -> None:
    reading = read_one(drawn(text, size=size), languages)
    assert reading.text == text
    assert reading.confidence >= threshold()


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("ضريبة القيمة المضافة 2%", 24),  # '902' to Tesseract, surely
        ("2023-6186", 16),  # '2023-6'
        ("+966 57 461 8936", 12),  # '+966 57 461 6'
    ],
)
def test_where_the_two_see_different_numbers_a_person_looks(text: str, size: int) -> None:
    reading = read_one(drawn(text, size=size))
    assert reading.text == text
    assert reading.confidence < threshold()


@pytest.mark.parametrize("text", ["ق٦٧٨", "SA٥٨٠٤", "م/٢٤٣٧", "كرتون٣٤"])
def test_a_number_that_letters_stand_beside_is_not_all_there_is(text: str) -> None:
    for size in (16, 20, 24, 32):
        reading = read_one(drawn(text, size=size))
        assert reading.text == text or reading.confidence < threshold()


def test_a_speck_that_is_a_digit_to_tesseract_alone_stays_a_word() -> None:
    box = np.full((60, 200), 255, np.uint8)
    box[20:40, 20:60] = box[25:35, 120:150] = 0
    word = Word("7", 100, 15, 180, 45, 90.0)
    ((lines, chance),) = next(Numerals(NumericReader()).checked([box], [[[[word]]]], arabic=[True]))
    assert lines[0][0].text
    assert chance < threshold()


@pytest.mark.parametrize("size", [16, 24])
def test_which_of_two_numbers_comes_first_is_in_doubt(size: int) -> None:
    assert read_one(drawn("هاتف ٢٧٨٣ ٦٤٦٩", size=size)).confidence < threshold()


def test_numbers_of_a_language_that_is_not_in_the_box_are_not_put_in() -> None:
    reading = read_one(drawn("٧٩"), ("eng",))
    assert not any("٠" <= letter <= "٩" for letter in reading.text)
    assert reading.confidence < threshold()


@pytest.mark.parametrize(
    ("word", "number", "fits"),
    [
        ("2023-6186", "2023-6186", True),
        ("2023-6", "2023-6186", False),
        ("INV-2025/2342", "-2025/2342", True),
        ("A-87631", "4-87631", True),
        ("+966", "4966", True),
        ("70522,", "70522", True),
        ("20231234", "2023-1234", False),
        ("962", "2%", False),
        ("5876", "76", False),
        ("$4", "54", False),
        ("9", "", False),
        ("1a" * 20, "14" * 19 + "2", False),
    ],
)
def test_what_a_word_may_be_to_who_knows_digits_alone(word: str, number: str, fits: bool) -> None:
    assert _fits(word, number) is fits


def test_a_code_that_may_have_an_o_or_a_zero_is_in_doubt() -> None:
    reading = read_one(drawn("9O74L7", size=16))  # '9074L7' to Tesseract, surely
    assert reading.text == "9O74L7" or reading.confidence < threshold()


@pytest.mark.parametrize(
    "text", ["INV-2024/0013", "P.O.", "100W", "SA0380000", "2024-00120", "AB12CD"]
)
def test_where_letters_and_digits_keep_apart_o_and_zero_do(text: str) -> None:
    assert not _may_have_either(text)


def test_words_are_cut_apart_in_the_gaps_between_them() -> None:
    box = np.full((60, 100), 255, np.uint8)
    box[5:25, 10:40] = box[5:25, 60:90] = box[35:55, 30:70] = 0
    lines = [
        [Word("b", 50, 4, 100, 26, 90.0), Word("a", 8, 4, 95, 26, 90.0)],
        [],
        [Word("c", 30, 34, 70, 56, 90.0)],
    ]
    (second, first), none, (below,) = _cells(box, lines)
    assert none == []
    assert first == (0, 0, 50, 30)
    assert second == (50, 0, 100, 30)
    assert below == (0, 30, 100, 60)


@pytest.mark.parametrize("day", ["20-May-25", "04-Sep-21", "23-Oct-19"])
def test_a_zero_beside_the_name_of_a_month_is_one(day: str) -> None:
    assert not _may_have_either(day)
    reading = read_one(drawn(day, size=32))
    assert reading.text == day
    assert reading.confidence > 0.5
