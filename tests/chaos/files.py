"""What comes in: small pages with a number and an amount, some of them under two names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

import cv2
import numpy as np

from core.ports import StoredTemplate
from core.template import parse_template

WIDTH, HEIGHT = 260, 90
FORM = StoredTemplate(
    parse_template(
        {
            "id": "form",
            "page_size": [WIDTH, HEIGHT],
            "fields": [
                {"name": "number", "kind": "number", "box": [10, 5, 250, 45]},
                {"name": "total", "kind": "amount", "box": [10, 48, 250, 88]},
            ],
        }
    )
)

COPIED = 0.05
UPLOADED = 0.1
LONGEST_LULL_S = 2.0


@dataclass(frozen=True)
class File:
    """`at` is when it comes, in seconds; `names` are those of its copies, `uploaded` ones apart."""

    data: bytes = field(repr=False)
    at: float
    names: tuple[str, ...]
    uploaded: bool


def files(count: int, random: Random) -> list[File]:
    """So many different ones, in the order in which they come."""
    at = 0.0
    made = []
    for number in range(count):
        at += random.uniform(0, LONGEST_LULL_S)
        names = [f"{number}.png"]
        if random.random() < COPIED:
            names.append(f"{number}-copy.png")
        made.append(File(_page(number), at, tuple(names), random.random() < UPLOADED))
    return made


def _page(number: int) -> bytes:
    page = np.full((HEIGHT, WIDTH), 255, np.uint8)
    amount = f"{number * 7 % 10_000}.{number % 100:02}"
    for text, baseline in ((f"{10_000 + number}", 36), (amount, 78)):
        cv2.putText(page, text, (20, baseline), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 0, 2)
    return bytes(cv2.imencode(".png", page)[1])


Read = Mapping[str, Mapping[str, object]]
"""What was read of each invoice, by its id: all that must not hang on what went wrong."""
