"""Makes the network's probability honest.

The network learned its faces well and says so in faces that it has never seen, too. What it
mistakes there while sure of itself is of few forms: they count for less.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.reading.grammar import Kind
from core.reading.habit import Habit
from core.reading.weighing import expected

_ARABIC = re.compile("[٠-٩٫٬]")
_FIVE_OR_ZERO = re.compile(r"[^\w]*[0٥][^1-9٠-٤٦-٩]*")
_THOUSANDS_OR_DECIMALS = re.compile(r"[^\w]*[٠-٩]{1,3}[.,٫٬][٠-٩]{3}[^\w]*")
_ZERO_OR_POINT = re.compile(r"[^\w]*[١-٩][٠-٩]*٠[٠-٩]{1,3}[^\w]*")
_LONG = 10


def traits(
    text: str, kind: Kind, probability: float, habit: Habit | None = None
) -> dict[str, float]:
    """What a reading's chance of being right is judged by.

    text: what was read. kind: what the box holds. probability: what the network gives the text.
    habit: how its field is printed, where that is known.

    Returns numbers by name: `log_odds` within ±14; `one` always 1; `empty` where nothing was read;
    `five_or_zero` where a kufic ٥ and a Western 0 would look alike and no other digit tells;
    `thousands_or_decimals` where the value hangs on one mark, ٬ or '.'; `zero_or_point` where a ٠
    may be the '.' before decimals; `malformed` where no such field is printed so; `single`
    for one digit at most; `arabic` for Arabic-Indic digits; `length` in tens of characters; and
    products of `log_odds` with the last two.
    """
    odds = log_odds(probability)
    arabic = float(bool(_ARABIC.search(text)))
    length = len(text) / _LONG
    thousands = kind == "amount" and _THOUSANDS_OR_DECIMALS.fullmatch(text)
    return {
        "log_odds": odds,
        "one": 1.0,
        "empty": float(not text),
        "five_or_zero": float(bool(_FIVE_OR_ZERO.fullmatch(text))),
        "thousands_or_decimals": float(bool(thousands)),
        "zero_or_point": float(kind == "amount" and bool(_ZERO_OR_POINT.fullmatch(text))),
        "malformed": float(not expected(text, kind, habit)),
        "single": float(sum(c.isdigit() for c in text) <= 1),
        "arabic": arabic,
        "arabic_log_odds": arabic * odds,
        "length": length,
        "length_log_odds": length * odds,
    }


@dataclass(frozen=True, slots=True)
class Calibration:
    """The logistic function of a weighted sum of a reading's traits (Platt 1999, with more than
    the log-odds), fitted on the validation families: `training/export.py`."""

    weights: Mapping[str, float]

    def __call__(
        self, text: str, kind: Kind, probability: float, habit: Habit | None = None
    ) -> float:
        """The chance, in [0, 1], that `text` is exactly right."""
        found = traits(text, kind, probability, habit)
        total = sum(weight * found[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-total))


def log_odds(probability: float) -> float:
    """Natural logarithm of p / (1 - p), kept within ±14: 32-bit sums say nothing beyond."""
    p = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(p) - math.log(1 - p)
