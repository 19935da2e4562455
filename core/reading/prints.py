"""What is printed in a line image, and where a network sees its characters."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray
from core.reading.ctc import LogProbs
from core.reading.lines import INKED, inked_columns
from core.reading.network import FRAME

DIGIT = 0.7
"""Of the tallest print, how tall digits are at least: marks are less."""

Mask = NDArray[np.bool_]
Columns = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Seen:
    """A line image, and its columns from which, and to which, a network sees each character."""

    ink: Gray
    begins: Columns
    ends: Columns

    @cached_property
    def filled(self) -> NDArray[np.bool_]:
        """As `inked_columns`."""
        return inked_columns(self.ink)

    @cached_property
    def middles(self) -> NDArray[np.float64]:
        """Of each frame in which a character is seen, the column in its middle."""
        frames = [np.arange(*each, FRAME) for each in zip(self.begins, self.ends, strict=True)]
        return np.concatenate([np.empty(0), *frames]) + FRAME / 2

    @cached_property
    def prints(self) -> tuple[Columns, Columns]:
        """As `printed`."""
        return printed(self.ink)

    def prints_of(self, at: slice | list[int]) -> NDArray[np.intp]:
        """The number, among `prints`, of that whose middle is nearest to each character's `at`."""
        left, right = self.prints
        middle = (self.begins[at] + self.ends[at])[:, np.newaxis] / 2
        nearest: NDArray[np.intp] = np.abs((left + right) / 2 - middle).argmin(axis=1)
        return nearest

    @property
    def mirrored(self) -> "Seen":
        width = self.ink.shape[1]
        return Seen(self.ink[:, ::-1], width - self.ends[::-1], width - self.begins[::-1])


def seen(ink: Gray, answer: LogProbs) -> Seen:
    """What a network's answer, T×C, says of a line image."""
    likeliest = np.concatenate(([0], answer.argmax(axis=1), [0]))
    changes = np.flatnonzero(likeliest[1:] != likeliest[:-1])
    return Seen(
        ink,
        FRAME * changes[likeliest[changes + 1] != 0],
        FRAME * changes[likeliest[changes] != 0],
    )


def printed(ink: Gray) -> tuple[Columns, Columns]:
    """Columns from which, and to which, there is ink on end."""
    filled = np.concatenate(([False], inked_columns(ink), [False]))
    edges = np.flatnonzero(filled[1:] != filled[:-1])
    return edges[::2], edges[1::2]


def rows(ink: Gray, left: int, right: int) -> tuple[int, int]:
    """Rows from which, and to which, there is ink in these columns, all of which have some."""
    filled = np.flatnonzero((ink[:, left:right] > INKED).any(axis=1))
    return int(filled[0]), int(filled[-1]) + 1


def cut(ink: Gray, left: int, right: int) -> Mask:
    """The ink of these columns, from the first row that has any to the last."""
    top, bottom = rows(ink, left, right)
    return np.asarray(ink[top:bottom, left:right] > INKED)
