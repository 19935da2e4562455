"""Which texts a kind of field may have, and how that decides between readings that look alike."""

import math

import pytest

from core.reading.ctc import Hypothesis
from core.reading.grammar import Kind, weighed, well_formed


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "amount"),
        ("0", "amount"),
        ("٥٢٥٠٠", "amount"),
        ("1,234.50", "amount"),
        ("١٩٬٧٣١٫٠٠", "amount"),
        ("١٢,٧٩٤.٤٠", "amount"),
        ("1.234,5", "amount"),
        ("(1,234.50)", "amount"),
        ("-٣٫٥", "amount"),
        ("٣٫٥-", "amount"),
        ("15%", "amount"),
        ("%١٥", "amount"),
        ("3/7/24", "date"),
        ("٢٠٢٤-٠٥-١٧", "date"),
        ("17.05.2024", "date"),
        ("000318", "number"),
        ("2024-00123", "number"),
        ("(04)555-1234", "number"),
        ("14:30", "number"),
    ],
)
def test_what_is_printed_is_well_formed(text: str, kind: Kind) -> None:
    assert well_formed(text, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("١٩٫٧٣١٫٠٠", "amount"),
        ("1,23.50", "amount"),
        ("1,187:60", "amount"),
        (".", "amount"),
        ("(12", "amount"),
        ("17.05-2024", "date"),
        ("2024", "date"),
        ("-", "number"),
        ("12/", "number"),
    ],
)
def test_what_is_not_is_not(text: str, kind: Kind) -> None:
    assert not well_formed(text, kind)


def test_the_form_decides_between_marks_that_look_alike() -> None:
    alike = [Hypothesis("١٩٫٧٣١٫٠٠", math.log(0.6)), Hypothesis("١٩٬٧٣١٫٠٠", math.log(0.3))]
    (text, chance), (_, other) = weighed(alike, "amount")
    assert text == "١٩٬٧٣١٫٠٠"
    assert chance > 0.85
    assert chance + other == pytest.approx(0.9)


def test_what_is_plainly_seen_stands_against_the_form() -> None:
    seen = [Hypothesis("١٢/", math.log(0.995)), Hypothesis("١٢١", math.log(0.002))]
    assert weighed(seen, "number")[0][0] == "١٢/"
