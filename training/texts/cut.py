"""Texts that their boxes cut, read on pages as they are scanned or photographed."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.alignment.find import align
from core.alignment.reference import Reference
from core.checking.reach import goes_on
from core.errors import TemplateError
from core.extract import Extractor
from core.invoice import Outcome
from core.ports import StoredTemplate
from core.template import Box, parse_template
from training import document
from training.pages.measure import decoded
from training.pages.moves import MOTIONS, move
from training.pages.pen import HEIGHT, WIDTH
from training.texts.content import languages
from training.texts.sheets import Cell, drawn

_SIZES = ((827, 1170), (1240, 1754), (1654, 2339))
"""Pixels of a reference picture: A4 at 100, 150 and 200 dpi."""
_CODE = "cut_off"
_PLACES = {"words": "between words", "letters": "between letters", "ink": "through a letter"}


@dataclass(frozen=True)
class Seen:
    """A cell as it was read: `sure` if nothing but a `cut_off` would send it to a person; whether
    that is told of the page alone, and with the reference picture, which is `filled` in or not.
    way: how the page was moved."""

    cell: Cell
    way: str
    filled: bool
    right: bool
    sure: bool
    told_by_page: bool
    told: bool


def seen(number: int, extractor: Extractor) -> Iterator[Seen]:
    """The cells of the page of that number, moved in one of the ways in turn; none if the page was
    not found to be of its form, which sends all of it to a person."""
    sheet = drawn(number)
    size = _SIZES[number % len(_SIZES)]
    boxes = {cell.name: _scaled(cell.box, size) for cell in sheet.cells}
    picture = np.asarray(cv2.resize(sheet.reference, size, interpolation=cv2.INTER_AREA), np.uint8)
    data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    fields = [
        {
            "name": cell.name,
            "kind": "text",
            "box": boxes[cell.name],
            "languages": languages(cell.text),
        }
        for cell in sheet.cells
    ]
    template = parse_template(
        {"id": f"form-{number}", "page_size": size, "reference": "form.jpg", "fields": fields}
    )
    way = [*MOTIONS][number // 2 % len(MOTIONS)]
    jpeg = move(sheet.page, MOTIONS[way], seed=number).jpeg
    try:
        reference = Reference.from_image(decoded(data), size)
    except TemplateError:
        return  # it has too little on it
    outcome = extractor.extract(jpeg, [StoredTemplate(template, data)], name="page.jpg")
    page = decoded(jpeg)
    alignment = align(page, reference)
    if not alignment.good:
        return
    for cell in sheet.cells:
        text = outcome.fields[cell.name].text
        codes = _codes(outcome, cell.name)
        yield Seen(
            cell=cell,
            way=way,
            filled=sheet.filled,
            right=text == cell.text,
            sure=not codes - {_CODE},
            told_by_page=goes_on(page, boxes[cell.name], alignment, text),
            told=_CODE in codes,
        )


def _scaled(box: Box, size: tuple[int, int]) -> Box:
    x, y = size[0] / WIDTH, size[1] / HEIGHT
    left, top, right, bottom = box
    return round(left * x), round(top * y), round(right * x), round(bottom * y)


def _codes(outcome: Outcome, name: str) -> set[str]:
    """Why a person should look at a field."""
    return {reason.code for reason in outcome.reasons if name in reason.fields or not reason.fields}


def tables(pages: int, extractor: Extractor) -> str:
    """What boxes that cut their texts come to, and those that don't, by where they do and by how
    the pages were moved, in Markdown."""
    cells = list(_every(pages, extractor))
    rows = {
        f"cut at the {cut}, {through}": [x for x in cells if x.cell.cut == cut and x.cell.at == at]
        for cut in ("start", "end")
        for at, through in _PLACES.items()
    }
    whole = [x for x in cells if not x.cell.cut]
    rows["whole; the picture is of an empty form"] = [x for x in whole if not x.filled]
    rows["... of one that is filled in"] = [x for x in whole if x.filled]
    head = ["boxes", "of them", "exact", "sure and right"]
    head += ["sure and wrong: no look beside", "a look at the page", "at the picture, too"]
    head += ["`cut_off`: by the page", "by the picture, too"]
    by_place = document.table(head, [[name, *_figures(found)] for name, found in rows.items()])
    head = [
        "pages",
        "cut at the start between words",
        "`cut_off`: by the page",
        "by the picture, too",
    ]
    head += ["whole", "`cut_off`: by the page", "by the picture, too"]
    between = [x for x in cells if x.cell.cut == "start" and x.cell.at == "words"]
    lines = [
        [
            way,
            *_told([x for x in between if x.way == way]),
            *_told([x for x in whole if x.way == way]),
        ]
        for way in MOTIONS
    ]
    lines.append(["**all**", *_told(between), *_told(whole)])
    return f"{by_place}\n{document.table(head, lines)}"


def _every(pages: int, extractor: Extractor) -> Iterator[Seen]:
    for number in range(pages):
        if number % 20 == 0:
            print(f"page {number} of {pages} ...", file=sys.stderr, flush=True)
        yield from seen(number, extractor)


def _figures(cells: Sequence[Seen]) -> list[str]:
    wrong = [x for x in cells if x.sure and not x.right]
    return _counts(
        len(cells),
        sum(x.right for x in cells),
        sum(x.right and x.sure and not x.told for x in cells),
        len(wrong),
        sum(not x.told_by_page for x in wrong),
        sum(not x.told for x in wrong),
        *_both(cells),
    )


def _told(cells: Sequence[Seen]) -> list[str]:
    return _counts(len(cells), *_both(cells))


def _both(cells: Sequence[Seen]) -> tuple[int, int]:
    return sum(x.told_by_page for x in cells), sum(x.told for x in cells)


def _counts(*numbers: int) -> list[str]:
    return [f"{number:,}" for number in numbers]
