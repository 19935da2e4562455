"""Identifiers and amounts: `١٬٢٣٤٫٥٠` is 1234.50."""

import re

from core.pattern import fits
from core.values.currencies import without_currency
from core.values.plain import to_ascii

MAX_DIGITS = 30
"""Of an amount: no invoice has more, and sums and products of such amounts stay exact."""

_NUMBER = re.compile(
    r"""
    [0-9]+
    (?: \ ?[-/:]\ ?[0-9]+         # 2024-0012, 12 / 345
      | \ [0-9]+                  # 0012 345
      | [.,٫٬'][0-9]{3}(?![0-9])  # 12.345, but never the decimals of 2.5
    )*
    """,
    re.VERBOSE,
)


def parse_number(text: str, pattern: str | None = None) -> str | None:
    """An identifier, or a count: its digits, leading zeros kept.

    Marks that set groups of it apart ('-', '/', ':', blanks, and '.' or ',' before three digits)
    are not part of it, so that '0012-34' is found by '001234' however a form prints it. What may
    have decimals is an amount: '2.5' is no number, rather than 25.

    Where marks or letters matter, a `pattern` says so: it is matched against all that is printed
    (with digits in ASCII) and then gives it as it is, else against the digits alone.
    """
    plain = to_ascii(text)
    if pattern is not None and plain and fits(pattern, plain):
        return plain
    if not _NUMBER.fullmatch(plain):
        return None
    digits = re.sub("[^0-9]", "", plain)
    return digits if pattern is None or fits(pattern, digits) else None


def parse_amount(text: str) -> str | None:
    """An exact decimal without grouping: '١٬٢٣٤٫٥٠' → '1234.50', '(3.5)' → '-3.5', '5%' → '5'.

    '٫' is always the decimal mark; '٬', apostrophes and blanks always group. Of '.' and ',' the
    last is the decimal mark where both stand; one that stands more than once groups. A single '.'
    is a decimal mark, as in the '12.500' of dinars and rials. A single ',' groups where it can
    ('1,234' and '12,500', but '12,5', '0,500' and '1234,567' have decimals). Grouping is by
    thousands, or Indian (12,34,567); anything else is no amount, nor are more than MAX_DIGITS.
    Decimals stay as they are printed. A minus stands before or after, or is a pair of parentheses;
    '1,250/-' has none, but says that nothing follows.
    A currency may stand before or after as well (`core.values.currencies`), inside or outside the
    sign.
    """
    plain = re.sub(r"^-/ ?(?=[0-9])|(?<=[0-9]) ?/-$", "", to_ascii(text), count=1)
    bare = re.sub(r"^%\s*|\s*%$", "", plain, count=1)
    inside, negative = _unsigned(bare)
    found = {_signed(inside, negative)}
    if bare == plain:  # what has a currency is no percentage
        found |= {_signed(each, negative) for each in without_currency(inside)}
        found |= {_signed(*_unsigned(each)) for each in without_currency(bare)}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _unsigned(plain: str) -> tuple[str, bool]:
    """What has the sign, and whether it is a minus."""
    match = re.fullmatch(r"\(\s?(?P<inside>.*?)\s?\)|-\s?(?P<after>.*)|(?P<before>.*?)\s?-", plain)
    if match is None:
        return plain, False
    return match["inside"] or match["after"] or match["before"] or "", True


def _signed(plain: str, negative: bool) -> str | None:
    mark = _decimal_mark(plain)
    grouped, _, decimals = plain.rpartition(mark) if mark else (plain, "", "")
    whole = _ungrouped(grouped)
    if whole is None or not re.fullmatch("[0-9]+" if mark else "", decimals):
        return None
    if not 1 <= len(whole + decimals) <= MAX_DIGITS:
        return None
    value = (whole.lstrip("0") or "0") + ("." + decimals if mark else "")
    return f"-{value}" if negative and value.strip("0.") else value


def _decimal_mark(plain: str) -> str | None:
    marks = re.findall("[.,٫]", plain)
    if "٫" in marks:
        return "٫"
    if not marks or (len(marks) > 1 and len(set(marks)) == 1):
        return None  # '1.234.567'
    if re.fullmatch("(?!0,)[0-9]{1,3},[0-9]{3}", plain):
        return None  # '1,234'
    return str(marks[-1])


def _ungrouped(whole: str) -> str | None:
    """The digits of the part before the decimal mark, or None if it is grouped as nobody does."""
    marks = set(re.findall("[^0-9]", whole))
    if not marks:
        return whole
    if len(marks) > 1 or not marks <= set(",.٬' "):
        return None
    plain = re.sub("[^0-9]", ",", whole)
    thousands, indian = "[1-9][0-9]{0,2}(,[0-9]{3})+", "[1-9][0-9]?(,[0-9]{2})+,[0-9]{3}"
    return plain.replace(",", "") if re.fullmatch(f"{thousands}|{indian}", plain) else None
