"""The measure of `core.checking.quality` tells good boxes from spoilt ones and writes in place."""

import pytest

from core.reading.numeric import NumericReader
from training.pages.quality import DAMAGES, boxes

BY_NAME = {damage.name: damage for damage in DAMAGES}


@pytest.fixture(scope="module")
def reader() -> NumericReader:
    return NumericReader()


@pytest.mark.parametrize(
    ("name", "right", "accused_of"),
    [
        ("a scan at 200 dpi", True, None),
        ("white boxes on tinted paper", True, None),
        ("... blurred by 1.5 px", True, None),
        ("blurred by 5 px", False, "blurred"),
        ("a photo at 40 dpi", False, "few_pixels"),
        ("dark: 10% of the light", True, "too_dark"),
        ("glare of 400 grey levels", False, "glare"),
    ],
)
def test_most_boxes_are_what_the_damage_makes_of_them(
    name: str, right: bool, accused_of: str | None, reader: NumericReader
) -> None:
    found = list(boxes(BY_NAME[name], 2, reader))
    assert len(found) > 10
    assert (sum(box.right for box in found) * 2 > len(found)) is right
    assert sum(box.accused == accused_of for box in found) * 2 > len(found)
