"""Labelled boxes of one's own."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("fontTools")

from core.adapters import connect
from core.export.crops import write_crops
from core.intake.arrival import receive
from core.invoice import Outcome, Reading, SourceRef, Status, finish
from core.ports import Query
from core.review import correct
from core.settings import Settings
from core.template import Kind
from core.values.value import Value
from training import extra
from training.dataset import Lines, joined


def folder(path: Path, *entries: dict[str, Any]) -> Path:
    picture = np.full((40, 90), 250, np.uint8)
    cv2.putText(picture, "17", (15, 30), cv2.FONT_HERSHEY_DUPLEX, 0.9, (30,), 2)
    assert cv2.imwrite(str(path / "a.png"), picture)
    (path / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    rows = [json.dumps(entry, ensure_ascii=False) for entry in entries]
    (path / extra.LABELS).write_text("\n".join(rows), encoding="utf-8")
    return path


def test_boxes_become_lines(tmp_path: Path) -> None:
    given = folder(tmp_path, {"file": "a.png", "text": "17"}, {"file": "a.png", "text": "١٧"})
    lines = extra.load(given)
    assert (lines.labels, lines.kinds) == (["17", "١٧"], ["number", "number"])
    assert lines.inks[0].shape[0] == 32
    assert lines.inks[0].max() > 200


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"file": "a.png"}, "line 2: not an object"),
        ({"file": "a.png", "text": "17 AED"}, "the reader has no ' ADE'"),
        ({"file": "a.png", "text": "17", "kind": "text"}, "no such kind: 'text'"),
        ({"file": "b.png", "text": "17"}, "b.png is not a picture"),
        ({"file": "torn.png", "text": "17"}, "torn.png is not a picture"),
    ],
)
def test_what_does_not_fit_is_named(entry: dict[str, Any], says: str, tmp_path: Path) -> None:
    given = folder(tmp_path, {"file": "a.png", "text": "17"}, entry)
    with pytest.raises(ValueError, match=says):
        extra.load(given)


def test_extra_lines_are_a_tenth_of_a_round_and_none_comes_too_often() -> None:
    def lines(count: int, label: str) -> Lines:
        ink = np.zeros((32, 40), np.uint8)
        return Lines([ink] * count, [label] * count, ["number"] * count, ["family"] * count)

    assert joined(lines(900, "1"), lines(10, "2")).labels.count("2") == 100
    assert joined(lines(9000, "1"), lines(10, "2")).labels.count("2") == 200
    assert joined(lines(900, "1"), lines(500, "2")).labels.count("2") == 500
    assert len(joined(lines(900, "1"), lines(0, "2"))) == 900


def test_what_khana_exports_is_read(tmp_path: Path) -> None:
    adapters = connect(Settings(data=tmp_path / "data"))
    page = cv2.imencode(".png", np.full((200, 160), 250, np.uint8))[1]
    source = SourceRef(kind="upload", file_id="x", name="x.png")
    taken = receive(adapters, BytesIO(page), source, Settings())
    seen = Reading(
        text="٠٠٤٢", value="0042", kind=Kind.NUMBER, confidence=0.5, box=(10, 10, 110, 34)
    )
    outcome = Outcome(
        status=Status.NEEDS_REVIEW, fields={"number": seen}, page_sizes={1: (160, 200)}
    )
    adapters.store.update(
        taken.id,
        lambda invoice: correct(
            finish(invoice, outcome, reader="r"), {"number": Value("0043")}, by="Mona"
        ),
    )
    write_crops(adapters, Query(), tmp_path / "crops", Settings())
    lines = extra.load(tmp_path / "crops")
    assert (lines.labels, lines.kinds) == (["٠٠٤٣"], ["number"])
