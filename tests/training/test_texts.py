"""Texts as they are drawn for measuring, read on a handful of boxes and pages."""

from collections.abc import Iterator
from random import Random

import pytest

from core.extract import Extractor
from core.reading.numeric import NumericReader
from core.settings import Settings
from training.families import families, normalized
from training.texts import boxes, cut
from training.texts.content import KINDS
from training.texts.drawing import BOTH, LATIN, a_face
from training.texts.sheets import Cell, Sheet, drawn


@pytest.fixture(scope="module")
def sheets() -> list[Sheet]:
    return [drawn(number) for number in range(6)]


def cells(sheets: list[Sheet], at: str) -> Iterator[tuple[Sheet, Cell]]:
    return ((sheet, cell) for sheet in sheets for cell in sheet.cells if cell.cut == at)


def test_families_are_none_that_are_kept_for_tests() -> None:
    used = {normalized(name) for name in (*LATIN, *BOTH)}
    allowed = {
        normalized(name)
        for split in ("train", "validation")
        for group in families()[split].values()
        for name in group
    }
    assert used <= allowed


def test_every_text_has_a_face_with_all_of_it() -> None:
    for kind, writers in KINDS.items():
        for writer in writers:
            rng = Random(kind)
            text = writer(rng)
            assert a_face(rng, text).has(text)


def test_boxes_cut_their_texts_where_they_say(sheets: list[Sheet]) -> None:
    for at in ("start", "end", ""):
        found = [(sheet, cell) for sheet, cell in cells(sheets, at) if cell.at != "ink"]
        assert found
        for sheet, cell in found:
            left, top, right, bottom = cell.box
            ends = sheet.page[top + 8 : bottom - 8, [left, right - 1]]
            assert (ends > 60).mean() > 0.8, cell


def test_an_empty_form_has_nothing_in_its_boxes(sheets: list[Sheet]) -> None:
    for sheet in sheets:
        for cell in sheet.cells:
            left, top, right, bottom = cell.box
            inside = sheet.reference[top + 9 : bottom - 9, left + 3 : right - 3]
            assert sheet.filled or inside.min() > 200, cell


def test_a_handful_of_boxes_and_pages() -> None:
    rows = boxes.table(1, NumericReader()).splitlines()[2:]
    assert len(rows) == len(KINDS) + 1
    assert rows[-1].startswith("| **all** | 20 |")
    places, motions = cut.tables(2, Extractor(Settings())).split("\n\n")
    assert "cut at the start, between words" in places
    assert "| **all** |" in motions
