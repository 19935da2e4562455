"""Invoices of three amounts that add up: how many need no review, by what the reader makes of each
amount and once the rule vouches for them all, without and with an example of each, and how many of
these are wrong.

    python -m training.vouched [--split test] [--count 2000] [--write]
"""

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, replace
from datetime import date
from decimal import Decimal
from functools import partial
from random import Random

import cv2

from core.checking.vouching import vouched
from core.invoice import Reading
from core.reading.numeric import LineReading, NumericReader
from core.template import Field, Kind, Template
from core.values.parse import parse_value
from training import document
from training.augment import PROFILES, Sample, sample
from training.dataset import ARABIC
from training.examples import example
from training.families import Split
from training.grammar import sums
from training.render import Typesetter
from training.report import ABOUT

NAMES = ("subtotal", "tax", "total")
TEMPLATE = Template(
    id="sums",
    page_size=(100, 100),
    fields=tuple(Field(name=name, kind=Kind.AMOUNT, box=(0, 0, 9, 9)) for name in NAMES),
    rules=("total == subtotal + tax",),
)


@dataclass(frozen=True)
class Counts:
    """Invoices; those that need no review, alone or vouched for, the same where an example is known
    of each amount; and how many of them are wrong."""

    invoices: int
    alone: int
    alone_wrong: int
    vouched: int
    vouched_wrong: int
    told: int
    told_wrong: int
    both: int
    both_wrong: int


def measured(profile: str, split: Split, count: int) -> Counts:
    """So many invoices, each set in one face and damaged in one way."""
    cv2.setNumThreads(1)
    reader, setter, rng = NumericReader(), Typesetter(split), Random(f"sums {split} {profile}")
    found = [_one(reader, setter, rng, profile) for _ in range(count)]
    ways = ([right for sure, right in outcomes if sure] for outcomes in zip(*found, strict=True))
    return Counts(count, *(n for way in ways for n in (len(way), way.count(False))))


def _one(
    reader: NumericReader, setter: Typesetter, rng: Random, profile: str
) -> list[tuple[bool, bool]]:
    """Whether the invoice needs no review and is right: alone, vouched for, told of, and both."""
    arabic = rng.random() < ARABIC
    face = setter.face(rng, arabic=arabic)
    digit = rng.uniform(*PROFILES[profile].digit_px)
    settings = replace(PROFILES[profile], digit_px=(digit, digit))
    amounts, texts = zip(*sums(rng, arabic=arabic), strict=True)
    boxes = [
        sample(setter, rng, settings, arabic=arabic, face=face, printed=text) for text in texts
    ]
    examples = [example(Random(box.label), box.label, "amount") for box in boxes]
    return [
        outcome for known in ((), examples) for outcome in _outcomes(reader, boxes, amounts, known)
    ]


def _outcomes(
    reader: NumericReader,
    boxes: Sequence[Sample],
    amounts: Sequence[Decimal],
    examples: Sequence[str],
) -> list[tuple[bool, bool]]:
    lines = reader.read([box.crop for box in boxes], ["amount"] * len(boxes), examples)
    readings = {name: _reading(line) for name, line in zip(NAMES, lines, strict=True)}
    right = all(
        _amount(reading.text) in (meant, _amount(box.label))
        for reading, meant, box in zip(readings.values(), amounts, boxes, strict=True)
    )
    next_best = {name: line.alternatives for name, line in zip(NAMES, lines, strict=True)}
    template = TEMPLATE
    if examples:
        fields = zip(TEMPLATE.fields, examples, strict=True)
        told = tuple(field.model_copy(update={"example": known}) for field, known in fields)
        template = TEMPLATE.model_copy(update={"fields": told})
    sure = vouched(template, readings, today=date.today(), next_best=next_best)
    least = [
        min(reading.confidence for reading in each.values()) >= reader.review_threshold
        for each in (readings, sure)
    ]
    return [(sure, right) for sure in least]


def _amount(text: str) -> Decimal | None:
    """What a text means by itself; that of '١٢,٥٠٠' may be another than was meant."""
    value = parse_value(Kind.AMOUNT, text).value
    return None if value is None else Decimal(value)


def _reading(line: LineReading) -> Reading:
    return Reading(
        text=line.text,
        value=parse_value(Kind.AMOUNT, line.text).value,
        kind=Kind.AMOUNT,
        confidence=line.confidence,
        box=(0, 0, 9, 9),
    )


def table(split: Split, count: int, jobs: int) -> str:
    """How invoices of each set do."""
    with ProcessPoolExecutor(jobs) as pool:
        counts = list(pool.map(partial(measured, split=split, count=count), PROFILES))
    rows = [(ABOUT[name], each) for name, each in zip(PROFILES, counts, strict=True)]
    columns = [[getattr(each, field) for each in counts] for field in Counts.__annotations__]
    rows.append(("**all**", Counts(*map(sum, columns))))
    head = ["set", "invoices", "no review", "wrong"]
    for way in ("vouched for", "by examples", "by both"):
        head += [f"{way}: no review", "wrong"]
    lines = [
        [name, f"{each.invoices:,}", *(cell for way in _ways(each) for cell in way)]
        for name, each in rows
    ]
    about = f"Reader `{NumericReader().version}`, families of the {split} split."
    return f"{about}\n\n{document.table(head, lines)}"


def _ways(counts: Counts) -> list[tuple[str, str]]:
    _, *found = astuple(counts)
    pairs = zip(found[::2], found[1::2], strict=True)
    return [(f"{sure / counts.invoices:.1%}", f"{wrong:,}") for sure, wrong in pairs]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.vouched", description=__doc__)
    parser.add_argument("--split", default="test", choices=["validation", "test"])
    parser.add_argument("--count", type=int, default=2000, help="invoices of each set")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="into docs/accuracy.md")
    asked = parser.parse_args()
    text = table(asked.split, asked.count, asked.jobs)
    print(text)
    if asked.write:
        document.put(text, "vouched", document.DOCS / "accuracy.md")


if __name__ == "__main__":
    main()
