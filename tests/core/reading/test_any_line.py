"""Whatever a line image shows and the networks see in it, nothing that looks at it stumbles."""

import numpy as np
import pytest

from core.geometry import Gray
from core.reading.ctc import LogProbs
from core.reading.gaps import has_gap, has_month, has_skipped, has_unread
from core.reading.grammar import Kind
from core.reading.lines import HEIGHT
from core.reading.network import FRAME
from core.reading.passed import without_hash, without_t
from core.reading.prints import seen
from core.reading.signs import otherwise_meant

TEXTS = ("", "5", "58", "-58", "(58)", "4/-", "1,234.50", "2026-03-2113:45:22", "12/5/2026", "8:5")
KINDS: tuple[Kind, ...] = ("number", "amount", "date")
LINES = 300


def line(rng: np.random.Generator, kind: int) -> tuple[Gray, LogProbs]:
    """An image and an answer about it: blank, faint, full, of specks, or of blocks."""
    width = int(rng.integers(1, 130))
    ink = np.zeros((HEIGHT, width), np.uint8)
    if kind == 1:
        ink[:] = rng.integers(0, 110, ink.shape)
    elif kind == 2:
        ink[:] = 255
    elif kind == 3:
        ink[rng.random(ink.shape) < 0.02] = 255
    elif kind == 4:
        for _ in range(rng.integers(1, 12)):
            top, left = rng.integers(0, HEIGHT), rng.integers(0, width)
            ink[top : top + rng.integers(1, HEIGHT), left : left + rng.integers(1, 20)] = 255
    frames = -(-width // FRAME) + int(rng.integers(0, 12))
    answer = rng.normal(0, 1, (frames, 31)).astype(np.float32)
    answer[:, 0] += rng.choice([-9.0, 2.0, 9.0])
    return ink, answer


@pytest.mark.parametrize("kind", range(5))
def test_any_line_can_be_looked_at(kind: int) -> None:
    rng = np.random.default_rng(kind)
    for _ in range(LINES):
        looked_at = seen(*line(rng, kind))
        for text in TEXTS:
            for form in KINDS:
                otherwise_meant(text, form, looked_at)
                has_gap(text, form, looked_at, words=bool(rng.integers(2)))
            has_unread(text, looked_at)
            has_skipped(text, looked_at)
            has_month(text, looked_at)
            without_t(text, looked_at.ink)
        without_hash(looked_at)
