"""How sure to be of a reading, by what the network says and what it is known to mistake."""

import json

import pytest

from core.reading.calibration import Calibration, log_odds, traits
from core.reading.grammar import Kind
from core.reading.numeric import MODEL_DIR

CHANCES = (0.0, 1e-4, 0.3, 0.9, 0.9999, 1.0)


@pytest.fixture(scope="module")
def shipped() -> Calibration:
    sidecar = json.loads((MODEL_DIR / "numeric.json").read_text(encoding="utf-8"))
    return Calibration(sidecar["calibration"])


@pytest.mark.parametrize("text", ["1", "1234567890123456789012345678", "٤", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", ""])
def test_confidence_rises_with_the_probability(shipped: Calibration, text: str) -> None:
    confidences = [shipped(text, "amount", chance) for chance in CHANCES]
    assert confidences == sorted(confidences)
    assert 0 <= confidences[0] < confidences[-1] <= 1


def test_of_a_single_trait_it_is_the_logistic_function() -> None:
    assert log_odds(0.5) == 0
    for chance in (0.2, 0.5, 0.999):
        assert Calibration({"log_odds": 1})("12", "number", chance) == pytest.approx(chance)


@pytest.mark.parametrize(
    ("trait", "kind", "with_it", "without"),
    [
        ("empty", "number", "", "1"),
        ("five_or_zero", "amount", "٥٥٫٥", "٥٥٫٠"),
        ("five_or_zero", "number", "00-0", "00-4"),
        ("five_or_zero", "number", "0", "-"),
        ("thousands_or_decimals", "amount", "(٩٬٧٠١)", "٩٬٧٠١٬٠٠٠"),
        ("thousands_or_decimals", "amount", "-٨.٣٤٦", "٨.٣٤"),
        ("thousands_or_decimals", "amount", "٨.٣٤٦", "8.346"),
        ("zero_or_point", "amount", "٩٠٥٠٥", "٩٠٥.٥"),
        ("zero_or_point", "amount", "-١٠٠", "-١٢٣٤"),
        ("malformed", "date", "٢٠٠٢٠٠٤٠١٤", "٢٠٠٢.٠٤.١٤"),
        ("single", "number", "٥", "٥٥"),
        ("arabic", "number", "٥", "5"),
    ],
)
def test_traits_tell_what_is_easily_mistaken(
    trait: str, kind: Kind, with_it: str, without: str
) -> None:
    assert traits(with_it, kind, 0.9)[trait] == 1
    assert traits(without, kind, 0.9)[trait] == 0
