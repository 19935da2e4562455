"""Boxes whose label or heading stands elsewhere on the page are left to a person."""

from collections.abc import Sequence
from functools import partial

import cv2
import pytest
from letterhead import ITEMS, SIZE, letterhead, write

from core.extract import Extractor
from core.geometry import Gray
from core.invoice import Outcome, Status
from core.ports import StoredTemplate
from core.template import Box, parse_template

ROW = 50
LIST = 480
HEADS = (("Description", 90), ("Qty", 560), ("Unit price", 740), ("Amount", 980))
MORE = (("Description", 90), ("Unit", 560), ("Qty", 690), ("Unit price", 820), ("Amount", 1010))
BOXES: dict[str, Box] = {
    "number": (330, 268, 560, 312),
    "quantity": (550, LIST + 4, 690, LIST + ROW - 4),
    "price": (732, LIST + 4, 900, LIST + ROW - 4),
}


def sheet(
    heads: Sequence[tuple[str, int]] = HEADS,
    *,
    items: Sequence[str] = ITEMS,
    number: int = 4308,
    mirrored: bool = False,
    lower: int = 0,
    below: int = 0,
) -> Gray:
    """An invoice with such columns. mirrored: its number has the label on the other side. lower: by
    how much it stands lower, below another. below: by how much the list does."""
    page = letterhead()
    words = partial(write, page)
    if lower:
        words("Order No.", 90, 300)
        words("77", 345, 300)
    words("Invoice No.", 570 if mirrored else 90, 300 + lower)
    words(f"{number}", 100 if mirrored else 345, 300 + lower)
    words("Terms: 30 days", 900, 300)
    for head, x in heads:
        words(head, x, LIST - 15 + below)
    for i, item in enumerate(items):
        of = {"Description": item, "Unit": "box", "Qty": f"{12 + 7 * i + number % 9}"}
        of |= {"Unit price": f"{31 + i * 3}.25", "Amount": f"{(i + number % 7) * 137}.50"}
        for head, x in heads:
            words(of[head], x, LIST + 35 + i * ROW + below)
    words("Received by ____________     Accountant ____________", 90, 1460)
    words("Goods are not taken back without this invoice", 90, 1560)
    words("Thank you for your business", 90, 1690, 0.7)
    return page[..., 0]


def read(extractor: Extractor, page: Gray, form: Gray) -> Outcome:
    kinds = {"number": "number", "quantity": "number", "price": "amount"}
    fields = [
        {"name": name, "kind": kinds[name], "box": box, "required": False}
        for name, box in BOXES.items()
    ]
    template = {"id": "t", "page_size": SIZE, "reference": "t.png", "fields": fields}
    known = StoredTemplate(parse_template(template), _png(form))
    return extractor.extract(_png(page), [known], name="a.png")


def _png(page: Gray) -> bytes:
    return cv2.imencode(".png", page)[1].tobytes()


def accused(outcome: Outcome) -> list[str]:
    return [name for each in outcome.reasons if each.code == "label_moved" for name in each.fields]


EMPTY = sheet(items=())
FILLED = sheet(items=ITEMS[::-1])


@pytest.mark.parametrize("form", [EMPTY, FILLED])
def test_columns_beside_a_new_one_are_left_to_a_person(extractor: Extractor, form: Gray) -> None:
    outcome = read(extractor, sheet(MORE, number=5126), form)
    assert accused(outcome) == ["quantity", "price"]
    assert outcome.status is Status.NEEDS_REVIEW


def test_a_column_that_ends_earlier_is_told_by_the_next(extractor: Extractor) -> None:
    narrow = (*HEADS[:2], ("Unit price", 690), HEADS[3])
    assert "quantity" in accused(read(extractor, sheet(narrow, number=5126), EMPTY))


@pytest.mark.parametrize(("form", "rows"), [(EMPTY, -1), (EMPTY, 1), (FILLED, 1)])
def test_a_list_that_is_a_row_lower_is_left_to_a_person(
    extractor: Extractor, form: Gray, rows: int
) -> None:
    outcome = read(extractor, sheet(number=5126, below=rows * ROW), form)
    named = {name for each in outcome.reasons for name in each.fields}
    assert named == {"quantity", "price"}
    assert outcome.status is Status.NEEDS_REVIEW


def test_a_label_on_the_other_side_is_told(extractor: Extractor) -> None:
    assert accused(read(extractor, sheet(number=5126, mirrored=True), EMPTY)) == ["number"]


def test_a_label_that_is_lower_tells_its_row_from_one_that_is_like_it(extractor: Extractor) -> None:
    outcome = read(extractor, sheet(number=5126, lower=50), EMPTY)
    assert [each.code for each in outcome.reasons] == ["moved"]
    assert outcome.reasons[0].fields[0] == "number"
    assert outcome.fields["number"].text == "5126"


@pytest.mark.parametrize("form", [EMPTY, FILLED])
@pytest.mark.parametrize("shift", range(3))
def test_items_in_other_rows_accuse_nothing(extractor: Extractor, form: Gray, shift: int) -> None:
    page = sheet(items=(*ITEMS[shift:], *ITEMS[:shift]), number=5126 + shift)
    assert accused(read(extractor, page, form)) == []


def test_what_is_written_over_a_heading_hides_it(extractor: Extractor) -> None:
    page = sheet(number=5126)
    cv2.putText(page, "PAID", (500, LIST), cv2.FONT_HERSHEY_DUPLEX, 4, 60, 14)
    assert accused(read(extractor, page, EMPTY)) == []
