"""Pages, small pages and crops, as a browser gets them."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from asking import refusal
from drawn import BOXES, HEIGHT, RED, WIDTH, Read, Upload, picture, readings
from flask.testing import FlaskClient
from numpy.typing import NDArray
from werkzeug.test import TestResponse

from core.invoice import SourceRef, Status
from core.ports import Adapters
from core.settings import Settings
from samples import INVOICES

PDF = INVOICES / "waha-000352.pdf"


def pixels(answer: TestResponse) -> NDArray[np.uint8]:
    assert answer.status_code == 200, answer.data
    return cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize(("kind", "content_type"), [(".png", "image/png"), (".jpg", "image/jpeg")])
def test_a_picture_is_given_as_it_came(
    client: FlaskClient, read: Read, kind: str, content_type: str
) -> None:
    data = picture(kind=kind)
    answer = client.get(f"/v1/invoices/{read(data=data).id}/image")
    assert (answer.data, answer.content_type) == (data, content_type)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    # The PDF among the samples is larger than drawn pictures are.
    return settings.model_copy(update={"max_file_bytes": 2**21, "max_pixels": 10**7})


def test_a_page_of_a_pdf_is_rendered_in_the_size_that_boxes_refer_to(
    client: FlaskClient, read: Read
) -> None:
    made = read("waha.pdf", data=PDF.read_bytes(), page_sizes={1: (2067, 2923)})
    page = pixels(client.get(f"/v1/invoices/{made.id}/image"))
    assert page.shape == pytest.approx((2923, 2067, 3), abs=1)
    small = client.get(f"/v1/invoices/{made.id}/image?width=120")
    assert small.content_type == "image/jpeg"
    assert pixels(small).shape[1] == 120


def test_a_small_page_is_never_made_larger(client: FlaskClient, read: Read) -> None:
    made = read()
    assert pixels(client.get(f"/v1/invoices/{made.id}/image?width=100")).shape == (125, 100, 3)
    assert pixels(client.get(f"/v1/invoices/{made.id}/image?width=900")).shape[1] == WIDTH


def test_a_crop_is_the_box_with_a_margin_in_colour(client: FlaskClient, read: Read) -> None:
    made = read()
    crop = pixels(client.get(f"/v1/invoices/{made.id}/crops/total.png"))
    left, top, right, bottom = BOXES["total"]
    margin = (bottom - top) // 5
    assert crop.shape == (bottom - top + 2 * margin, right - left + 2 * margin, 3)
    assert (crop[margin:-margin, margin:-margin] == RED).all()
    assert (crop[:margin] == 255).all()
    assert (crop[:, -margin:] == 255).all()


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_crop_of_a_page_on_its_side_is_upright(
    client: FlaskClient, read: Read, turn: int
) -> None:
    page = cv2.imdecode(np.frombuffer(picture(), np.uint8), cv2.IMREAD_COLOR)
    left, top, right, bottom = BOXES["total"]
    page[top:bottom, left : left + 9] = 0  # its left end is black
    data = cv2.imencode(".png", np.rot90(page, -turn // 90))[1].tobytes()
    box = {
        90: (HEIGHT - bottom, left, HEIGHT - top, right),
        180: (WIDTH - right, HEIGHT - bottom, WIDTH - left, HEIGHT - top),
        270: (top, WIDTH - right, bottom, WIDTH - left),
    }[turn]
    total = readings()["total"].model_copy(update={"box": box, "turn": turn})
    size = (WIDTH, HEIGHT) if turn == 180 else (HEIGHT, WIDTH)
    made = read(data=data, fields=readings(total=total), page_sizes={1: size})
    crop = pixels(client.get(f"/v1/invoices/{made.id}/crops/total.png"))
    margin = (bottom - top) // 5
    assert crop.shape == (bottom - top + 2 * margin, right - left + 2 * margin, 3)
    inside = crop[margin:-margin, margin:-margin]
    assert (inside[:, :9] == 0).all()
    assert (inside[:, 9:] == RED).all()


@pytest.mark.parametrize(
    "box",
    [(-50, -50, 20, 20), (390, 480, 600, 700), (0, 0, WIDTH, HEIGHT), (900, 900, 950, 950)],
)
def test_a_box_that_leaves_the_page_is_cut_at_its_edge(
    client: FlaskClient, read: Read, box: tuple[int, int, int, int]
) -> None:
    total = readings()["total"].model_copy(update={"box": box})
    made = read(fields=readings(total=total))
    height, width, _ = pixels(client.get(f"/v1/invoices/{made.id}/crops/total.png")).shape
    assert 1 <= width <= WIDTH
    assert 1 <= height <= HEIGHT


def test_crops_follow_the_page_that_they_are_on(client: FlaskClient, read: Read) -> None:
    first = read(seed=1)
    white = cv2.imencode(".png", np.full((HEIGHT, WIDTH, 3), 255, np.uint8))[1].tobytes()
    second = read(data=white)
    for made, color in ((first, RED), (second, (255, 255, 255)), (first, RED)):
        crop = pixels(client.get(f"/v1/invoices/{made.id}/crops/total.png"))
        assert tuple(crop[15, 15]) == color


@pytest.mark.parametrize("path", ["image", "image?width=64", "crops/total.png"])
def test_an_unchanged_picture_is_not_sent_again(client: FlaskClient, read: Read, path: str) -> None:
    address = f"/v1/invoices/{read().id}/{path}"
    tag = client.get(address).headers["ETag"]
    answer = client.get(address, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")


def test_a_crop_changes_with_its_box(client: FlaskClient, read: Read) -> None:
    address = f"/v1/invoices/{read().id}/crops/total.png"
    tag = client.get(address).headers["ETag"]
    read(fields=readings(total=readings()["date"]))
    answer = client.get(address, headers={"If-None-Match": tag})
    assert answer.status_code == 200


def test_what_is_not_there_is_not_found(
    client: FlaskClient, adapters: Adapters, read: Read, upload: Upload
) -> None:
    made = read()
    base = f"/v1/invoices/{made.id}"
    assert refusal(client.get(f"{base}/image?page=2")) == (404, "no_such_page")
    assert refusal(client.get(f"{base}/crops/tax.png")) == (404, "not_found")
    assert refusal(client.get("/v1/invoices/nobody/image")) == (404, "not_found")
    assert refusal(client.get(f"{base}/image?width=1")) == (400, "invalid_request")
    words = upload("words.jpg", b"only words")
    assert refusal(client.get(f"/v1/invoices/{words.id}/image")) == (404, "unsupported_format")
    broken = upload("cut.png", picture()[:200])
    assert refusal(client.get(f"/v1/invoices/{broken.id}/image?width=64"))[0] == 404
    source = SourceRef(kind="folder", file_id="x", name="x.jpg")
    refused = made.model_copy(
        update={"id": "f" * 32, "object": None, "source": source, "status": Status.FAILED}
    )
    adapters.store.create(refused)
    assert refusal(client.get(f"/v1/invoices/{refused.id}/image")) == (404, "no_file")


def test_the_samples_are_there() -> None:
    assert Path(PDF).read_bytes().startswith(b"%PDF-")
