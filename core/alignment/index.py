"""Which of many known forms a page may be, without looking at each of them.

The bits of a feature are cut into eight words, and each word has a list of the known features that
hold it (multi-index hashing: Norouzi, Punjani and Fleet, CVPR 2012). What a page's features meet in
the lists votes for a form, seen at an angle, in a size, around a place (a Hough transform, as in
Lowe, IJCV 2004); what comes from the same form agrees on these, and what only looks alike doesn't.
"""

from collections.abc import Sequence
from itertools import product

import numpy as np
from numpy.typing import NDArray

from core.alignment.looks import Looks
from core.geometry import Floats

_WORDS = 8
_WORD_VALUES = 1 << 16
_LONGEST = 200
"""Lists longer than this say nothing: letters of a common face. They'd make the time grow with the
number of forms."""
_MOST_BITS = 20
"""Of 128 by which features of one kind differ. At 24 the known form leads by less, at 16 too."""
_ANGLES = 12
_OCTAVES = 16
_WIDTHS = 5
"""Bins of the place in one width of the page, and in three widths that are looked at."""
_ACROSS = 3 * _WIDTHS

_Numbers = NDArray[np.int64]


class Index:
    """Known forms by their looks. Costs some 60 bytes a feature; never changes."""

    def __init__(self, forms: Sequence[Looks]) -> None:
        self._count = len(forms)
        sizes = [len(form.bits) for form in forms]
        self._form = np.repeat(np.arange(len(forms)), sizes)
        self._bits = np.concatenate([np.empty((0, 16), np.uint8), *(form.bits for form in forms)])
        self._places = np.concatenate([np.empty((0, 2)), *(form.places for form in forms)])
        self._sizes = np.concatenate([np.empty(0), *(form.sizes for form in forms)])
        self._angles = np.concatenate([np.empty(0), *(form.angles for form in forms)])
        words = self._bits.view(np.uint16)
        self._lists = [np.argsort(words[:, n], kind="stable") for n in range(_WORDS)]
        values = np.arange(_WORD_VALUES + 1)
        self._starts = [
            np.searchsorted(words[order, n], values) for n, order in enumerate(self._lists)
        ]

    def votes(self, page: Looks) -> Floats:
        """How many features of each form the page seems to hold, where most of them agree on how
        the form lies.

        Those of the page count once for a form: wholly if no other form has the like, else less
        (inverse document frequency), so that votes mean the same however many forms there are.
        """
        seen, known = self._met(page)
        votes = np.zeros(self._count)
        if not len(seen):
            return votes
        form = self._form[known]
        forms_met = np.bincount(
            np.unique(seen * self._count + form) // self._count, minlength=len(page.bits)
        )
        weight = 1 - np.log(np.maximum(forms_met, 1)) / np.log(1 + self._count)
        turn = page.angles[seen] - self._angles[known]
        octaves = page.sizes[seen] - self._sizes[known]
        centre = page.places[seen] - _turned(self._places[known], turn, np.exp2(octaves))
        bins = _ANGLES * _OCTAVES * _ACROSS**2
        # What lies on the edge of a bin lies amid one when bins are shifted by half.
        for half, right, down in product((0, 0.5), repeat=3):
            place = np.floor((centre + 1.5) * _WIDTHS + (right, down)).astype(np.int64)
            x, y = np.clip(place, 0, _ACROSS - 1).T
            angle = np.floor(turn * _ANGLES + half).astype(np.int64) % _ANGLES
            octave = np.floor(octaves + half).astype(np.int64) % _OCTAVES
            cell = (((form * _ANGLES + angle) * _OCTAVES + octave) * _ACROSS + x) * _ACROSS + y
            once = np.unique(cell * len(page.bits) + seen)
            cells, which = np.unique(once // len(page.bits), return_inverse=True)
            total = np.bincount(which, weight[once % len(page.bits)])
            np.maximum.at(votes, cells // bins, total)
        return votes

    def _met(self, page: Looks) -> tuple[_Numbers, _Numbers]:
        """Pairs of a feature of the page and a known one that is of its kind."""
        words = page.bits.view(np.uint16)
        pairs = [np.empty((2, 0), np.int64)]
        for n, (order, starts) in enumerate(zip(self._lists, self._starts, strict=True)):
            first = starts[words[:, n]]
            length = starts[words[:, n].astype(np.int64) + 1] - first
            length[length > _LONGEST] = 0
            seen = np.repeat(np.arange(len(words)), length)
            within = np.arange(len(seen)) - np.repeat(np.cumsum(length) - length, length)
            pairs.append(np.stack([seen, order[np.repeat(first, length) + within]]))
        seen, known = np.concatenate(pairs, axis=1)
        differing = np.bitwise_count(
            page.bits.view(np.uint64)[seen] ^ self._bits.view(np.uint64)[known]
        ).sum(axis=1, dtype=np.int64)
        alike = differing <= _MOST_BITS
        once = np.unique(seen[alike] * len(self._bits) + known[alike])
        return once // max(1, len(self._bits)), once % max(1, len(self._bits))


def _turned(places: Floats, turns: Floats, scales: Floats) -> Floats:
    """N×2 places, each turned and scaled by its own."""
    cosine, sine = scales * np.cos(2 * np.pi * turns), scales * np.sin(2 * np.pi * turns)
    x, y = places.T
    return np.column_stack([cosine * x - sine * y, sine * x + cosine * y])
