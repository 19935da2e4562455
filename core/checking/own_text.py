"""What a digital PDF itself says is printed in a box, held against what is seen there.

Fonts may lie: a document's text is what its maker declared each shape to stand for. So it counts
only where it agrees with the picture, and where it doesn't a person looks.
"""

import difflib
import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from core.boxes import FieldBox
from core.formats.decoder import Character
from core.invoice import Reason
from core.reading.numeric import LineReading
from core.template import Box, Field, Kind, Template, Turn
from core.values.parse import parse_value
from core.values.plain import clean_text

SURE = 0.9999
"""Confidence where two that know nothing of each other say the same."""
_LIKELY = 0.05
"""Probability from which a next-best reading is what is seen, once the document says so, too."""
_UNDOUBTED = 0.9
"""Confidence from which the numeric reader has seen nothing beside an amount, such as the 'K' of
'25K', that makes another of it. Of less all that the document says there has to be that amount."""
_ALIKE = 0.75
"""How alike words are that Tesseract and the document mean the same by (`difflib`)."""
_CERTAIN = 0.95
"""Confidence from which Tesseract needs nobody to tell it. Of 480 boxes of names, addresses and
sentences that a browser made into PDFs, half of them in Arabic, it was right in all the 12 where it
had that much and the document said something else: fonts and layout twist words, 24 times there.
Where both say the same (414 boxes) they were right each time. One letter or digit more or less is
thus no agreement: it is what a font that lies would change."""
_MAKES_ANOTHER = re.compile(
    r"(?<!\w)(?:cr|credit|دائن|(?:thousand|million|billion)s?|mn|bn|الف|ألف|آلاف|مليون|ملايين)(?!\w)",
    re.IGNORECASE,
)
"""Words beside an amount that make another of it."""
_NUMERIC = frozenset(".,٫٬-/:%٪()")


@dataclass(frozen=True)
class Verdict:
    """The reading that holds; whether it is exact; what the document says where it differs."""

    line: LineReading
    exact: bool = False
    differing: str | None = None


def compared(
    field: Field,
    line: LineReading,
    characters: Sequence[Character],
    box: Box,
    page_size: tuple[int, int],
    template: Template,
    turn: Turn = 0,
) -> Verdict:
    """What was read in a box held against what the document says of it.

    box: in pixels of the page, whose size (width, height) in pixels is `page_size`. What is printed
    in it lies turned by `turn` degrees clockwise.
    """
    inside = [_upright(each, turn) for each in within(characters, box, page_size)]
    if not inside:
        return Verdict(line)
    own = words = max(
        (_words(inside), _words(_read_order(inside))), key=lambda words: _alike(words, line.text)
    )
    if field.kind is Kind.DATE and any(each.isalpha() for each in line.text):
        if _same_value(field, line.text, own, template):
            return Verdict(replace(line, confidence=SURE), exact=True)
        return Verdict(line, differing=own or None)
    if field.kind is Kind.TEXT:
        if own and _letters(own) == _letters(line.text):
            return Verdict(replace(line, text=own, confidence=SURE), exact=True)
        doubtful = line.confidence < _CERTAIN and _alike(own, line.text) >= _ALIKE
        return Verdict(line, differing=own if doubtful else None)
    own = numeric(inside)
    if not own:
        return Verdict(line)
    seen = (line.text, *(text for text, chance in line.alternatives if chance >= _LIKELY))
    for text in seen:
        if text == own or _same_value(field, text, own, template):
            # The digits alone: what stands beside or between them may make another amount of it.
            if field.kind is Kind.AMOUNT:
                # Of pages that are shown turned the words are in no order.
                orders = words, _words(sorted(inside, key=lambda each: each.x))
                if not any(_are_one(field, text, each, template) for each in orders):
                    return Verdict(line, differing=words)
                alone = any(_same_value(field, text, each, template) for each in orders)
                if line.confidence < _UNDOUBTED and not alone:
                    return Verdict(line)
                if _MAKES_ANOTHER.search(f"{words} {_words(_read_order(inside))}"):
                    return Verdict(line, differing=words)
            return Verdict(replace(line, text=text, confidence=SURE), exact=True)
    return Verdict(line, differing=own)


def differing(boxes: Sequence[FieldBox], verdicts: Sequence[Verdict]) -> Iterator[Reason]:
    """Of each box of which the document says otherwise, a `text_differs`."""
    for box, verdict in zip(boxes, verdicts, strict=True):
        if verdict.differing is not None:
            name = box.field.name
            yield Reason(
                code="text_differs",
                message=f"{name}: the file's own text says “{verdict.differing}”, but "
                f"“{verdict.line.text}” is seen: compare it",
                fields=(name,),
            )


def within(
    characters: Sequence[Character], box: Box, page_size: tuple[int, int]
) -> list[Character]:
    """Those in the box, in their order."""
    left, top, right, bottom = box
    width, height = page_size
    return [
        each
        for each in characters
        if left <= each.x * width < right and top <= each.y * height < bottom
    ]


def numeric(characters: Sequence[Character]) -> str:
    """The digits from left to right with the marks between them, as the numeric reader gives them:
    without currencies and words beside them."""
    printed = "".join(each.text for each in sorted(characters, key=lambda each: each.x))
    plain = unicodedata.normalize("NFKC", printed).replace("−", "-")
    kept = "".join(each for each in plain if each.isdecimal() or each in _NUMERIC)
    # The dot of "Dhs." and the colon of a label are no part of it.
    return kept.strip(".,:/٫٬") if any(each.isdecimal() for each in kept) else ""


def _upright(character: Character, turn: Turn) -> Character:
    """The same where it would be if the page were turned back by `turn` degrees."""
    text, x, y = character
    return Character(text, *{0: (x, y), 90: (y, 1 - x), 180: (1 - x, 1 - y), 270: (1 - y, x)}[turn])


def _words(characters: Iterable[Character]) -> str:
    return clean_text(unicodedata.normalize("NFKC", "".join(each.text for each in characters)))


def _letters(text: str) -> str:
    """The same without blanks, which neither is sure of."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def _alike(first: str, second: str) -> float:
    return difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()


def _are_one(field: Field, text: str, words: str, template: Template) -> bool:
    """Whether the digits of these words are one amount, that of the text, and not of two words. Of
    spaced type, where each is a word, it is not told."""
    words = re.sub(" ?([.,٫٬]) ?", r"\1", words)  # some documents have blanks beside marks
    at = [place for place, each in enumerate(words) if each.isdecimal()]
    if sum(any(map(str.isdecimal, word)) for word in words.split()) != 2:
        return True
    return _same_value(field, text.strip("-()"), words[at[0] : at[-1] + 1], template)


def _read_order(characters: Sequence[Character]) -> list[Character]:
    """The same, where right-to-left words whose letters come from left to right are turned about:
    some documents hold them, the first word of a line above all, in the order of the eye."""
    ordered: list[Character] = []
    for rightward, group in itertools.groupby(characters, key=_is_right_to_left):
        word = list(group)
        across = all(first.x < second.x for first, second in itertools.pairwise(word))
        ordered += reversed(word) if rightward and across else word
    return ordered


def _is_right_to_left(character: Character) -> bool:
    return unicodedata.bidirectional(character.text[:1]) in ("R", "AL")


def _same_value(field: Field, first: str, second: str, template: Template) -> bool:
    values = [
        parse_value(field.kind, text, date_order=template.date_order).value
        for text in (first, second)
    ]
    return values[0] is not None and values[0] == values[1]
