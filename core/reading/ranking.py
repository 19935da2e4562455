"""Line images → the likeliest texts, by as many looks as it takes.

Most lines are read at a glance, by one network. Where that one isn't all but sure a second one is
asked: networks that were trained apart err apart (Hansen and Salamon 1990). Where both leave doubt
the line is looked for in its box in other ways, and at last looked at stretched and blurred: what
is right is seen in all looks.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np

from core.geometry import Gray
from core.reading.ctc import Decoder, Hypothesis, Look
from core.reading.gaps import has_gap, has_month, has_skipped, has_unread, is_divided
from core.reading.grammar import Kind
from core.reading.habit import Habit
from core.reading.lines import MAX_WIDTH, Line, others, otherwise
from core.reading.network import FRAME, Network
from core.reading.passed import without_hash, without_t
from core.reading.prints import Seen, seen
from core.reading.signs import otherwise_meant
from core.reading.weighing import expected, weighed

Ranked = list[tuple[str, float]]
"""Texts, best first, with what the networks give them: probabilities in [0, 1]."""

CANDIDATES = 8
"""Texts that the grammar chooses among."""
THOROUGH = 48
"""Texts that it chooses among where the likeliest is out of form: '٢٠٠٢٠٠٤٠١٤' for a date is
'٢٠٠٢.٠٤.١٤' in a face whose points are as large and nearly as high as its zeros."""
SURE = 0.99
"""Probability of the best text below which the second network is asked. Asking about surer ones,
too, hardly makes confidence more honest; asking about none leaves a tenth more to review."""
UNSURE = 0.8
"""Probability of the best text below which a line is looked for elsewhere, and closely. On the
validation families it makes 95.5 % of the fields exact instead of 94.9 %; 0.9 does no better, 0.6
worse."""
MISSED = 0.4
"""What a reading of nothing counts beside one of something: print that a rule or a stroke hides
looks like nothing."""
AMBIGUOUS = 0.5
"""What a text is worth where another line of the box is as likely meant, or it has room for another
character."""
STRETCHES = (0.8, 1.25)
"""Of its width. Two more made 6 fields of 14,000 right, and a close look half as long again."""
BLUR = 1.5
"""Standard deviation in pixels of a line image: dots of dotted type run together, grain goes."""
LIKELY_NOT = math.log(0.5)
"""Logarithm of the blank's probability below which a frame shows a character."""


@dataclass(slots=True, eq=False)
class _Case:
    """A line that is being read. habit: how its field is printed, where that is known. ink: the
    image of it that is looked at. looks: what networks saw. first: the place among them of the
    first look at this image. found: texts that it may be. ranked: what the looks make of it so far.
    ambiguous: whether another line of the box is a number, too, or a character of this one may be
    missing. instead: what it is as likely, going by a sign that the reader doesn't know, or by
    another line."""

    line: Line
    kind: Kind
    habit: Habit | None
    ink: Gray
    looks: list[Look] = field(default_factory=list)
    first: int = 0
    found: list[Hypothesis] = field(default_factory=list)
    ranked: Ranked = field(default_factory=list)
    ambiguous: bool = False
    instead: list[str] = field(default_factory=list)

    def another(self, ink: Gray) -> "_Case":
        """The same line, found in another way."""
        return _Case(self.line, self.kind, self.habit, ink, found=self.found)

    @property
    def out_of_form(self) -> bool:
        return not expected(self.ranked[0][0], self.kind, self.habit)

    @property
    def arabic(self) -> bool | None:
        """Whether its digits ought to be Arabic-Indic."""
        return None if self.habit is None else self.habit.arabic

    @property
    def seen(self) -> Seen:
        """Its characters, as the first look at this image has them."""
        return seen(self.ink, self.looks[self.first].answer)

    def is_broken(self, line: Seen) -> bool:
        """Whether something else stands between its characters, `seen` so: room for another, more
        than for a usual blank, a rule of the form, or print that is no part of it."""
        if self.habit is not None and self.habit.parted:
            return False
        if self.ink is self.line.ink and is_divided(self.line, line):
            return True
        if self.kind == "date" and self.out_of_form:
            return False  # it may have another beside it, a time, or its month's name
        text = self.ranked[0][0]
        # Arabic-Indic numbers side by side are laid out from the right: see `has_gap`.
        words = self.kind == "amount" or (
            self.kind == "number" and (self.habit is not None or any(c >= "٠" for c in text))
        )
        return (
            has_gap(text, self.kind, line, words=words)
            or has_unread(text, line)
            or (self.kind == "amount" and has_skipped(text, line))
        )

    @property
    def answer(self) -> Ranked:
        """Its likeliest texts. What it is instead is one of them, lest a rule that holds of numbers
        with the same sign vouch for them without it, or of each row of a table for the wrong
        one."""
        if not self.ambiguous:
            return self.ranked
        first, *others = [(text, AMBIGUOUS * chance) for text, chance in self.ranked]
        return [first, *((text, first[1]) for text in self.instead), *others]

    def weigh(self, hypotheses: Sequence[Hypothesis]) -> None:
        self.ranked = weighed(hypotheses, self.kind, self.habit)

    @property
    def worth(self) -> float:
        """The probability of the best text, less where that is nothing."""
        text, chance = self.ranked[0]
        return chance if text else MISSED * chance


