"""Dates with the name of a month: `14 March 2026`, `١٤ آذار ٢٠٢٦`, `١ رمضان ١٤٤٥ هـ`."""

import re
from typing import NamedTuple

from core.values.letters import folded

_GREGORIAN = (
    "january jan يناير جانفي كانون_الثاني",
    "february feb فبراير فيفري شباط",
    "march mar مارس آذار",
    "april apr أبريل أفريل نيسان",
    "may مايو ماي أيار",
    "june jun يونيو يونية جوان حزيران",
    "july jul يوليو يولية يوليوز جويلية تموز",
    "august aug أغسطس أوت غشت آب",
    "september sept sep سبتمبر شتنبر أيلول",
    "october oct أكتوبر تشرين_الأول",
    "november nov نوفمبر نونبر تشرين_الثاني",
    "december dec ديسمبر دجنبر كانون_الأول",
)
"""In English; as in Egypt and the Gulf, the Maghreb (Tunis and Algiers, Rabat) and the Levant."""
_HIJRI = (
    "محرم المحرم",
    "صفر",
    "ربيع_الأول",
    "ربيع_الآخر ربيع_الثاني",
    "جمادى_الأولى جمادى_الأول",
    "جمادى_الآخرة جمادى_الثانية جمادى_الآخر جمادى_الثاني",
    "رجب",
    "شعبان",
    "رمضان",
    "شوال",
    "ذو_القعدة ذي_القعدة",
    "ذو_الحجة ذي_الحجة",
)
_MARKS = r"[\s,.\-/،]*"
_ERA = r"(?:م|هـ?|ad|ah)?"
_LONGEST = 80


class Named(NamedTuple):
    """Two numbers around or beside a month: which is the day is still open."""

    first: str
    month: int
    last: str
    hijri: bool


def _numbers(months: tuple[str, ...], hijri: bool) -> dict[str, tuple[int, bool]]:
    return {
        folded(name).replace("_", " "): (number, hijri)
        for number, names in enumerate(months, 1)
        for name in names.split()
    }


_MONTHS = _numbers(_GREGORIAN, False) | _numbers(_HIJRI, True)
_NAME = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True)).replace(r"\ ", r"\s+")
_DATE = re.compile(
    rf"(?:([0-9]{{1,4}})(?:st|nd|rd|th)?{_MARKS})?(?:of\s+)?(?<![^\W\d_])({_NAME})(?![^\W\d_])"
    rf"{_MARKS}([0-9]{{1,4}})(?:st|nd|rd|th)?(?:{_MARKS}([0-9]{{2,4}}))?{_MARKS}{_ERA}\.?"
)

_A_NAME = re.compile(rf"(?<![^\W\d_])(?:{_NAME})(?![^\W\d_])")


def name_in(text: str) -> str | None:
    """The name of a month in a text that has just one."""
    plain = folded(text)
    found = list(_A_NAME.finditer(plain))
    if len(found) != 1:
        return None
    return (text if len(text) == len(plain) else plain)[slice(*found[0].span())]


def named(plain: str) -> Named | None:
    """The parts of a date that names its month, all of the text; None if it is no such date.

    plain: with its digits in ASCII.
    """
    match = _DATE.fullmatch(folded(plain)) if len(plain) <= _LONGEST else None
    if match is None:
        return None
    before, name, after, last = match.groups()
    if (before is None) == (last is None):
        return None  # one number alone, or three
    month, hijri = _MONTHS[re.sub(r"\s+", " ", name)]
    first, second = (before, after) if last is None else (after, last)
    return Named(first, month, second, hijri)
