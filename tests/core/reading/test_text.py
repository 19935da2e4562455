"""Words, read by the real Tesseract."""

import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.errors import KhanaError, SetupError, TransientError
from core.reading.numeric import NumericReader
from core.reading.tesseract import Word
from core.reading.text import TIMEOUT_S, TextReader, TextReading, _logical_order
from core.template import Language

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
ARABIC: tuple[Language, ...] = ("ara",)
ENGLISH: tuple[Language, ...] = ("eng",)
BOTH: tuple[Language, ...] = ("ara", "eng")

Gray = NDArray[np.uint8]


def drawn(*lines: str, size: int = 24, ink: int = 0, paper: int = 255, rtl: bool = False) -> Gray:
    """A box with a line of text under another, in logical order, laid out by raqm."""
    font = ImageFont.truetype(FONT, size, layout_engine=ImageFont.Layout.RAQM)
    width = int(max(font.getlength(line) for line in lines)) + 40
    picture = Image.new("L", (width, round(size * 1.5) * len(lines) + size // 2), paper)
    pen = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        place = (width - 20 if rtl else 20, round(size * 1.5) * number + size // 4)
        direction, anchor = ("rtl", "ra") if rtl else ("ltr", "la")
        pen.text(place, line, ink, font, anchor=anchor, direction=direction)
    return np.array(picture)


@functools.cache
def numeric_reader() -> NumericReader:
    return NumericReader()


def text_reader(tesseract: str = "tesseract", timeout: float = TIMEOUT_S) -> TextReader:
    return TextReader(numeric_reader(), tesseract, timeout=timeout)


def read_one(box: Gray, languages: tuple[Language, ...]) -> TextReading:
    (reading,) = text_reader().read([box], [languages])
    return reading


@pytest.mark.parametrize(
    ("text", "languages", "rtl"),
    [
        ("Harbour View Hotel", ENGLISH, False),
        ("Harbour View Hotel", BOTH, False),
        ("شركة برج الخليج", ARABIC, True),
        ("شركة برج الخليج", BOTH, True),
        ("شركة النور Horizon Press", BOTH, True),
        ("Horizon Press شركة النور", ("eng", "ara"), False),
        ("Invoice 2024", ENGLISH, False),
    ],
)
def test_words_in_the_order_that_they_are_read_in(
    text: str, languages: tuple[Language, ...], rtl: bool
) -> None:
    reading = read_one(drawn(text, rtl=rtl), languages)
    assert reading.text == text
    assert reading.confidence > 0.9


def test_boxes_keep_their_order() -> None:
    wanted = {"Total": ENGLISH, "شركة النور": ARABIC, "Name": ENGLISH, "مكتب Dubai": BOTH}
    boxes = [drawn(text, rtl="ara" in languages) for text, languages in wanted.items()]
    found = text_reader().read(boxes, list(wanted.values()))
    assert [reading.text for reading in found] == list(wanted)


def test_no_boxes_need_no_tesseract() -> None:
    assert text_reader("/nowhere/tesseract").read([], []) == []


def blank(*, grain: float = 0, specks: int = 0, shadow: int = 0, rules: bool = False) -> Gray:
    random = np.random.default_rng(5)
    box = random.normal(220, grain, (40, 300)) - np.linspace(0, shadow, 300)
    box[random.integers(5, 35, specks), random.integers(5, 295, specks)] = 60
    if rules:
        box[0] = box[-2:] = box[:, -1] = 40
        box[:, 0] = 150
    return box.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "box",
    [
        blank(),
        blank(grain=8),
        blank(specks=3),
        blank(shadow=60),
        blank(rules=True),
        blank(grain=5, specks=2, shadow=30, rules=True),
    ],
    ids=["clean", "grain", "specks", "shadow", "rules", "all"],
)
def test_a_blank_box_is_surely_empty_and_needs_no_tesseract(box: Gray) -> None:
    assert text_reader("/nowhere/tesseract").read([box], [BOTH]) == [TextReading("", 1.0)]


def test_little_print_in_a_large_box_is_seen() -> None:
    box = np.full((120, 900), 255, np.uint8)
    word = drawn("Ltd", size=13)
    box[50 : 50 + word.shape[0], 400 : 400 + word.shape[1]] = word
    assert read_one(box, ENGLISH).text == "Ltd"


@pytest.mark.parametrize("size", [11, 13, 24, 60, 120])
def test_print_of_any_size(size: int) -> None:
    assert read_one(drawn("Oryx Crane Services", size=size), ENGLISH).text == "Oryx Crane Services"


@pytest.mark.parametrize("lines", [["Blue Lantern", "Fisheries"], ["A shop", "of many", "lines"]])
def test_lines_are_joined(lines: list[str]) -> None:
    assert read_one(drawn(*lines), ENGLISH).text == " ".join(lines)


def test_arabic_lines_are_joined() -> None:
    lines = ["شركة الخليج", "للمقاولات العامة"]
    assert read_one(drawn(*lines, rtl=True), ARABIC).text == "شركة الخليج للمقاولات العامة"


@pytest.mark.parametrize(("ink", "paper"), [(90, 200), (255, 40), (60, 130)])
def test_pale_and_light_print(ink: int, paper: int) -> None:
    box = drawn("Falcon Contracting", ink=ink, paper=paper)
    assert read_one(box, ENGLISH).text == "Falcon Contracting"


def test_ruled_edges_are_not_read() -> None:
    box = drawn("Oryx Crane Services", size=18)
    box[:2] = box[-1:] = 40
    box[:, :2] = box[:, -1:] = 40
    box[:, 2] = 160  # a rim
    assert read_one(box, ENGLISH).text == "Oryx Crane Services"


@pytest.mark.parametrize("text", ["Il Forno", "Oryx Mall", "الخليج"])
def test_a_letter_at_the_edge_is_no_rule(text: str) -> None:
    rtl = text == "الخليج"
    box = drawn(text, size=40, rtl=rtl)
    top, *_, bottom = np.flatnonzero((box < 128).any(axis=1))
    left, *_, right = np.flatnonzero((box < 128).any(axis=0))
    tight = box[top - 2 : bottom + 3, left - 2 : right + 3]
    assert read_one(tight, ARABIC if rtl else ENGLISH).text == text


@pytest.mark.parametrize("cut", [(27, 0), (0, 27)], ids=["left", "right"])
def test_print_that_the_box_cuts_is_nothing_to_rely_on(cut: tuple[int, int]) -> None:
    whole = drawn("Blue Lantern Fisheries Group")
    left, right = cut
    assert read_one(whole, ENGLISH).confidence > 0.9
    assert read_one(whole[:, left : whole.shape[1] - right], ENGLISH).confidence <= 0.5


@pytest.mark.parametrize("size", [10, 11])
def test_a_box_with_faint_print_is_not_surely_empty(size: int) -> None:
    box = drawn("757-5076997", ink=200, paper=235, size=size)[1:-4, 16:-16]
    box = np.clip(box + np.random.default_rng(2).normal(0, 3, box.shape), 0, 255).astype(np.uint8)
    assert read_one(box, ENGLISH) != TextReading("", 1.0)


@pytest.mark.parametrize("shape", [(0, 0), (0, 50), (1, 1), (2, 300), (300, 2), (3, 3)])
def test_a_box_of_next_to_nothing(shape: tuple[int, int]) -> None:
    box = (np.arange(shape[0] * shape[1]) % 2 * 255).astype(np.uint8).reshape(shape)
    reading = read_one(box, ENGLISH)
    assert len(reading.text) <= 3
    assert 0 <= reading.confidence <= 1


def test_print_that_is_no_word_is_nothing_to_rely_on() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (60, 200), np.uint8)
    assert read_one(noise, ENGLISH).confidence < 0.5


def test_a_box_wider_than_tesseract_takes() -> None:
    box = np.full((500, 40_000), 255, np.uint8)
    box[::40, ::40] = 0
    assert read_one(box, ENGLISH).confidence < 0.5


def test_confidence_falls_with_the_picture() -> None:
    clear = drawn("Falcon Contracting")
    noise = np.random.default_rng(3).normal(0, 90, clear.shape)
    noisy = np.clip(clear * 0.6 + 60 + noise, 0, 255).astype(np.uint8)
    sure, unsure = text_reader().read([clear, noisy], [ENGLISH] * 2)
    assert sure.text == "Falcon Contracting"
    assert 0 <= unsure.confidence < 0.9 < sure.confidence <= 1


@pytest.mark.parametrize(
    ("seen", "rtl", "read"),
    [
        # From left to right as they stand; the base direction; in reading order.
        (["Gulf", "Trading"], True, ["Gulf", "Trading"]),
        (["050", "123"], True, ["050", "123"]),
        (["النور", "شركة"], False, ["شركة", "النور"]),
        (["النور", "٢٠٢٤", "شركة"], False, ["شركة", "٢٠٢٤", "النور"]),
        (["Gulf", "Press", "الأفق", "مطابع"], True, ["مطابع", "الأفق", "Gulf", "Press"]),
        (["Gulf", "Press", "الأفق", "مطابع"], False, ["Gulf", "Press", "مطابع", "الأفق"]),
        (["دبي", "Gulf", "Press", "شركة"], True, ["شركة", "Gulf", "Press", "دبي"]),
        (["At", "دبي", "شارع", "Road"], False, ["At", "شارع", "دبي", "Road"]),
        # Numbers: with the Latin word before them, else as the line goes.
        (["Gulf", "2024", "شركة"], True, ["شركة", "Gulf", "2024"]),
        (["2024", "شركة"], True, ["شركة", "2024"]),
        (["2024", "Gulf", "شركة"], True, ["شركة", "Gulf", "2024"]),
        (["Gulf", "-", "شركة"], True, ["شركة", "-", "Gulf"]),
        (["No.", "12", "شارع"], False, ["No.", "12", "شارع"]),
        (["At", "دبي", "12", "شارع"], False, ["At", "شارع", "12", "دبي"]),
        (["A", "12", "B", "شركة"], True, ["شركة", "A", "12", "B"]),
        ([], True, []),
    ],
)
def test_order_of_words(seen: list[str], rtl: bool, read: list[str]) -> None:
    words = [Word(text, left, 0, left + 1, 1, 90.0) for left, text in enumerate(seen)]
    assert [word.text for word in _logical_order(words[::-1], rtl=rtl)] == read


def test_version() -> None:
    assert text_reader().version.startswith("tesseract-")
    assert text_reader().version.split("-")[1][0].isdigit()


def program(folder: Path, script: str) -> str:
    path = folder / "tesseract"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_boxes_of_the_same_languages_share_a_process(tmp_path: Path) -> None:
    log = tmp_path / "log"
    counting = program(tmp_path, f'echo "$4 $OMP_THREAD_LIMIT" >> {log}; exec tesseract "$@"')
    boxes = [drawn(word) for word in ("Total", "Date", "Name")]
    found = text_reader(counting).read(boxes, [ENGLISH, BOTH, ENGLISH])
    assert [reading.text for reading in found] == ["Total", "Date", "Name"]
    assert sorted(log.read_text().splitlines()) == ["ara+eng 1", "eng 1"]


def test_who_sets_the_thread_limit_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("OMP_THREAD_LIMIT", "2")
    counting = program(tmp_path, f'echo "$OMP_THREAD_LIMIT" >> {log}; exec tesseract "$@"')
    text_reader(counting).read([drawn("Total")], [ENGLISH])
    assert log.read_text() == "2\n"


@pytest.mark.parametrize(
    ("script", "languages", "error", "code", "said"),
    [
        ("kill -SEGV $$", ENGLISH, TransientError, "reader_crashed", "-11"),
        ("echo 'out of memory' >&2; exit 1", ENGLISH, TransientError, "reader_crashed", "memory"),
        ("exit 0", ENGLISH, TransientError, "reader_crashed", "0 of 2"),
        ("exec sleep 20", ENGLISH, TransientError, "read_timeout", "longer than 2 s"),
        (
            'TESSDATA_PREFIX=/nowhere exec tesseract "$@"',
            BOTH,
            SetupError,
            "tesseract_language_missing",
            "tesseract-ocr-ara and tesseract-ocr-eng",
        ),
        (
            # One of two is there: Tesseract goes on with it and ends as if all were well.
            'exec tesseract "$1" "$2" "$3" eng+xyz "$5" "$6" "$7"',
            BOTH,
            SetupError,
            "tesseract_language_missing",
            "install tesseract-ocr-xyz",
        ),
    ],
)
def test_faults_of_the_program(
    tmp_path: Path,
    script: str,
    languages: Sequence[Language],
    error: type[KhanaError],
    code: str,
    said: str,
) -> None:
    reader = text_reader(program(tmp_path, script), timeout=2)
    with pytest.raises(error, match=said) as caught:
        reader.read([drawn("Total")], [tuple(languages)])
    assert caught.value.code == code


def test_a_missing_program_is_said_with_the_remedy() -> None:
    reader = text_reader("/nowhere/tesseract")
    with pytest.raises(SetupError, match="tesseract-ocr-ara") as caught:
        reader.read([drawn("Total")], [ENGLISH])
    assert caught.value.code == "tesseract_missing"
    with pytest.raises(SetupError):
        assert reader.version
