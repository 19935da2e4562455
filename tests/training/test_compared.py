"""The reader beside its rivals: what is counted, and where it is written."""

import numpy as np
import pytest

from core.reading.numeric import LineReading

pytest.importorskip("fontTools")

from training import report
from training.augment import PROFILES, Sample
from training.evaluate import Score
from training.rivals import Tesseract


def scored(answers: dict[str, str], seconds: float) -> Score:
    score = Score()
    for label, answer in answers.items():
        box = Sample(np.zeros((1, 1), np.uint8), label, "number", "a family")
        score.add(box, LineReading(answer, 1.0))
        score.seconds.append(seconds)
    return score


def test_every_way_is_beside_the_reader_in_each_set() -> None:
    ways = {
        "Khana": {name: scored({"١٢٣": "١٢٣", "45": "45"}, 0.001) for name in PROFILES},
        "another": {name: scored({"١٢٣": "", "45": "45"}, 0.1) for name in PROFILES},
    }
    text = report.beside(ways, "numeric-0", "validation")
    for row in (
        "| Khana | 100.0% | 100.0% | 100.0% | 0.0% | 1.0 | 1.0 |",
        "| another | 50.0% | 0.0% | 100.0% | 60.0% | 100.0 | 100.0 |",
    ):
        assert text.count(row) == 1 + len(PROFILES), "of each set, and of all together"
    assert "numeric-0" in text


def test_tesseract_gives_characters_of_the_reader_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Total −١٢٫٥٪\n"
    monkeypatch.setattr("pytesseract.image_to_string", lambda *_, **__: said)
    box = Sample(np.full((30, 90), 255, np.uint8), "", "amount", "a family")
    (reading,) = Tesseract("ara").read([box])
    assert reading.text == "-١٢٫٥%"
