"""Rows that are lower or higher on a page than on the form are found, and read there."""

from functools import partial

import cv2
import numpy as np
import pytest
from letterhead import ITEMS, SIZE, letterhead, write

from core.alignment.find import align
from core.alignment.reference import Reference
from core.checking.moved import Place, places
from core.extract import Extractor
from core.geometry import Gray
from core.invoice import Outcome, Status
from core.ports import StoredTemplate
from core.template import Box, parse_template

ROW = 50
LABELS = ("Subtotal", "VAT 15%", "Total due")
SUMS = ("4,210.00", "631.50", "4,841.50")


def sheet(items: int, *, sums: tuple[str, ...] = SUMS, labels: tuple[str, ...] = LABELS) -> Gray:
    """An invoice whose totals stand below its list, however long that is."""
    page = letterhead()
    words = partial(write, page)
    words("Invoice No.", 90, 300)
    words(f"{4000 + 77 * items}", 330, 300)
    words("Terms: 30 days", 700, 300)
    for x, head in ((90, "Description"), (620, "Qty"), (980, "Amount")):
        words(head, x, 390)
    top = 410
    for i in range(items):
        words(ITEMS[(i * 5 + items) % len(ITEMS)], 90, top + 35 + i * ROW)
        words(f"{3 + (7 * i + items) % 40}", 620, top + 35 + i * ROW)
        words(f"{(i + items) * 137}.50", 980, top + 35 + i * ROW)
        cv2.rectangle(page, (80, top + i * ROW), (1160, top + (i + 1) * ROW), 0, 2)
    top += items * ROW + 40
    for i, (label, amount) in enumerate(zip(labels, sums, strict=True)):
        cv2.rectangle(page, (640, top + i * ROW), (1160, top + (i + 1) * ROW), 0, 2)
        words(label, 660, top + 35 + i * ROW)
        words(amount, 980, top + 35 + i * ROW)
    words("Received by ____________     Accountant ____________", 90, 1560)
    words("Thank you for your business, goods are not taken back", 90, 1690, 0.7)
    return page[..., 0]


def boxes(items: int) -> list[Box]:
    tops = [410 + items * ROW + 40 + i * ROW for i in range(3)]
    return [(330 - 12, 270, 470, 312), *((955, y + 4, 1156, y + ROW - 4) for y in tops)]


def places_on(page: Gray, drawn_with: int = 4) -> list[Place]:
    reference = Reference.from_image(sheet(drawn_with), SIZE)
    return places(page, reference, boxes(drawn_with), align(page, reference))


def read(extractor: Extractor, page: Gray, drawn_with: int = 4) -> Outcome:
    names = ("number", "subtotal", "tax", "total")
    fields = [
        {"name": name, "kind": "amount" if i else "number", "box": box, "example": example}
        for i, (name, box, example) in enumerate(
            zip(names, boxes(drawn_with), ("4308", *SUMS), strict=True)
        )
    ]
    form = {"id": "t", "page_size": SIZE, "reference": "t.png", "fields": fields}
    known = StoredTemplate(parse_template(form), _png(sheet(drawn_with)))
    return extractor.extract(_png(page), [known], name="a.png")


def _png(page: Gray) -> bytes:
    return cv2.imencode(".png", page)[1].tobytes()


@pytest.mark.parametrize("items", [2, 3, 5, 7])
def test_totals_below_a_longer_or_shorter_list_are_read(extractor: Extractor, items: int) -> None:
    outcome = read(extractor, sheet(items))
    fields = outcome.fields
    assert [fields[name].text for name in ("subtotal", "tax", "total")] == list(SUMS)
    assert fields["number"].text == f"{4000 + 77 * items}"
    down = (items - 4) * ROW
    assert abs(fields["total"].box[1] - (boxes(4)[3][1] + down)) <= 2
    assert outcome.status is Status.NEEDS_REVIEW
    assert outcome.reasons[0].code == "moved"
    assert outcome.reasons[0].fields == ("subtotal", "tax", "total")


def test_a_row_that_is_left_out_is_not_read_as_the_next() -> None:
    found = places_on(sheet(4, sums=SUMS[1:], labels=LABELS[1:]))
    assert found[:2] == [Place(), Place(found=False)]
    assert all(abs(place.down + ROW) <= 2 for place in found[2:])


def test_rows_in_their_place_are_left_there(extractor: Extractor) -> None:
    page = sheet(4, sums=("98,000.00", "14,700.00", "112,700.00"))
    assert read(extractor, page).status is Status.DONE
    cv2.putText(page, "PAID", (640, 760), cv2.FONT_HERSHEY_DUPLEX, 4, 120, 12)
    assert not any(place.down for place in places_on(page))


def test_a_row_that_the_form_leaves_empty_is_not_found_in_another() -> None:
    form, page = sheet(4), sheet(4)
    form[412:610, 60:1200] = 255  # no items yet
    row: Box = (944, 408, 1156, 456)  # the feet of the headings are all that stands around it
    page[1200:1300] = form[380:480]
    reference = Reference.from_image(form, SIZE)
    (place,) = places(page, reference, [row], align(page, reference))
    assert place.down == 0


def test_shadows_hide_nothing() -> None:
    light = np.linspace(0.35, 1, SIZE[0])[None]
    page = (sheet(6) * light).astype(np.uint8)
    assert [round(place.down / ROW) for place in places_on(page)] == [0, 2, 2, 2]


def test_a_box_of_hardly_a_pixel_is_in_its_place() -> None:
    page = sheet(4)
    reference = Reference.from_image(page, SIZE)
    tiny: list[Box] = [
        (600, 700, 900, 701),
        (600, 701, 900, 702),
        (1239, 1753, 1240, 1754),
        (0, 0, 1, 1),
    ]
    assert places(page, reference, tiny, align(page, reference)) == [Place()] * 4


def test_a_total_whose_label_agrees_is_followed_alone() -> None:
    page, form, total = sheet(5), sheet(4), boxes(4)[3]
    cv2.putText(page, "SR", (850, 835), cv2.FONT_HERSHEY_DUPLEX, 0.8, 20, 2)
    reference = Reference.from_image(form, SIZE)
    (place,) = places(page, reference, [total], align(page, reference))
    assert abs(place.down - ROW) <= 2
