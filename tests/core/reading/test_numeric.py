"""The shipped model on boxes drawn here, and what goes wrong with a model."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import SetupError
from core.reading.ctc import LogProbs
from core.reading.network import Network
from core.reading.numeric import MODEL_DIR, NumericReader

Gray = NDArray[np.uint8]
DEJAVU = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")


@pytest.fixture(scope="module")
def reader() -> NumericReader:
    return NumericReader(threads=1)


def drawn(text: str, *, thickness: int = 2) -> Gray:
    picture = np.full((44, 30 + 22 * len(text)), 250, np.uint8)
    cv2.putText(
        picture, text, (15, 32), cv2.FONT_HERSHEY_DUPLEX, 0.9, (30,), thickness, cv2.LINE_AA
    )
    return picture


@pytest.mark.parametrize("text", ["2024", "158367", "90210", "12.50"])
def test_western_digits(reader: NumericReader, text: str) -> None:
    (reading,) = reader.read([drawn(text)], ["number"])
    assert reading.text == text
    assert 0 < reading.confidence <= 1


@pytest.mark.parametrize("text", ["١٢٣٤٥", "٢٠٢٤/٠٥/١٧", "٦٧٨٩٠", "٥٢٥٠٠"])
@pytest.mark.parametrize("size", [14, 24, 40])
def test_arabic_indic_digits(reader: NumericReader, text: str, size: int) -> None:
    image = pytest.importorskip("PIL.Image")
    draw = pytest.importorskip("PIL.ImageDraw")
    font = pytest.importorskip("PIL.ImageFont")
    if not DEJAVU.exists():
        pytest.skip("no DejaVu Sans here")
    face = font.truetype(str(DEJAVU), size)
    picture = image.new("L", (size * 9, size * 2), 255)
    for place, character in enumerate(text):
        draw.Draw(picture).text(
            (size + place * size * 0.64, size * 1.4), character, fill=0, font=face, anchor="ls"
        )
    (reading,) = reader.read([np.array(picture)], ["date"])
    assert reading.text == text


def test_order_is_kept_and_company_changes_nothing(reader: NumericReader) -> None:
    texts = ["7", "20240517", "31"]
    alone = [reader.read([drawn(text)], ["number"])[0] for text in texts]
    assert reader.read([drawn(text) for text in texts], ["number"] * 3) == alone


@pytest.mark.parametrize("text", ["1", "12", "7.50"])
def test_a_small_number_in_a_wide_cell_is_read(reader: NumericReader, text: str) -> None:
    cell = np.full((44, 1200), 250, np.uint8)
    cell[:, 500 : 500 + drawn(text).shape[1]] = drawn(text)
    assert reader.read([cell], ["number"]) == reader.read([drawn(text)], ["number"])


def test_a_rule_at_the_edge_of_a_narrow_box_hides_no_number(reader: NumericReader) -> None:
    crop = np.vstack([drawn("7"), np.full((4, drawn("7").shape[1]), 20, np.uint8)])
    (reading,) = reader.read([crop], ["number"])
    assert reading.text == "7"


def test_a_stroke_of_a_pen_far_from_a_number_doesnt_spoil_it(reader: NumericReader) -> None:
    crop = np.hstack([drawn("87936247"), np.full((44, 500), 250, np.uint8)])
    pen = np.array([[500, 0], [530, 43], [570, 12], [590, 40], [640, 0]])
    cv2.polylines(crop, [pen], False, (40,), 4)
    (reading,) = reader.read([crop], ["number"])
    assert reading.text == "87936247"


@pytest.mark.parametrize("above", [True, False])
def test_a_label_on_a_line_of_its_own_is_passed_over(reader: NumericReader, above: bool) -> None:
    label, number = np.full((40, 260), 250, np.uint8), np.full((44, 260), 250, np.uint8)
    cv2.putText(label, "Invoice No.", (15, 28), cv2.FONT_HERSHEY_DUPLEX, 0.9, (30,), 2, cv2.LINE_AA)
    number[:, : drawn("20417").shape[1]] = drawn("20417")
    (reading,) = reader.read([np.vstack([label, number] if above else [number, label])], ["number"])
    assert reading.text == "20417"


def test_of_two_lines_the_one_that_the_box_cuts_is_not_read(reader: NumericReader) -> None:
    above = np.hstack([drawn("158367"), np.full((44, 40), 250, np.uint8)])
    below = np.full_like(above, 250)
    below[:, : drawn("42").shape[1]] = drawn("42")
    (reading,) = reader.read([np.vstack([above[20:], below])], ["number"])
    assert reading.text == "42"


def test_two_numbers_in_a_box_are_looked_at_by_a_person(reader: NumericReader) -> None:
    both = np.vstack([drawn("20417"), drawn("90210")])
    (reading,) = reader.read([both], ["number"])
    assert {reading.text, reading.alternatives[0][0]} == {"20417", "90210"}
    assert reading.confidence < reader.review_threshold


def test_an_empty_box_is_empty(reader: NumericReader) -> None:
    (reading,) = reader.read([np.full((30, 90), 240, np.uint8)], ["amount"])
    assert reading.text == ""
    assert reading.confidence > reader.review_threshold


def test_noise_is_never_confident_digits(reader: NumericReader) -> None:
    grain = np.random.default_rng(3).integers(0, 256, (40, 160), np.uint8)
    (reading,) = reader.read([grain], ["amount"])
    assert not reading.text or reading.confidence < reader.review_threshold


def test_alternatives_are_other_texts_in_falling_order(reader: NumericReader) -> None:
    (reading,) = reader.read([drawn("1850", thickness=1)], ["number"])
    chances = [chance for _, chance in reading.alternatives]
    assert chances == sorted(chances, reverse=True)
    assert reading.text not in {text for text, _ in reading.alternatives}


def test_no_crops_no_readings(reader: NumericReader) -> None:
    assert reader.read([], []) == []


def test_a_kind_for_every_crop(reader: NumericReader) -> None:
    with pytest.raises(ValueError, match="1 crops but 2 kinds"):
        reader.read([drawn("1")], ["number", "date"])


def test_version_names_the_model(reader: NumericReader) -> None:
    sidecar = json.loads((MODEL_DIR / "numeric.json").read_text(encoding="utf-8"))
    assert reader.version == f"{sidecar['name']}+{sidecar['sha256'][:8]}"
    assert 0 < reader.review_threshold < 1
    assert sum(path.stat().st_size for path in MODEL_DIR.glob("*.onnx")) <= 4 * 2**20


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODEL_DIR, tmp_path / "model"))


NETWORKS = sorted(path.name for path in MODEL_DIR.glob("*.onnx"))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_missing_model_is_said_with_the_remedy(model: Path, name: str) -> None:
    (model / name).unlink()
    with pytest.raises(SetupError, match="can't be read") as caught:
        NumericReader(model_dir=model)
    assert caught.value.code == "model_missing"


@pytest.mark.parametrize("name", NETWORKS)
def test_a_damaged_model_is_refused(model: Path, name: str) -> None:
    damaged = bytearray((model / name).read_bytes())
    damaged[1000] ^= 1
    (model / name).write_bytes(damaged)
    with pytest.raises(SetupError, match=f"{name} .*not the file") as caught:
        NumericReader(model_dir=model)
    assert caught.value.code == "model_corrupt"


def test_a_second_network_is_asked_where_the_first_is_not_sure(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sidecar = json.loads((model / "numeric.json").read_text(encoding="utf-8"))
    sidecar["second"] = {"sha256": sidecar["sha256"]}
    (model / "numeric.json").write_text(json.dumps(sidecar))
    shutil.copy(model / "numeric.onnx", model / "second.onnx")
    asked: list[Network] = []
    frames = Network.frames

    def noted(network: Network, inks: Sequence[Gray]) -> list[LogProbs]:
        asked.append(network)
        return frames(network, inks)

    reader = NumericReader(model_dir=model)
    monkeypatch.setattr(Network, "frames", noted)
    reader.read([drawn("2024")], ["number"])
    assert len(set(asked)) == 1
    one_over_the_other = np.minimum(drawn("3608"), drawn("8136"))
    reader.read([one_over_the_other], ["number"])
    assert len(set(asked)) == 2


@pytest.mark.parametrize("text", ["", "{}", "no JSON"])
def test_a_damaged_sidecar_is_refused(model: Path, text: str) -> None:
    (model / "numeric.json").write_text(text)
    with pytest.raises(SetupError):
        NumericReader(model_dir=model)
