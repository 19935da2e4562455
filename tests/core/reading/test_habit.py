"""What one example says of how a field is printed, and what that decides."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reading.ctc import Decoder, Hypothesis
from core.reading.grammar import Kind
from core.reading.habit import ODDS, as_read, habit_of
from core.reading.weighing import expected, weighed


@pytest.mark.parametrize(
    ("example", "kind", "alike", "otherwise"),
    [
        ("١٬٢٣٤٫٥٠", "amount", ["٥٫٠٠", "٣٢٬٠٠٠٫٢٥", "(٩٫١٠)", "-٧٫٠٥"], ["٥,٠٠", "٥٠٠", "5.00"]),
        ("12.50", "amount", ["1,234.50", "1234.50", "0.05"], ["1,234,50", "12.5", "1250"]),
        ("1.00", "amount", ["(1.00)", "5.00-"], ["05.00", "000.00", "(1.00", "-(1.00)"]),
        ("1,250/-", "amount", ["350/-", "-12,000/-"], ["350", "350-", "350.50/-"]),
        ("1250", "amount", ["7", "56000"], ["1,250", "7.00"]),
        ("٥%", "amount", ["١٥%"], ["٥", "%٥", "٠", "5%"]),
        ("0.500", "amount", ["12.125"], ["12.12"]),
        ("04/09/2026", "date", ["31/12/2025"], ["4/9/2026", "04-09-2026", "2026/09/04"]),
        ("24-11-2026", "date", ["04-09-2026", "4-9-2026"], ["24-11-26", "24.11.2026"]),
        ("٢٠٢٦/٣/٩", "date", ["٢٠٢٥/١٢/٣١"], ["٠٩/٠٣/٢٠٢٦"]),
        ("14/03/2026", "date", ["10/07/2026"], ["40/07/2026", "14/03/8026", "10-07-2026"]),
        ("24/11/09", "date", ["4/9/26", "04/12/26"], ["4/9/6"]),
        ("14/03/2026 13:45", "date", ["10/07/20269:05"], ["10/07/2026", "13:4514/03/2026"]),
        ("000318", "number", ["123456"], ["00318", "٠٠٠٣١٨"]),
        ("318", "number", ["7", "4051"], ["3-18"]),
        ("2026-00412", "number", ["2027-10000"], ["202700412", "2026-412"]),
        ("2026\u201100412", "number", ["2027-10000"], ["202700412"]),
        ("INV-0042", "number", ["0043"], ["INV-0042", "-0042"]),
    ],
)
def test_what_is_printed_alike(
    example: str, kind: Kind, alike: list[str], otherwise: list[str]
) -> None:
    habit = habit_of(example, kind)
    assert habit is not None
    for text in ("", *alike):
        assert expected(text, kind, habit), text
    for text in otherwise:
        assert not expected(text, kind, habit), text


@pytest.mark.parametrize(
    ("example", "kind"),
    [
        (None, "amount"),
        ("", "amount"),
        ("none", "amount"),
        ("٥0", "number"),  # nobody prints both scripts in one field
        ("12/03", "date"),
        ("1.2.3", "amount"),
        ("6379 ريال 75 هللة", "amount"),  # it is neither 637975 nor printed as that
        ("12 8,875.07", "amount"),
        ("15% 2,493.50", "amount"),
        ("12.34.56", "number"),
    ],
)
def test_what_says_nothing(example: str | None, kind: Kind) -> None:
    assert habit_of(example, kind) is None


def test_an_example_is_typed_by_anybody() -> None:
    typed = habit_of(" \u200f۱۲٪ ", "amount")
    assert typed == habit_of("١٢%", "amount")
    assert typed is not None
    plain = habit_of("٥٬٢٥٠٫٠٠", "amount")
    assert plain is not None
    for text in ("٥٬٢٥٠٫٠٠ د.إ", "AED ٥٬٢٥٠٫٠٠", "٥٬٢٥٠٫٠٠ ر.س.", "£٥٬٢٥٠٫٠٠"):
        assert habit_of(text, "amount") == plain


@pytest.mark.parametrize(
    ("example", "seen", "meant"),
    [
        ("٣٫٠٠", "٥٠,٢٥", "٥٠٫٢٥"),
        ("١٬٢٣٤٫٥٠", "٥.٧٨٤.٧٦٠.٨٢", "٥٬٧٨٤٬٧٦٠٫٨٢"),
        ("٣.٠٠", "٥٫٢٥", "٥.٢٥"),
        ("12.877", "4,414", "4,414"),  # that would be another amount
        ("4,414", "12.877", "12.877"),
        ("3.00", "-", "-"),
    ],
)
def test_points_that_look_alike_are_those_of_the_example(
    example: str, seen: str, meant: str
) -> None:
    habit = habit_of(example, "amount")
    assert habit is not None
    assert habit.meant(seen) == meant


PRINTED = st.text("٠١٢٣٤٥٦٧٨٩0123456789/-.,٫٬:%()", max_size=16)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(PRINTED, st.sampled_from(["number", "amount", "date"]), PRINTED)
def test_any_example_is_printed_as_itself_or_says_nothing(
    example: str, kind: Kind, text: str
) -> None:
    habit = habit_of(example, kind)
    if habit is None:
        return
    assert expected(as_read(example, kind), kind, habit)
    meant = habit.meant(text)
    assert len(meant) == len(text)
    assert habit.meant(meant) == meant


def likely(**chances: float) -> list[Hypothesis]:
    return [Hypothesis(text, math.log(chance)) for text, chance in chances.items()]


def test_what_is_printed_as_the_example_is_wins_where_the_picture_leaves_a_doubt() -> None:
    doubtful = likely(**{"٥٦٠٠٠": 0.6, "٥٦.٠٠": 0.4})
    habit = habit_of("٩٫١٢", "amount")
    (text, chance), *_ = weighed(doubtful, "amount", habit)
    assert text == "٥٦٫٠٠"
    assert chance == pytest.approx(0.4 / (0.4 + 0.6 * ODDS))
    assert weighed(doubtful, "amount")[0][0] == "٥٦٠٠٠"


def test_a_plain_picture_stands_against_the_example() -> None:
    plain = likely(**{"٥٦٠٠٠": 0.9999, "٥٦.٠٠": 0.0001})
    (text, chance), *_ = weighed(plain, "amount", habit_of("٩٫١٢", "amount"))
    assert text == "٥٦٠٠٠"
    assert chance < 0.9999  # but less surely


def test_the_script_of_the_example_decides_what_looks_the_same_in_both() -> None:
    """A lone ٥ of a kufic face, which is the 0 of many a Western one."""
    nearly = np.log(np.array([[0.02, 0.47, 0.51]], np.float32))  # blank, ٥, 0
    decoder = Decoder("٥0")
    ((unknown, *_),) = decoder.best(decoder.looks([nearly]))
    ((told, *_),) = decoder.best(decoder.looks([nearly], [True]))
    assert (unknown.text, told.text) == ("0", "٥")
    assert unknown.probability < 0.6
    assert told.probability > 0.9
