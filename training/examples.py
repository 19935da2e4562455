"""What else a supplier's form may hold where a given text stands: another text, printed alike.

What `Field.example` of a template is to the reader: digits of the same script, the same marks in
the same order, as many decimals. What the text itself leaves open (whether thousands are set apart
where there are none, whether days get a zero in front) is drawn as `training.grammar` draws it.
"""

import re
from random import Random

from training.grammar import Kind, marks_with, thousands, to_arabic

_DAYS = 31
_PADDED = 0.65
"""How often days and months get a zero in front, as in `training.grammar`."""


def example(rng: Random, text: str, kind: Kind) -> str:
    """Another text of the kind, printed as this one is; '' for '', as nothing has no form."""
    arabic = any("٠" <= character <= "٩" for character in text)
    plain = text.translate(_TO_WESTERN)
    if kind == "amount":
        found = _amount(rng, plain, arabic)
    elif kind == "date" and len(re.findall(r"\d+", plain)) == len("dmy"):
        found = _date(rng, plain)
    else:
        found = _number(rng, plain)
    return to_arabic(found) if arabic else found


_TO_WESTERN = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789")
_AMOUNT = re.compile(r"[-(]?(%?)(\d[\d.,٫٬]*?)(?:([.,٫])(\d{1,2}|\d{3}))?(%?)[-)]?")


def _amount(rng: Random, plain: str, arabic: bool) -> str:
    parts = _AMOUNT.fullmatch(plain)
    if parts is None:  # marks in any order, as the reader learns from
        return re.sub(r"\d", lambda _: rng.choice("0123456789"), plain)
    before, whole, decimal, cents, after = parts.groups(default="")
    marks = re.findall(r"[.,٫٬]", whole)
    group = marks[0] if marks else "" if len(whole) > len("999") else None
    if group is None:
        group = rng.choice(marks_with(decimal, arabic=arabic))
    amount = str(int(10 ** rng.uniform(0, 2 if before or after else 6)))
    places = "".join(rng.choices("0123456789", k=len(cents)))
    return before + group.join(thousands(amount)) + (decimal + places if decimal else "") + after


def _date(rng: Random, plain: str) -> str:
    runs = re.findall(r"\d+", plain)
    year = next((i for i, run in enumerate(runs) if len(run) == len("2024")), None)
    if year is None:  # of two digits
        year = 0 if int(runs[0]) > _DAYS else len(runs) - 1
    days = [run for i, run in enumerate(runs) if i != year]
    padded = all(len(run) > 1 for run in days)
    if padded and not any(run[0] == "0" for run in days):
        padded = rng.random() < _PADDED
    drawn = [str(rng.randint(1, 12)).zfill(1 + padded) for _ in runs]
    drawn[year] = runs[year][:-2] + f"{rng.randint(0, 99):02}"
    return re.sub(r"\d+", lambda _: drawn.pop(0), plain)


def _number(rng: Random, plain: str) -> str:
    def run(match: re.Match[str]) -> str:
        length, zero = len(match[0]), match[0][0] == "0"
        if zero and length > 1:
            return "0" + "".join(rng.choices("0123456789", k=length - 1))
        length = max(1, length + rng.choice([-1, 0, 0, 1]))
        return str(rng.randint(10 ** (length - 1), 10**length - 1))

    return re.sub(r"\d+", run, plain)
