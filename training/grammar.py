"""What is printed in numeric fields: numbers, amounts and dates, and the words beside them.

Every function takes a `random.Random` and nothing else that varies, so a seed names its text. Texts
are *visual*: characters as they stand from left to right, whatever their reading order.
"""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Literal

Kind = Literal["number", "amount", "date"]

CHARSET = "٠١٢٣٤٥٦٧٨٩0123456789/-.,٫٬:%()"
"""What the reader can answer, in the order of its classes; class 0 is CTC's blank."""

_TO_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_TO_PERSIAN = str.maketrans("٠١٢٣٧٨٩", "۰۱۲۳۷۸۹")
"""The same digits to the reader: many a face draws the Persian ۲ and ۳ in a shape of its own, which
widens what ٢ and ٣ may look like."""


def _listed(names: str) -> list[str]:
    return names.split()


LATIN_WORDS = _listed("""
    AED SAR EGP USD EUR KWD BHD QAR OMR JOD IQD MAD DZD TND LBP SYP YER GBP Dhs Dh SR LE KD BD
    QR RO JD AED. Rs $ € £ No. No # Nr Inv INV Total TOTAL Tax VAT Qty pcs kg Net Date DATE
    Invoice Subtotal Amount Due TRN Ref CR only Pcs Unit x X ea. Box NO. Disc dated Balance
""")
ARABIC_WORDS = _listed("""
    ريال درهم جنيه دينار د.إ ج.م ر.س د.ك د.ب ر.ق ر.ع د.أ ل.س ر.ي د.ع رقم الرقم التاريخ المجموع
    الإجمالي الاجمالي ضريبة الضريبة فاتورة رقم: تاريخ: المبلغ الصافي خصم الكمية الوحدة فقط هـ
    م ه سعودي مصري دولار يورو قطعة كجم عدد ريالات لا غير العميل الرصيد بتاريخ
""")


@dataclass(frozen=True, slots=True)
class Printed:
    """label: what the reader should answer. drawn: the characters to draw, one for each of the
    label's (a '%' may be drawn as '٪', a '-' as '−'), with spaces between them allowed."""

    label: str
    drawn: str
    kind: Kind


def printed(rng: Random, *, arabic: bool, jumbled: float = 0.0) -> Printed:
    """A field's text, with Arabic-Indic digits or Western ones. jumbled: probability of marks in
    any order, which no invoice prints, so that the network reads what it sees."""
    draw, kind = rng.choices(
        [(_number, "number"), (_amount, "amount"), (_date, "date")], weights=[30, 40, 30]
    )[0]
    text = (_jumble if rng.random() < jumbled else draw)(rng, arabic)
    if arabic:
        text = to_arabic(text)
    return Printed(text.replace(" ", ""), _glyphs(rng, text, arabic), kind)


def sums(rng: Random, *, arabic: bool) -> list[tuple[Decimal, Printed]]:
    """A subtotal, its tax and their total, and how they are printed, all alike."""
    group, decimal = _marks(rng, arabic)
    places = rng.choice([0, 2, 2, 2, 3])
    subtotal = int(10 ** (rng.uniform(1.3, 6) + places))
    if rng.random() < 0.3:  # of whole pounds
        subtotal -= subtotal % 10**places
    tax = round(subtotal * rng.choice([0, 5, 5, 14, 15, 15]) / 100)
    printed = []
    for amount in (subtotal, tax, subtotal + tax):
        digits = str(amount).zfill(places + 1)
        whole, cents = digits[: len(digits) - places], digits[len(digits) - places :]
        text = group.join(thousands(whole)) + (decimal + cents if places else "")
        text = to_arabic(text) if arabic else text
        value = Decimal(amount).scaleb(-places)
        printed.append((value, Printed(text.replace(" ", ""), text, "amount")))
    return printed


def word(rng: Random) -> tuple[str, bool]:
    """A word that may stand beside a number, and whether it is Arabic."""
    if rng.random() < 0.5:
        return rng.choice(LATIN_WORDS), False
    return rng.choice(ARABIC_WORDS), True


def _glyphs(rng: Random, text: str, arabic: bool) -> str:
    if arabic and rng.random() < 0.6:
        text = text.replace("%", "٪")
    if rng.random() < 0.12:
        text = text.replace("-", rng.choice("−–"))
    if arabic and rng.random() < 0.25 and not set("٤٥٦") & set(text):
        text = text.translate(_TO_PERSIAN)
    return text


def _digits(rng: Random, count: int) -> str:
    """Digits as identifiers have them: any, with runs of one digit more often than by chance."""
    if rng.random() < 0.12:
        pool = rng.sample("0123456789", 2)
        return "".join(rng.choices(pool, k=count))
    return "".join(rng.choices("0123456789", k=count))


