"""Numbers among words: what the numeric reader sees where Tesseract sees a word.

Tesseract takes '٥٧' for 'OV', '2%' for '962', '2023-6186' for '2023-6' and 'SA76' for '5876', and
is sure of it. The numeric reader, which knows digits and their marks alone, is asked about every
word: one that is a number to it has to be that number.
"""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray
from core.reading.grammar import Kind
from core.reading.lines import inked_columns, prepare
from core.reading.numeric import LineReading, NumericReader
from core.reading.tesseract import Line, Word
from core.values.months import named

Cell = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of a box."""

_DOUBT = 0.5
"""What a text is worth in which the two see different numbers."""
_CERTAIN, _CONFIRMED = 100.0, 96.0
"""Tesseract's certainty of a word that it has no say in, and of a number that both see."""
_ONE_MORE = 1
"""Characters that Tesseract makes of a number's digits, beyond those that there are."""
_MORE_PIECES = 2
"""Dots of a '٪' that stand beside its stroke."""
_EMPTY = 0.05
"""Of the most ink in a row or column: what a gap between words may have."""


class Numerals:
    """Holds words against what the numeric reader sees in their place."""

    def __init__(self, reader: NumericReader) -> None:
        self._reader = reader

    def checked(
        self,
        boxes: Sequence[Gray],
        tries: Sequence[Sequence[list[Line]]],
        *,
        arabic: Sequence[bool],
    ) -> Iterator[list[tuple[list[Line], float]]]:
        """Of each box its tries with their numbers put right, each with the probability in [0, 1]
        that it is right as far as numbers go.

        boxes: grey, H×W. tries: what Tesseract made of each, once and again, with the places of its
        words in pixels of the box. arabic: whether a box may hold Arabic-Indic digits.
        """
        places = [
            [_cells(box, lines) for lines in some] for box, some in zip(boxes, tries, strict=True)
        ]
        asked = {
            (index, cell): boxes[index][cell[1] : cell[3], cell[0] : cell[2]]
            for index, some in enumerate(places)
            for cell in itertools.chain.from_iterable(itertools.chain.from_iterable(some))
        }
        # A closer look would be at letters, mostly.
        kinds: list[Kind] = ["number"] * len(asked)
        readings = self._reader.read([*asked.values()], kinds, glance=True)
        seen = dict(zip(asked, readings, strict=True))
        for index, (some, where) in enumerate(zip(tries, places, strict=True)):
            found = []
            for lines, rows in zip(some, where, strict=True):
                pairs = [
                    [
                        self._held(
                            word, asked[index, cell], seen[index, cell], arabic=arabic[index]
                        )
                        for word, cell in zip(line, row, strict=True)
                    ]
                    for line, row in zip(lines, rows, strict=True)
                ]
                words = [[word for word, _ in line] for line in pairs]
                chances = [chance for line in pairs for _, chance in line]
                chances += [_DOUBT for line in words if _has_neighbours(line)]
                found.append((words, math.prod(chances)))
            yield found

    def _held(
        self, word: Word, part: Gray, seen: LineReading, *, arabic: bool
    ) -> tuple[Word, float]:
        """The word, or the number that it is, and the probability that this is right as far as
        numbers go. part: where it is. seen: what the numeric reader makes of that."""
        number = seen.text.strip("%") + "%" * seen.text.count("%")  # which may be on either side
        sure = seen.confidence >= self._reader.review_threshold
        digits = any(each.isdecimal() for each in word.text)
        letters = sum(each.isalpha() for each in word.text)
        if number == word.text.replace("٪", "%") and digits:
            return replace(word, confidence=max(word.confidence, sure * _CONFIRMED)), 1.0
        if sure and _is_arabic(number):
            if arabic and _stands_for(number, word.text, letters):
                number = number.replace("%", "٪")
                # Layout from right to left turns numbers with hyphens round.
                plain = "-" not in number and number[-1] not in ".,٫٬:" and _is_all(number, part)
                found = replace(word, text=number, confidence=_CERTAIN)
                return found, seen.confidence if plain else _DOUBT
            if not digits:
                return word, _DOUBT if len(number) > letters / 2 else 1.0
        if not digits or _fits(word.text, number):
            return word, _DOUBT if digits and _may_have_either(word.text) else 1.0
        whole = sure and not letters and len(number) >= max(2, len(word.text) - _ONE_MORE)
        return replace(word, text=number) if whole else word, _DOUBT


def _is_arabic(number: str) -> bool:
    return any("٠" <= each <= "٩" for each in number)


