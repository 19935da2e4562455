"""A box of which a part is not to be seen is left to a person."""

import cv2
import numpy as np
import pytest
from letterhead import ITEMS, SIZE, letterhead, write

from core.alignment.align import crop
from core.alignment.find import align
from core.alignment.reference import Reference
from core.boxes import FieldBox
from core.checking.hidden import hidden
from core.extract import Extractor
from core.geometry import Gray
from core.invoice import Outcome, Status
from core.ports import StoredTemplate
from core.template import Box, parse_template

TOTAL: Box = (900, 1006, 1150, 1046)


def sheet(total: str = "46,955.91", *, tint: int = 255, ground: int = 255) -> Gray:
    """An invoice on paper of that tone. tint: that of the right half of the total's box."""
    page = letterhead()
    write(page, "Invoice No. 5126", 90, 300)
    for i, item in enumerate(ITEMS):
        write(page, item, 90, 480 + 70 * i)
        write(page, f"{31 + i * 3}.25", 700, 480 + 70 * i)
    write(page, "Total due", 640, 1036)
    cv2.rectangle(page, (1060, 1000), (1200, 1052), tint, -1)
    write(page, total, 915, 1036)
    write(page, "Received by ____________     Accountant ____________", 90, 1460)
    write(page, "Goods are not taken back without this invoice", 90, 1560)
    write(page, "Thank you for your business", 90, 1690, 0.7)
    return (page[..., 0] * (ground / 255)).astype(np.uint8)


def read(extractor: Extractor, page: Gray, form: Gray) -> Outcome:
    fields = [{"name": "total", "kind": "amount", "box": TOTAL}]
    template = {"id": "t", "page_size": SIZE, "reference": "t.png", "fields": fields}
    known = StoredTemplate(parse_template(template), _png(form))
    return extractor.extract(_png(page), [known], name="a.png")


def accused(page: Gray, form: Gray) -> bool:
    reference = Reference.from_image(form, SIZE)
    alignment = align(page, reference)
    assert alignment.good
    template = {"id": "t", "page_size": SIZE, "fields": [
        {"name": "total", "kind": "amount", "box": TOTAL}
    ]}  # fmt: skip
    (field,) = parse_template(template).fields
    part = crop(page, TOTAL, alignment)
    box = FieldBox(field, 1, page, alignment, part, TOTAL, 0)
    reasons = list(hidden([box], reference))
    assert all(each.code == "hidden" and each.fields == ("total",) for each in reasons)
    return bool(reasons)


def _png(page: Gray) -> bytes:
    return cv2.imencode(".png", page)[1].tobytes()


def _thumb(page: Gray, *, tone: int, at: tuple[int, int] = (905, 1030)) -> Gray:
    """Over the first digits of the total."""
    grain = np.random.default_rng(1).normal(tone, 3, page.shape)
    mask = np.zeros(page.shape, np.uint8)
    cv2.ellipse(mask, at, (50, 110), 20, 0, 360, 255, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), 1) / 255
    return (page * (1 - soft) + grain * soft).astype(np.uint8)


def test_what_lies_over_the_first_digits_is_told(extractor: Extractor) -> None:
    form = sheet("1,204.00")
    assert read(extractor, sheet(), form).status is Status.DONE
    outcome = read(extractor, _thumb(sheet(), tone=150), form)
    assert outcome.fields["total"].value != "46955.91"
    assert "hidden" in [each.code for each in outcome.reasons]


@pytest.mark.parametrize("tone", [90, 120, 150, 180, 205])
def test_light_and_dark_things_are(tone: int) -> None:
    assert accused(_thumb(sheet(ground=240), tone=tone), sheet())


@pytest.mark.parametrize("dark", [0.3, 0.5, 0.7])
def test_a_shadow_over_print_is_not(dark: float) -> None:
    page = sheet(ground=230)
    page[:, 1000:] = (page[:, 1000:] * dark).astype(np.uint8)
    page = np.asarray(cv2.GaussianBlur(page, (0, 0), 1), np.uint8)
    assert not accused(page, sheet())


def test_a_form_with_a_tinted_box_is_not() -> None:
    assert not accused(sheet(tint=190), sheet("1.00", tint=190))
    assert accused(sheet("46.00", tint=190), sheet("1.00"))


@pytest.mark.parametrize(("left", "told"), [(0, False), (80, False), (940, True)])
def test_a_box_beyond_the_picture_is(left: int, told: bool) -> None:
    """What is left of the page is its right or its left part."""
    page = sheet()[:, : SIZE[0] - left] if left < 940 else sheet()[:, : left + 10]
    assert accused(np.ascontiguousarray(page), sheet()) is told
