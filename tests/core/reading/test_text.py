"""Words, read by the real Tesseract."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from core.errors import SetupError, TransientError
from core.reading import text as module
from core.reading.text import TextReader
from core.template import Language

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
BOTH: tuple[Language, ...] = ("ara", "eng")


def drawn(words: str, *, size: int = 24) -> NDArray[np.uint8]:
    font = ImageFont.truetype(FONT, size)
    picture = Image.new("L", (int(font.getlength(words)) + 40, size * 2), 255)
    ImageDraw.Draw(picture).text((20, size // 3), words, font=font, fill=0)
    return np.asarray(picture)


def read(*boxes: NDArray[np.uint8], languages: Sequence[Language] = BOTH) -> list[str]:
    found = TextReader().read(boxes, [tuple(languages)] * len(boxes))
    return [reading.text for reading in found]


def test_both_languages_in_their_order() -> None:
    assert read(
        drawn("Harbour View Hotel"),
        drawn("شركة برج الخليج"),
        drawn("الأفق Horizon"),
    ) == ["Harbour View Hotel", "شركة برج الخليج", "الأفق Horizon"]


def test_small_print_is_enlarged() -> None:
    assert read(drawn("Oryx Crane Services", size=13)) == ["Oryx Crane Services"]


def test_an_empty_box_is_empty() -> None:
    blank = np.full((40, 200), 230, np.uint8)
    assert read(blank, drawn("Total")) == ["", "Total"]


def test_lines_are_joined() -> None:
    upper, lower = drawn("Blue Lantern"), drawn("Fisheries")
    width = max(upper.shape[1], lower.shape[1])
    lines = [
        np.pad(line, ((0, 0), (0, width - line.shape[1])), constant_values=255)
        for line in (upper, lower)
    ]
    assert read(np.vstack(lines), languages=["eng"]) == ["Blue Lantern Fisheries"]


def test_confidence_falls_with_the_picture() -> None:
    clear = drawn("Falcon Contracting")
    noise = np.random.default_rng(3).normal(0, 90, clear.shape)
    noisy = np.clip(clear * 0.6 + 60 + noise, 0, 255).astype(np.uint8)
    sure, unsure = TextReader().read([clear, noisy], [("eng",)] * 2)
    assert 0 <= unsure.confidence < sure.confidence <= 1


def test_boxes_of_the_same_languages_share_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[str] = []
    real = module.pytesseract.image_to_data

    def counted(*args: object, **options: object) -> object:
        runs.append(str(options["lang"]))
        return real(*args, **options)

    monkeypatch.setattr(module.pytesseract, "image_to_data", counted)
    boxes = [drawn(word) for word in ("Total", "Date", "Name")]
    found = TextReader().read(boxes, [("eng",), BOTH, ("eng",)])
    assert [reading.text for reading in found] == ["Total", "Date", "Name"]
    assert sorted(runs) == ["ara+eng", "eng"]


def test_a_missing_program_is_said_with_the_remedy() -> None:
    reader = TextReader("/nowhere/tesseract")
    with pytest.raises(SetupError, match="tesseract-ocr-ara") as caught:
        reader.read([drawn("Total")], [("eng",)])
    assert caught.value.code == "tesseract_missing"


def _program(path: Path, script: str) -> str:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_a_missing_language_is_said_with_the_remedy(tmp_path: Path) -> None:
    program = _program(tmp_path / "t", 'TESSDATA_PREFIX=/nowhere exec tesseract "$@"')
    with pytest.raises(SetupError, match="tesseract-ocr-ara") as caught:
        TextReader(program).read([drawn("Total")], [("eng",)])
    assert caught.value.code == "tesseract_language_missing"


def test_a_crash_may_pass(tmp_path: Path) -> None:
    program = _program(tmp_path / "t", "kill -SEGV $$")
    with pytest.raises(TransientError):
        TextReader(program).read([drawn("Total")], [("eng",)])


def test_a_hang_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT_S", 0.3)
    program = _program(tmp_path / "t", "exec sleep 20")
    with pytest.raises(TransientError, match="longer"):
        TextReader(program).read([drawn("Total")], [("eng",)])
