"""How a supplier prints a field, told by one example of it.

A supplier's form comes out of one program: where it prints '٣٫٠٠' once it prints two decimals
behind a '٫' each time, whatever ',' and '٠' look like in its face. Of many a mark, and of a lone
'٥' or '0', the picture alone can't say what it is.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from core.reading.grammar import Kind, date_within, well_formed
from core.template import Field, Template
from core.template import Kind as FieldKind
from core.values.parse import begins_decimals, parse_value
from core.values.plain import DASHES

ODDS = 0.02
"""How much less likely a text is that is printed otherwise than the example."""

_ZEROS = "0٠"
_AS_READ = str.maketrans("۰۱۲۳۴۵۶۷۸۹٪،", "٠١٢٣٤٥٦٧٨٩%,") | DASHES
"""What people type → the characters that the reader answers with."""
_BESIDE = re.compile(r"[^\W\d_]+\.?|[^٠-٩0-9/.,٫٬:%()-]")
"""Words and currencies ('د.إ', 'AED'), blanks, direction marks: what the reader passes over."""
_PARTED = re.compile(r"\d\s+\d|\d\W*[^\W\d_].*\d")
_FROM_DIGIT_TO_DIGIT = re.compile(r"\d(?:.*\d)?")
_ARABIC, _WESTERN = "[٠-٩]", "[0-9]"
_POINTS = ".,٫٬"
"""Marks that many faces draw alike."""
_GROUPS = {"": ",٬", ".": ",٬", ",": ".", "٫": "٬,"}
"""What may set thousands apart where that begins decimals."""
_AMOUNT = re.compile(r"(-/)?[-(]*(%?)([\d.,٫٬]*\d)(%?)(/-)?[-)]*")


@dataclass(frozen=True, slots=True)
class Habit:
    """arabic: whether its digits are Arabic-Indic. printed: what it prints, all of it. group: what
    sets thousands apart, '' for nothing, None where the example is too short to tell. decimal: what
    begins decimals, and in other fields the point that may stand among digits. parted: whether
    blanks or letters stand between digits."""

    arabic: bool
    printed: re.Pattern[str]
    group: str | None = None
    decimal: str = ""
    parted: bool = False

    def odds(self, text: str) -> float:
        """How likely such a text is beside one that is printed as the example is. Nothing at all is
        printed anyhow."""
        return 1.0 if not text or self.printed.fullmatch(text) else ODDS

    def meant(self, text: str) -> str:
        """The text with the example's points, if that makes it one that is printed so and it meant
        the same or nothing: thousands stay apart from decimals."""
        points = [at for at, character in enumerate(text) if character in _POINTS]
        characters = list(text)
        for at in points:
            last = at == points[-1]
            characters[at] = self.decimal if last and self.decimal else (self.group or text[at])
        changed = "".join(characters)
        if not self.printed.fullmatch(changed):
            return text
        return changed if _amount_of(text) in (None, _amount_of(changed)) else text


@lru_cache(maxsize=1024)
def habit_of(example: str | None, kind: Kind) -> Habit | None:
    """What an example says of a kind of field; None if nothing: it may be typed by anybody."""
    typed = example or ""
    example = as_read(typed, kind)
    if not example or not well_formed(example, kind):
        return None
    digits = {character > "9" for character in example if character.isdigit()}
    if len(digits) != 1 or parse_value(FieldKind(kind), example).value is None:
        return None
    if kind == "amount" and _amount_of(_FROM_DIGIT_TO_DIGIT.findall(typed)[0]) is None:
        return None  # two numbers, such as '12 riyals 50', and what is read of them is neither
    arabic = digits.pop()
    make = {"amount": _amount, "date": _date, "number": _number}[kind]
    habit = make(example, arabic)
    return habit and replace(habit, parted=_PARTED.search(typed) is not None)


def as_read(example: str, kind: str) -> str:
    """An example as the reader would give it."""
    plain = _BESIDE.sub("", example.translate(_AS_READ))
    return plain.strip("-/.,:") if kind == "number" else plain  # of 'INV-0042' the '-'


def silent(template: Template) -> list[Field]:
    """Fields whose example says nothing of how they are printed."""
    return [
        field
        for field in template.fields
        if field.example
        and field.kind is not FieldKind.TEXT
        and habit_of(field.example, field.kind.value) is None
    ]


def _amount_of(text: str) -> str | None:
    return parse_value(FieldKind.AMOUNT, text).value


def _amount(example: str, arabic: bool) -> Habit | None:
    parts = _AMOUNT.fullmatch(example)
    value = _amount_of(example)
    if parts is None or value is None:
        return None
    start, before, number, after, end = parts.groups("")
    places = len(value.partition(".")[2])
    decimal = begins_decimals(example)
    whole = number[: -places - 1] if places else number
    marks = [character for character in whole if character in _POINTS]
    group = marks[0] if marks else "" if len(whole) > len("999") else None
    digit, zero, first = (_ARABIC, "٠", "[١-٩]") if arabic else (_WESTERN, "0", "[1-9]")
    grouped = [*(_GROUPS[decimal] if group is None else group)]
    wholes = [rf"{first}{digit}{{0,2}}(?:{re.escape(mark)}{digit}{{3}})*" for mark in grouped]
    if not group:
        wholes.append(rf"{first}{digit}*")
    cents = rf"{re.escape(decimal)}{digit}{{{places}}}" if places else ""
    amount = rf"{before}(?:{'|'.join([zero, *wholes])}){cents}{after}"
    signed = rf"-?{start}{amount}{end}" if start or end else rf"-?{amount}-?|\({amount}\)"
    return Habit(arabic, re.compile(signed), group, decimal)


def _date(example: str, arabic: bool) -> Habit:
    """Days and months have a zero in front where the example's have, and may have one where its
    have two digits anyhow. A year of two digits stands last: before the others it has no value. A
    time stands beside them where it does in the example."""
    digit = _ARABIC if arabic else _WESTERN
    begin, end = date_within(example)
    time_before, time_behind = (
        re.sub(r"\d+", lambda _: rf"{digit}{{1,2}}", time)
        for time in (example[:begin], example[end:])
    )
    runs = re.findall(r"\d+", example[begin:end])
    year = 0 if len(runs[0]) > len("31") else len(runs) - 1
    days = runs[:year] + runs[year + 1 :]
    zeros = any(run[0] in _ZEROS for run in days) and all(len(run) > 1 for run in days)
    digits = [rf"{digit}{{2}}" if zeros else rf"{digit}{{1,2}}"] * len(runs)
    digits[year] = rf"{digit}{{{len(runs[year])}}}"
    habit = _between_marks(example[begin:end], arabic, lambda _: digits.pop(0))
    return replace(habit, printed=re.compile(time_before + habit.printed.pattern + time_behind))


def _number(example: str, arabic: bool) -> Habit:
    """Digits are as many as the example's where that has a zero in front of them."""
    digit = _ARABIC if arabic else _WESTERN
    return _between_marks(
        example,
        arabic,
        lambda run: rf"{digit}{{{len(run)}}}" if run[0] in _ZEROS and run[1:] else rf"{digit}+",
    )


def _between_marks(example: str, arabic: bool, digits: Callable[[str], str]) -> Habit:
    """The example's marks, and between them what `digits` makes of its runs of digits."""
    parts = re.findall(r"\d+|\D", example)
    printed = "".join(digits(part) if part[0].isdigit() else re.escape(part) for part in parts)
    points = set(example) & set(_POINTS)
    point = points.pop() if len(points) == 1 else ""
    return Habit(arabic, re.compile(printed), point or None, point)
