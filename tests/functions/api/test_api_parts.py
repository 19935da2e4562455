"""Files that hold an invoice a page: what the API and the page show of each."""

import csv
import io
from collections.abc import Sequence

import cv2
import numpy as np
import pypdfium2
import pytest
from batches import BOXES, batch, form, page
from flask.testing import FlaskClient

from core.extract import Extractor
from core.invoice import Invoice
from core.pipeline import process
from core.ports import Adapters, Query, StoredTemplate
from core.settings import Settings

NUMBERS = ["004217", "100230", "000891"]


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor(Settings())


@pytest.fixture
def made(
    client: FlaskClient, adapters: Adapters, settings: Settings, extractor: Extractor
) -> Sequence[Invoice]:
    """What an upload of three pages became, in their order."""
    adapters.store.put_template(StoredTemplate(form()))
    data = {"file": (io.BytesIO(batch(NUMBERS)), "batch.tif")}
    assert client.post("/v1/invoices", data=data).status_code == 202
    for _ in range(2):
        for each in adapters.store.list(Query()).invoices:
            assert each.object is not None
            process(adapters, extractor, each.object, settings)
    return adapters.store.list(Query(descending=False)).invoices


def test_each_says_which_page_it_is(client: FlaskClient, made: Sequence[Invoice]) -> None:
    ids = [each.id for each in made]
    for number, each in enumerate(made, start=1):
        shown = client.get(f"/v1/invoices/{each.id}").get_json()
        assert shown["part"] == {"page": number, "ids": ids}
        assert shown["source"]["name"] == "batch.tif"
        assert shown["fields"]["invoice_number"]["value"] == NUMBERS[number - 1]
    table = client.get("/v1/invoices:export").get_data(as_text=True).lstrip("\N{BYTE ORDER MARK}")
    assert sorted((row["file"], row["page"]) for row in csv.DictReader(io.StringIO(table))) == [
        ("batch.tif", "1"),
        ("batch.tif", "2"),
        ("batch.tif", "3"),
    ]


def test_each_shows_its_own_page_alone(client: FlaskClient, made: Sequence[Invoice]) -> None:
    for each, number in zip(made, NUMBERS, strict=True):
        drawn = np.asarray(page(number, number.lstrip("0")))
        answer = client.get(f"/v1/invoices/{each.id}/image")
        seen = cv2.imdecode(np.frombuffer(answer.data, np.uint8), cv2.IMREAD_GRAYSCALE)
        assert np.array_equal(seen, drawn)
        crop = client.get(f"/v1/invoices/{each.id}/crops/invoice_number.png")
        seen = cv2.imdecode(np.frombuffer(crop.data, np.uint8), cv2.IMREAD_GRAYSCALE)
        left, top, right, bottom = BOXES["invoice_number"]
        assert np.array_equal(seen, drawn[top - 9 : bottom + 9, left - 9 : right + 9])
        other = client.get(f"/v1/invoices/{each.id}/image?page=2")
        assert other.get_json()["error"]["details"] == [{"reason": "no_such_page"}]


def test_the_page_says_it_and_leads_to_the_others(
    client: FlaskClient, made: Sequence[Invoice]
) -> None:
    first, second, third = made
    shown = client.get(f"/invoices/{second.id}").get_data(as_text=True)
    assert "<bdi>batch.tif</bdi>, page 2 of 3" in shown
    assert f'<a href="/invoices/{first.id}">1</a>' in shown
    assert f'<a href="/invoices/{third.id}">3</a>' in shown
    assert ", page 3 of 3" in client.get("/").get_data(as_text=True)
    arabic = client.get(f"/invoices/{second.id}", headers={"Accept-Language": "ar"})
    assert "<bdi>batch.tif</bdi>، صفحة 2 من 3" in arabic.get_data(as_text=True)


def test_a_template_that_the_same_file_comes_with_again_is_that_of_all_its_pages(
    client: FlaskClient, adapters: Adapters, made: Sequence[Invoice]
) -> None:
    adapters.store.put_template(StoredTemplate(form("other")))
    assert client.delete(f"/v1/invoices/{made[2].id}").status_code == 204
    data = {"file": (io.BytesIO(batch(NUMBERS)), "batch.tif"), "template": "other"}
    assert client.post("/v1/invoices", data=data).status_code == 202
    asked = [each.requested_template for each in adapters.store.list(Query()).invoices]
    assert asked == ["other", "other"]


def test_a_pdf_of_them_says_which_page_each_is(
    client: FlaskClient, made: Sequence[Invoice]
) -> None:
    assert len(made) == 3
    document = pypdfium2.PdfDocument(client.get("/v1/invoices:export?format=pdf").data)
    text = "".join(page.get_textpage().get_text_bounded() for page in document)
    assert all(f"page {number} of 3" in text for number in (1, 2, 3))


def test_the_one_that_keeps_the_file_is_deleted_last(
    client: FlaskClient, made: Sequence[Invoice]
) -> None:
    first, *others = made
    refused = client.delete(f"/v1/invoices/{first.id}")
    assert (refused.status_code, refused.get_json()["error"]["details"]) == (
        409,
        [{"reason": "keeps_file"}],
    )
    for each in (*others, first):
        assert client.delete(f"/v1/invoices/{each.id}").status_code == 204
    assert client.get("/v1/invoices").get_json()["invoices"] == []