def _stands_for(number: str, word: str, letters: int) -> bool:
    """Whether what Tesseract takes for a word may be the number and nothing else. Of 478 drawn
    Latin words of 1 to 4 letters none was surely a number of several Arabic-Indic digits, but 4 'V'
    and 'I' were surely one digit."""
    if letters == 0:
        return True
    latin = all(each.isascii() for each in word if each.isalpha())
    return latin and 1 < len(number) >= len(word) - _ONE_MORE


def _has_neighbours(line: Line) -> bool:
    """Whether Arabic-Indic numbers stand side by side: it may be one that Tesseract has cut in two,
    and which of two comes first the picture doesn't say."""
    ordered = [word.text for word in sorted(line, key=lambda word: word.left)]
    return any(
        _is_arabic(word) and not any(each.isalpha() for each in word + other) and _is_arabic(other)
        for word, other in pairwise(ordered)
    )


def _is_all(number: str, part: Gray) -> bool:
    """Whether there is nothing beside a number, going by how many pieces of print stand side by
    side: the reader passes over letters. Of 51 drawn words such as 'ق٥٨٤' or 'SA٥٨٠٤' of which it
    surely read the digits all had too many, of 122 numbers 3."""
    filled = inked_columns(prepare(part).ink)
    pieces = np.count_nonzero(np.diff(filled.astype(np.int8), prepend=0) == 1)
    return int(pieces) <= len(number) + _MORE_PIECES * number.count("٪")


def _fits(word: str, number: str) -> bool:
    """Whether a word may look so to who knows digits and their marks alone: its letters, and '+',
    may each be taken for a digit or a mark, and they and its marks be overlooked."""
    matched = {0}  # lengths of the beginnings of the number that the word so far may be
    for each in word:
        further = {
            length + 1
            for length in matched
            if each.isalpha() or each == "+" or number[length : length + 1] == each
        }
        matched = further if each.isdecimal() else matched | further
    return len(number) in matched


def _may_have_either(word: str) -> bool:
    """Whether its 'O' may be '0', or the other way about: nothing but its neighbours tells which,
    and of a code that goes from letters to digits and back not even they do. '20-May-25' is none:
    the month tells what is beside it."""
    if named(word) is not None:
        return False
    plain = re.sub("[^A-Z0-9]", "", word)
    return bool(re.search("[O0]", plain) and re.search("[0-9][A-Z]+[0-9]|[A-Z][0-9]+[A-Z]", plain))


def _cells(box: Gray, lines: Sequence[Line]) -> list[list[Cell]]:
    """Where the words of a box are, from gap to gap: Tesseract's own boxes cut through digits, and
    have neighbours in them. Of each word of each line, in their order.

    lines: their words' places are in pixels of the box.
    """
    ink = cv2.absdiff(box, np.full_like(box, int(np.median(box)))).astype(np.float32)
    found: list[list[Cell]] = [[] for _ in lines]
    rows = {i: _span([(w.top, w.bottom) for w in line]) for i, line in enumerate(lines) if line}
    for i, (top, bottom) in _cut(ink.sum(axis=1), rows).items():
        across = {n: (word.left, word.right) for n, word in enumerate(lines[i])}
        columns = _cut(ink[top:bottom].sum(axis=0), across)
        found[i] = [(columns[n][0], top, columns[n][1], bottom) for n in range(len(lines[i]))]
    return found


def _span(spans: Sequence[tuple[int, int]]) -> tuple[int, int]:
    first, last = np.median(spans, axis=0)
    return int(first), int(last)


def _cut(
    profile: NDArray[np.float32], spans: Mapping[int, tuple[int, int]]
) -> dict[int, tuple[int, int]]:
    """First and last+1 of each thing, by its key, cut apart in the widest gap between the middles
    of two.

    profile: ink in each row or column. spans: about where the things are. Where they begin is known
    better than where they end: of a line in two directions a word's may be that of the line.
    """
    if not spans:
        return {}
    ordered = sorted(spans, key=lambda key: spans[key])
    begins = [spans[key][0] for key in ordered]
    ends = [spans[key][1] for key in ordered]
    ends = [min(each) for each in zip(ends, [*begins[1:], len(profile)], strict=True)]
    middles = [(begin + end) // 2 for begin, end in zip(begins, ends, strict=True)]
    edges = [0]
    for first, last in pairwise(middles):
        begin = min(max(edges[-1], first), len(profile) - 1)
        part = profile[begin : max(begin, last) + 1]
        low = part <= part.min() + _EMPTY * (part.max() - part.min())
        turns = np.flatnonzero(np.diff(low.astype(np.int8), prepend=0, append=0))
        start, end = max(zip(turns[::2], turns[1::2], strict=True), key=lambda gap: gap[1] - gap[0])
        edges.append(begin + int(start + end) // 2)
    return dict(zip(ordered, pairwise([*edges, len(profile)]), strict=True))