class Ranker:
    """networks: the first reads all lines, the others those that it leaves in doubt. charset: the
    characters of their classes 1 and up."""

    def __init__(self, networks: Sequence[Network], charset: str) -> None:
        self._first, *self._others = self._networks = networks
        self._first.load()
        self._decoder = Decoder(charset)
        self._thorough = Decoder(charset, beam=THOROUGH, floor=1e-7)

    def rank(
        self,
        lines: Sequence[Line],
        kinds: Sequence[Kind],
        habits: Sequence[Habit | None],
        *,
        glance: bool = False,
    ) -> list[Ranked]:
        """Of each line its likeliest texts, at least one. glance: one look has to do."""
        cases = [
            _Case(line, kind, habit, line.ink)
            for line, kind, habit in zip(lines, kinds, habits, strict=True)
        ]
        self._glance(cases)
        if glance:
            return [case.ranked for case in cases]
        self._bring_into_form([case for case in cases if case.out_of_form])
        self._pass_over([case for case in cases if case.kind == "date"])
        self._pass_over([case for case in _doubtful(cases, SURE) if case.kind == "number"])
        self._ask_others(_doubtful(cases, SURE))
        self._read_other_lines([case for case in cases if case.line.more])
        for case in cases:
            (text, _), line = case.ranked[0], case.seen
            meant = otherwise_meant(text, case.kind, line)
            if case.is_broken(line):
                case.ambiguous = True
                if case.kind == "amount" and text.isdecimal() and meant is None:
                    meant = f"{text[:-2]}.{text[-2:]}"  # riyals and, set apart, halalas
            if meant is not None:
                case.ambiguous = True
                case.instead.insert(0, meant)
        self._look_elsewhere(_doubtful(cases, UNSURE))
        self._look_closely(_doubtful(cases, UNSURE))
        for case in cases:
            if case.kind == "date":
                case.ambiguous |= has_month(case.ranked[0][0], case.seen)
        return [case.answer for case in cases]

    def _glance(self, cases: Sequence[_Case]) -> None:
        self._look([self._first], cases)
        found = self._decoder.best([case.looks[0] for case in cases], CANDIDATES) if cases else []
        for case, texts in zip(cases, found, strict=True):
            case.found = texts
            case.weigh(case.found)

    def _bring_into_form(self, cases: Sequence[_Case]) -> None:
        for case in cases:
            case.found = self._thorough.n_best(case.looks[0].answer, THOROUGH, case.arabic)
            case.weigh(case.found)

    def _pass_over(self, cases: Sequence[_Case]) -> None:
        """Looks once more without a sign that is like a digit: the 'T' before a time, and the '#'
        before a number."""
        changed = []
        for case in cases:
            date = case.kind == "date"
            ink = without_t(case.ranked[0][0], case.ink) if date else without_hash(case.seen)
            if ink is not None:
                case.ink, case.looks = ink, []
                changed.append(case)
        self._glance(changed)

    def _ask_others(self, cases: Sequence[_Case]) -> None:
        self._look(self._others, cases)
        self._weigh(cases)

    def _read_other_lines(self, cases: Sequence[_Case]) -> None:
        """Goes over to another line of the box that is a number, where the first is none, is cut by
        the box or out of form. Two that are whole leave a doubt about which is meant."""
        ways = [(case, case.another(ink)) for case in cases for ink in others(case.line)]
        self._look(self._networks, [way for _, way in ways])
        self._weigh([way for _, way in ways])
        for case, way in ways:
            if not way.ranked[0][0]:
                continue
            nothing = not case.ranked[0][0]
            cut = case.line.cut and case.ink is case.line.ink
            sure = way.ranked[0][1] >= UNSURE
            if sure and (nothing or cut or case.out_of_form > way.out_of_form):
                case.ink, case.looks, case.ranked = way.ink, way.looks, way.ranked
            elif sure or nothing:
                case.ambiguous = True
                case.instead.append(way.ranked[0][0])

    def _look_elsewhere(self, cases: Sequence[_Case]) -> None:
        """Goes over to another way to find the line where that has a likelier reading. What was
        seen before counts on: a part of a line is read surely, too."""
        ways = []
        for case in cases:
            seen = np.repeat(case.looks[0].answer[:, 0] < LIKELY_NOT, FRAME)[: case.ink.shape[1]]
            inks = _unlike(case.ink, otherwise(case.line, seen))
            ways += [(case, case.another(ink)) for ink in inks]
        self._look(self._networks, [way for _, way in ways])
        self._weigh([way for _, way in ways])
        best: dict[_Case, _Case] = {}
        for case, way in ways:
            if way.ranked[0][0] and way.worth > best.get(case, case).worth:
                best[case] = way
        for case, way in best.items():
            case.ink, case.first = way.ink, len(case.looks)
            case.looks += way.looks
        self._weigh([*best])

    def _look_closely(self, cases: Sequence[_Case]) -> None:
        for by in STRETCHES:
            self._look(self._networks, cases, partial(_stretched, by=by))
        self._look(self._networks, cases, _blurred)
        self._weigh(cases)

    def _look(
        self,
        networks: Sequence[Network],
        cases: Sequence[_Case],
        change: Callable[[Gray], Gray] = lambda ink: ink,
    ) -> None:
        inks = [change(case.ink) for case in cases]
        for network in networks if cases else ():
            seen = self._decoder.looks(network.frames(inks), [case.arabic for case in cases])
            for case, look in zip(cases, seen, strict=True):
                case.looks.append(look)

    def _weigh(self, cases: Sequence[_Case]) -> None:
        """Ranks the texts of these lines by all looks at them."""
        if cases:
            agreed = self._decoder.agreed([c.looks for c in cases], [c.found for c in cases])
            for case, hypotheses in zip(cases, agreed, strict=True):
                case.weigh(hypotheses)


def _doubtful(cases: Iterable[_Case], limit: float) -> list[_Case]:
    """Those whose likeliest text is less likely than that, or nothing at all."""
    return [case for case in cases if case.ranked[0][1] < limit or not case.ranked[0][0]]


def _unlike(known: Gray, inks: Sequence[Gray]) -> list[Gray]:
    """Those that are pixel for pixel unlike the one that is known, and unlike each other: a sixth
    of the ways to find a line end in one that was seen."""
    new: list[Gray] = []
    for ink in inks:
        if not any(np.array_equal(ink, other) for other in (known, *new)):
            new.append(ink)
    return new


def _stretched(ink: Gray, by: float) -> Gray:
    height, width = ink.shape
    size = (max(1, min(MAX_WIDTH, round(width * by))), height)
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _blurred(ink: Gray) -> Gray:
    # As much brighter as thin strokes have become darker.
    return cv2.convertScaleAbs(cv2.GaussianBlur(ink, (0, 0), BLUR), alpha=1.7).astype(np.uint8)
