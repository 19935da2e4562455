"""Corrected boxes leave as training reads them."""

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest

from core.adapters import connect
from core.errors import SetupError
from core.export.crops import LABELS, Crops, write_crops
from core.intake.arrival import receive
from core.invoice import Invoice, Outcome, Reading, SourceRef, Status, TemplateRef, finish
from core.ports import Adapters, Query, StoredTemplate
from core.review import correct
from core.settings import Settings
from core.template import Kind, parse_template
from core.values.value import Value

BOXES = {"number": (10, 10, 110, 34), "date": (10, 50, 130, 76), "seller": (10, 90, 150, 120)}
SEEN = {"number": "٠٠٤٢", "date": "05/12/2024", "seller": "أكمي"}
FORM = parse_template(
    {
        "id": "form",
        "page_size": [160, 200],
        "date_order": "mdy",
        "fields": [
            {"name": "number", "kind": "number", "box": BOXES["number"]},
            {"name": "date", "kind": "date", "box": BOXES["date"]},
            {"name": "seller", "kind": "text", "box": BOXES["seller"]},
        ],
    }
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture
def adapters(settings: Settings) -> Adapters:
    made = connect(settings)
    made.store.put_template(StoredTemplate(FORM))
    return made


def corrected(
    adapters: Adapters, settings: Settings, values: Mapping[str, Value], *, shade: int = 0
) -> Invoice:
    page = np.full((200, 160), 255, np.uint8)
    for left, top, right, bottom in BOXES.values():
        page[top:bottom, left:right] = 100 + shade
    data = BytesIO(cv2.imencode(".png", page)[1])
    taken = receive(adapters, data, SourceRef(kind="upload", file_id="x", name="x.png"), settings)
    meaning = {"number": "0042", "date": "2024-05-12", "seller": "أكمي"}
    fields = {
        field.name: Reading(
            text=SEEN[field.name],
            value=meaning[field.name],
            kind=field.kind,
            confidence=0.6,
            box=field.box,
        )
        for field in FORM.fields
    }
    outcome = Outcome(
        status=Status.NEEDS_REVIEW,
        template=TemplateRef(id="form", version=1),
        fields=fields,
        page_sizes={1: (160, 200)},
    )
    return adapters.store.update(
        taken.id,
        lambda now: correct(finish(now, outcome, reader="r"), values, by="Mona"),
    )


def rows(folder: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (folder / LABELS).read_text("utf-8").splitlines()]


def test_what_was_corrected_or_confirmed_is_written(
    adapters: Adapters, settings: Settings, tmp_path: Path
) -> None:
    values = {"number": Value("0043", typed="0043"), "date": Value("2024-05-12", typed="12.5.2024")}
    invoice = corrected(adapters, settings, values | {"seller": Value("x")})
    corrected(adapters, settings, {}, shade=50)
    out = tmp_path / "out"
    assert write_crops(adapters, Query(), out, settings) == Crops(written=2, left_out=0)
    assert rows(out) == [
        {"file": f"{invoice.id}-number.png", "text": "٠٠٤٣", "kind": "number"},
        {"file": f"{invoice.id}-date.png", "text": "05/12/2024", "kind": "date"},
    ]
    crop = cv2.imread(str(out / f"{invoice.id}-number.png"), cv2.IMREAD_GRAYSCALE)
    assert crop is not None
    assert crop.shape == (24, 100)
    assert (crop == 100).all()  # the box and nothing else


def test_what_can_t_be_told_is_counted_and_writing_again_is_the_same(
    adapters: Adapters, settings: Settings, tmp_path: Path
) -> None:
    invoice = corrected(adapters, settings, {"date": Value("2023-01-01", typed="١/١/٢٠٢٣")})
    gone = corrected(adapters, settings, {"number": Value("1", typed="1")}, shade=9)
    assert gone.object is not None
    adapters.objects.delete(gone.object)
    out = tmp_path / "out"
    for _ in range(2):
        assert write_crops(adapters, Query(), out, settings) == Crops(written=1, left_out=1)
        assert [row["file"] for row in rows(out)] == [f"{invoice.id}-date.png"]
    assert rows(out)[0]["text"] == "١/١/٢٠٢٣"


def test_a_folder_that_can_t_be_written_is_said(
    adapters: Adapters, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="can't be written"):
        write_crops(adapters, Query(), tmp_path / "file", settings)


def test_every_kind_that_leaves_is_one_that_training_knows() -> None:
    assert {kind.value for kind in Kind} - {"text"} == {"number", "amount", "date"}