def _number(rng: Random, _arabic: bool) -> str:
    form = rng.random()
    if form < 0.62:
        count = rng.choices(range(1, 16), weights=[9, 8, 8, 9, 10, 10, 7, 6, 3, 3, 2, 2, 1, 1, 2])[
            0
        ]
        text = _digits(rng, count)
        return text if rng.random() < 0.8 else "0" * rng.randint(1, 4) + text[: max(1, count - 2)]
    if form < 0.92:
        mark = rng.choices("-/.", weights=[6, 4, 1])[0]
        parts = [_digits(rng, rng.randint(1, 6)) for _ in range(rng.choice([2, 2, 2, 3]))]
        if rng.random() < 0.4:
            parts[rng.choice([0, -1])] = str(rng.randint(1990, 2035))
        return mark.join(parts)
    if form < 0.96:
        return f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}"
    area, rest = _digits(rng, rng.randint(1, 4)), _digits(rng, rng.randint(0, 6))
    return f"({area}){'-' * rng.randint(0, 1)}{rest}"


_SEPARATORS = {  # grouping, decimal mark, weight
    False: [
        (",", ".", 10),
        ("", ".", 9),
        (".", ",", 2),
        ("", ",", 2),
        (" ", ".", 1),
    ],
    True: [
        ("٬", "٫", 6),
        ("", "٫", 5),
        (",", ".", 6),
        ("", ".", 5),
        # Many a face draws ',' and '٫' alike; a decimal ',' is the rarer of the two.
        ("", ",", 1),
    ],
}


def _amount(rng: Random, arabic: bool) -> str:
    group, decimal = _marks(rng, arabic)
    whole = str(int(10 ** rng.uniform(0, rng.choice([3, 5, 5, 7, 9]))))
    if rng.random() < 0.2:  # round sums: ٥٢٥٠٠, 1,000
        keep = rng.randint(1, 2)
        whole = whole[:keep] + "0" * (len(whole) - keep)
    if rng.random() < 0.06:
        whole = "0"
    if group:
        whole = group.join(thousands(whole))
    places = rng.choices([0, 1, 2, 3], weights=[30, 6, 54, 10])[0]
    cents = "0" * places if rng.random() < 0.3 else _digits(rng, places)
    text = whole + (decimal + cents if places else "")
    form = rng.random()
    if form < 0.06:
        return f"({text})"
    if form < 0.14:
        return f"-{text}" if rng.random() < 0.6 else f"{text}-"
    if form < 0.26:
        short = text if len(text) < 5 else str(rng.randint(0, 100))
        return f"{short}%" if rng.random() < 0.65 else f"%{short}"
    return text


def _marks(rng: Random, arabic: bool) -> tuple[str, str]:
    """What groups thousands, and what begins decimals."""
    *marks, weights = zip(*_SEPARATORS[arabic], strict=True)
    return rng.choices(list(zip(*marks, strict=True)), weights=weights)[0]


def marks_with(decimal: str, *, arabic: bool) -> list[str]:
    """What may group thousands, as often as it does, where that begins decimals ('' for any)."""
    return [
        group
        for group, mark, weight in _SEPARATORS[arabic]
        for _ in range(weight)
        if decimal in ("", mark)
    ]


def to_arabic(text: str) -> str:
    """The text with Arabic-Indic digits."""
    return text.translate(_TO_ARABIC)


def thousands(whole: str) -> list[str]:
    """Its digits in groups of three."""
    first = len(whole) % 3 or 3
    return [whole[:first], *(whole[i : i + 3] for i in range(first, len(whole), 3))]


def _date(rng: Random, arabic: bool) -> str:
    hijri = rng.random() < 0.12
    year = str(
        rng.randint(1400, 1460)
        if hijri
        else rng.choices([rng.randint(1980, 2040), rng.randint(2015, 2027)], weights=[1, 3])[0]
    )
    if rng.random() < 0.2:
        year = year[2:]
    day, month = str(rng.randint(1, 31)), str(rng.randint(1, 12))
    if rng.random() < 0.65:
        day, month = day.zfill(2), month.zfill(2)
    # Both visual orders: bidirectional layout may put the year of an Arabic date first or last.
    orders = [(day, month, year), (month, day, year), (year, month, day)]
    parts = rng.choices(orders, weights=[5, 2, 4])[0]
    mark = rng.choices(["/", "-", ".", " / ", " - "], weights=[10, 8, 3, 1, 1])[0]
    return mark.join(parts)


def _jumble(rng: Random, arabic: bool) -> str:
    """Any marks anywhere, so that the net reads what it sees, not what it expects."""
    marks = "/-.:%()" if arabic else "/-.,:%()"
    text = [rng.choice("0123456789") for _ in range(rng.randint(1, 14))]
    for _ in range(rng.randint(0, 4)):
        text.insert(rng.randint(0, len(text)), rng.choice(marks))
    return "".join(text)
