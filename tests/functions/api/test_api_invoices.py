"""/v1/invoices, through Flask's test client on the real local adapters."""

import csv
import io
import json
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import openpyxl
import pypdfium2
import pytest
from asking import refusal
from drawn import ACME, Read, Upload, local_alone, picture, readings
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.errors import NotFoundError
from core.invoice import Invoice, Outcome, Reading, Reason, SourceRef, Status, finish, now
from core.names import file_name
from core.ports import Adapters, Query
from core.template import Kind
from functions.api.limits import AtOnce


def post(client: FlaskClient, data: bytes, name: str = "scan.png", **form: str) -> TestResponse:
    query = form.pop("query", "")
    return client.post(f"/v1/invoices{query}", data={"file": (io.BytesIO(data), name)} | form)


# --- taking in -----------------------------------------------------------------------------------


def test_an_upload_is_accepted_and_shown(client: FlaskClient, adapters: Adapters) -> None:
    answer = post(client, picture(), "فاتورة ٣.png")
    assert answer.status_code == 202
    made = answer.get_json()
    assert made["status"] == "received"
    assert made["source"] == {
        "kind": "upload",
        "file_id": "فاتورة ٣.png",
        "name": "فاتورة ٣.png",
        "link": None,
    }
    assert made["received_at"].endswith("Z")
    assert set(made) == set(Invoice.model_fields) - {"lease_until", "requested_template", "again"}
    assert client.get(f"/v1/invoices/{made['id']}").get_json() == made
    stored = adapters.store.get(made["id"])
    assert stored.object is not None
    assert adapters.objects.read(stored.object).data == picture()


def test_the_same_bytes_are_the_same_invoice(client: FlaskClient) -> None:
    first = post(client, picture(), "a.png").get_json()
    again = post(client, picture(), "b.png").get_json()
    assert again["id"] == first["id"]
    assert again["source"]["name"] == "a.png"
    assert [source["name"] for source in again["duplicates"]] == ["b.png"]
    assert len(client.get("/v1/invoices").get_json()["invoices"]) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        (r"C:\scans\a.png", "a.png"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("two\nlines.png", "two lines.png"),
        ("<script>.png", "<script>.png"),
        ("x" * 300 + ".png", "x" * 195 + "….png"),
        ("", "upload"),
        (None, "upload"),
    ],
)
def test_names_are_made_fit_to_be_shown(given: str, kept: str) -> None:
    assert file_name(given) == kept


def test_an_upload_can_not_choose_its_folder(client: FlaskClient) -> None:
    answer = post(client, picture(), "../../etc/passwd")
    assert answer.get_json()["source"]["name"] == "passwd"


def _png_header(width: int, height: int) -> bytes:
    content = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    check = struct.pack(">I", zlib.crc32(content))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + content + check


@pytest.mark.parametrize(
    ("data", "name", "expected"),
    [
        (b"", "empty.jpg", (400, "empty_file")),
        (b"just some words", "words.jpg", (415, "unsupported_format")),
        (_png_header(30_000, 30_000), "bomb.png", (413, "image_too_large")),
        (_png_header(1, 1), "dot.png", (422, "image_too_small")),
        (b"\xff\xd8\xff" + b"\0" * 200_000, "big.jpg", (413, "file_too_large")),
    ],
)
def test_what_can_not_be_an_invoice_is_refused_at_the_door(
    client: FlaskClient, data: bytes, name: str, expected: tuple[int, str]
) -> None:
    answer = post(client, data, name)
    assert refusal(answer) == expected
    assert answer.get_json()["error"]["message"].startswith(name)
    assert client.get("/v1/invoices").get_json()["invoices"] == []


def test_a_huge_upload_is_refused_before_it_is_read(client: FlaskClient) -> None:
    class Unread(io.RawIOBase):
        def readinto(self, _buffer: object) -> int:
            raise AssertionError("the body was read")

    answer = client.post(
        "/v1/invoices",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": str(1 << 30)},
    )
    assert refusal(answer) == (413, "file_too_large")
    assert "200,000 bytes" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize("data", [{}, {"file": "words, not a file"}, {"file": "", "other": "x"}])
def test_an_upload_without_a_file_is_refused(client: FlaskClient, data: dict[str, str]) -> None:
    assert refusal(client.post("/v1/invoices", data=data)) == (422, "invalid_request")


def test_two_files_at_once_are_refused_rather_than_one_lost(
    client: FlaskClient, adapters: Adapters
) -> None:
    two = [(BytesIO(picture(seed)), f"{seed}.png") for seed in range(2)]
    answer = client.post("/v1/invoices", data={"file": two})
    assert refusal(answer) == (422, "invalid_request")
    assert answer.get_json()["error"]["message"].startswith("file: came 2 times")
    assert not adapters.store.list(Query()).invoices


def test_a_template_can_be_asked_for(client: FlaskClient, adapters: Adapters, acme: Any) -> None:
    made = post(client, picture(), template="acme").get_json()
    assert adapters.store.get(made["id"]).requested_template == "acme"
    assert refusal(post(client, picture(1), template="nobody")) == (422, "unknown_template")


def test_a_known_file_is_read_again_when_it_comes_with_a_template(
    client: FlaskClient, adapters: Adapters, read: Read
) -> None:
    known = read(status=Status.NEEDS_REVIEW, template=None, fields={})
    answer = post(client, picture(), template="acme").get_json()
    assert (answer["id"], answer["status"]) == (known.id, "received")
    assert adapters.store.get(known.id).requested_template == "acme"


def test_waiting_gives_the_invoice_once_it_is_read(client: FlaskClient, adapters: Adapters) -> None:
    outcome = Outcome(status=Status.DONE, fields=readings())

    def read_it() -> None:
        while not (found := adapters.store.list(Query()).invoices):
            pass
        adapters.store.update(found[0].id, lambda x: finish(x, outcome, reader="r"))

    reader = threading.Thread(target=read_it)
    reader.start()
    answer = post(client, picture(), query="?wait=true")
    reader.join()
    assert (answer.status_code, answer.get_json()["status"]) == (200, "done")


def test_waiting_has_an_end(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.api.routes.invoices.LONGEST_WAIT_S", 0.1)
    answer = post(client, picture(), query="?wait=true")
    assert (answer.status_code, answer.get_json()["status"]) == (202, "received")


# --- listing -------------------------------------------------------------------------------------


def _names(answer: TestResponse) -> list[str]:
    assert answer.status_code == 200, answer.get_json()
    return [invoice["source"]["name"] for invoice in answer.get_json()["invoices"]]


@pytest.fixture
def three(read: Read) -> None:
    def total(value: str) -> dict[str, Reading]:
        return readings(total=readings()["total"].model_copy(update={"value": value}))

    read("a.png", seed=1, ago=timedelta(hours=3), fields=total("9.5"))
    read("b.png", seed=2, ago=timedelta(hours=2), fields=total("10"))
    read("c.png", seed=3, ago=timedelta(hours=1), status=Status.FAILED, fields={}, template=None)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["c.png", "b.png", "a.png"]),
        ("status=done", ["b.png", "a.png"]),
        ("template=acme&order_by=received_at", ["a.png", "b.png"]),
        ("total_min=9.51", ["b.png"]),
        ("total_max=9.50", ["a.png"]),
        ("number=0042&order_by=total desc", ["b.png", "a.png"]),
        ("date_from=2024-05-13", []),
        ("date_to=2024-05-12&order_by=total", ["a.png", "b.png"]),
        ("q=أكمي 9.5", ["a.png"]),
    ],
)
def test_filters_and_order(client: FlaskClient, three: None, query: str, names: list[str]) -> None:
    assert _names(client.get(f"/v1/invoices?{query}")) == names


@pytest.mark.parametrize("path", ["/v1/invoices?", "/v1/invoices:export?", "/?", "/invoices/{}?"])
def test_a_search_asks_once_whether_templates_changed_and_fetches_none(
    client: FlaskClient,
    adapters: Adapters,
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
) -> None:
    """Each template is a document of Firestore's, with all that is known of its form."""
    searched = path.format(read().id) + "q=أكمي"
    first = client.get(searched)
    asked: list[str] = []

    def noted(name: str) -> Callable[..., Any]:
        method = getattr(adapters.store, name)
        return lambda *given: (asked.append(name), method(*given))[1]

    for name in ("list_templates", "get_template", "template_revisions"):
        monkeypatch.setattr(adapters.store, name, noted(name))
    again = client.get(searched)
    assert (again.status_code, asked) == (200, ["template_revisions"])
    assert again.data == first.data


def test_pages_go_on_where_the_last_ended(client: FlaskClient, three: None) -> None:
    def pages() -> Iterator[list[str]]:
        token = ""  # the first page, as none
        while token is not None:
            answer = client.get(f"/v1/invoices?page_size=2&page_token={token}")
            yield _names(answer)
            token = answer.get_json()["next_page_token"]

    assert list(pages()) == [["c.png", "b.png"], ["a.png"]]


@pytest.mark.parametrize(
    "query",
    [
        "page_size=0",
        "page_size=501",
        "status=lost",
        "order_by=secret",
        "date_from=yesterday",
        "total_min=much",
        "total_min=1e999999999",
        "colour=red",
        "page_token=AAAA",
        "status=done&status=failed",
    ],
)
def test_queries_that_can_not_be_are_refused(client: FlaskClient, query: str) -> None:
    assert refusal(client.get(f"/v1/invoices?{query}"))[0] == 400


# --- review --------------------------------------------------------------------------------------


def test_a_correction_keeps_what_was_read(client: FlaskClient, read: Read) -> None:
    doubt = Reason(code="low_confidence", message="total: unsure", fields=("total",))
    made = read(status=Status.NEEDS_REVIEW, reasons=[doubt])
    for typed, value in (("٥٦٬٠٠٠", "56000"), ("57000", "57000")):
        answer = client.patch(
            f"/v1/invoices/{made.id}",
            json={"fields": {"total": {"value": typed}}, "reviewed_by": "Mariam"},
        )
        assert answer.status_code == 200
        assert answer.get_json()["status"] == "done"
        assert answer.get_json()["reasons"] == []
        total = answer.get_json()["fields"]["total"]
        assert (total["value"], total["original"]) == (value, "56000.50")
        assert (total["text"], total["confidence"]) == ("٥٦٬٠٠٠٫٥٠", 0.9612)
        assert total["reviewed_by"] == "Mariam"
    assert answer.get_json()["fields"]["date"]["reviewed_by"] is None
    trail = answer.get_json()["corrections"]
    assert [entry.pop("at") <= now().isoformat() for entry in trail] == [True, True]
    assert [(entry["field"], entry["by"]) for entry in trail] == [("total", "Mariam")] * 2
    assert [(entry["before"], entry["after"], entry["typed"]) for entry in trail] == [
        ("56000.50", "56000", "٥٦٬٠٠٠"),
        ("56000", "57000", "57000"),
    ]
    assert client.get(f"/v1/invoices/{made.id}").get_json() == answer.get_json()


def test_a_review_without_corrections_is_done(client: FlaskClient, read: Read) -> None:
    made = read(status=Status.NEEDS_REVIEW)
    body = {"status": "done", "reviewed_by": "Mariam"}
    answer = client.patch(f"/v1/invoices/{made.id}", json=body)
    assert answer.get_json()["status"] == "done"
    (decision,) = answer.get_json()["decisions"]
    assert (decision["status"], decision["by"], decision["reasons"]) == ("done", "Mariam", [])
    for language, words in (("en", "<b>Accepted</b>"), ("ar", "<b>اعتُمدت</b>")):
        page = client.get(f"/invoices/{made.id}", headers={"Accept-Language": language})
        assert words in page.get_data(as_text=True)


def test_a_date_may_be_typed_in_its_own_calendar(client: FlaskClient, read: Read) -> None:
    made = read()
    body = {"fields": {"date": {"value": "١٤٤٥/١١/٠٤"}}, "reviewed_by": "Mariam"}
    date = client.patch(f"/v1/invoices/{made.id}", json=body).get_json()["fields"]["date"]
    assert (date["value"], date["hijri"]) == ("2024-05-12", "1445-11-04")
    for sent, hijri in (("2024-05-12", "1445-11-04"), ("2024-05-13", None)):
        body = {"fields": {"date": {"value": sent}}, "reviewed_by": "Omar"}
        date = client.patch(f"/v1/invoices/{made.id}", json=body).get_json()["fields"]["date"]
        assert (date["value"], date["hijri"]) == (sent, hijri)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"total": {"value": "a lot"}}, (422, "invalid_value")),
        ({"date": {"value": "2024-13-45"}}, (422, "invalid_value")),
        ({"tax": {"value": "5"}}, (422, "unknown_field")),
        ({"total": {"value": "5", "confidence": 1}}, (422, "invalid_request")),
        ({"total": "5"}, (422, "invalid_request")),
    ],
)
def test_corrections_that_make_no_sense_change_nothing(
    client: FlaskClient, read: Read, fields: dict[str, Any], expected: tuple[int, str]
) -> None:
    made = read(status=Status.NEEDS_REVIEW)
    address = f"/v1/invoices/{made.id}"
    before = client.get(address).get_json()
    answer = client.patch(address, json={"fields": fields, "reviewed_by": "Mariam"})
    assert refusal(answer) == expected
    assert client.get(address).get_json() == before


def test_a_field_that_may_be_empty_can_be_emptied(client: FlaskClient, read: Read) -> None:
    made = read()
    body = {"fields": {"seller": {"value": None}}, "reviewed_by": "Mariam"}
    seller = client.patch(f"/v1/invoices/{made.id}", json=body).get_json()["fields"]["seller"]
    assert (seller["value"], seller["original"]) == (None, "شركة أكمي Acme")


def test_a_rejection_comes_with_a_reason_and_nothing_else(client: FlaskClient, read: Read) -> None:
    address = f"/v1/invoices/{read().id}"
    body = {"status": "failed", "reviewed_by": "Mariam"}
    because = {"rejected_because": "is a duplicate"}
    corrected = {"fields": {"total": {"value": "1"}}}
    for wrong in (body, body | because | corrected, {"reviewed_by": "Mariam"} | because):
        assert client.patch(address, json=wrong).status_code == 422
    rejected = client.patch(address, json=body | because).get_json()
    assert rejected["status"] == "failed"
    assert rejected["error"]["code"] == "rejected"
    assert client.patch(address, json=body | because).status_code == 409


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'{"reviewed_by": ""}', b'{"status": "done"}'])
def test_a_review_must_be_one(client: FlaskClient, read: Read, body: bytes) -> None:
    answer = client.patch(f"/v1/invoices/{read().id}", data=body, content_type="application/json")
    assert refusal(answer) == (422, "invalid_request")


def test_what_is_not_read_yet_has_nothing_to_review(client: FlaskClient, upload: Upload) -> None:
    answer = client.patch(f"/v1/invoices/{upload().id}", json={"reviewed_by": "Mariam"})
    assert refusal(answer) == (409, "not_read")


def test_corrections_outlive_their_template(
    client: FlaskClient, adapters: Adapters, read: Read
) -> None:
    made = read()
    adapters.store.delete_template("acme")
    body = {"fields": {"total": {"value": "١٢٫٥"}}, "reviewed_by": "Mariam"}
    answer = client.patch(f"/v1/invoices/{made.id}", json=body)
    assert answer.get_json()["fields"]["total"]["value"] == "12.5"


# --- read again, delete --------------------------------------------------------------------------


def test_reading_again_starts_anew_and_tells_the_reader(
    client: FlaskClient, adapters: Adapters, read: Read
) -> None:
    made = read(status=Status.FAILED)
    answer = client.post(f"/v1/invoices/{made.id}:read")
    assert (answer.status_code, answer.get_json()["status"]) == (202, "received")
    assert answer.get_json()["reader"] is None
    assert adapters.store.get(made.id).requested_template is None
    answer = client.post(f"/v1/invoices/{made.id}:read", json={"template": "acme"})
    assert answer.status_code == 202
    assert adapters.store.get(made.id).requested_template == "acme"


@local_alone
def test_reading_again_announces_the_file(client: FlaskClient, read: Read, settings: Any) -> None:
    from core.adapters.local.backend import open_backend  # noqa: PLC0415

    made = read()
    queue = open_backend(settings).queue
    first = queue.take()
    assert first is not None
    queue.acknowledge(first)
    assert queue.take() is None
    client.post(f"/v1/invoices/{made.id}:read")
    again = queue.take()
    assert again is not None
    assert again.ref == made.object


def test_reading_again_needs_a_known_template_and_a_file(
    client: FlaskClient, adapters: Adapters, read: Read
) -> None:
    made = read()
    answer = client.post(f"/v1/invoices/{made.id}:read", json={"template": "nobody"})
    assert refusal(answer) == (422, "unknown_template")
    source = SourceRef(kind="folder", file_id="x", name="x.jpg")
    refused = Invoice(id="0" * 32, status=Status.FAILED, source=source, received_at=now())
    adapters.store.create(refused)
    assert refusal(client.post(f"/v1/invoices/{refused.id}:read")) == (409, "no_file")


def test_what_is_being_read_is_left_to_its_reader(
    client: FlaskClient, adapters: Adapters, upload: Read
) -> None:
    made = upload()
    begun = {"status": Status.READING, "lease_until": now() + timedelta(minutes=1)}
    adapters.store.update(made.id, lambda x: x.model_copy(update=begun))
    assert refusal(client.post(f"/v1/invoices/{made.id}:read")) == (409, "conflict")


def test_deleting_removes_the_file_too(client: FlaskClient, adapters: Adapters, read: Read) -> None:
    made = read()
    answer = client.delete(f"/v1/invoices/{made.id}")
    assert (answer.status_code, answer.data) == (204, b"")
    assert made.object is not None
    with pytest.raises(NotFoundError):
        adapters.objects.read(made.object)
    assert refusal(client.get(f"/v1/invoices/{made.id}")) == (404, "not_found")
    assert refusal(client.delete(f"/v1/invoices/{made.id}")) == (404, "not_found")


# --- export --------------------------------------------------------------------------------------


def test_a_csv_opens_in_spreadsheets_and_runs_nothing(client: FlaskClient, read: Read) -> None:
    evil = Reading(
        text="=1+1", value="=HYPERLINK()", kind=Kind.TEXT, confidence=0.9, box=(1, 1, 2, 2)
    )
    minus = readings()["total"].model_copy(update={"value": "-12.50"})
    read("@evil.png", seed=1, fields=readings(seller=evil, total=minus))
    answer = client.get("/v1/invoices:export?status=done")
    assert answer.headers["Content-Disposition"] == "attachment; filename=invoices.csv"
    assert answer.data.startswith(b"\xef\xbb\xbf")
    (row,) = csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig")))
    assert row["file"] == "'@evil.png"
    assert row["seller"] == "'=HYPERLINK()"
    assert row["total"] == "-12.50"
    assert row["invoice_number"] == "0042"
    assert row["lowest_confidence"] == "0.9000"


def test_json_lines_hold_what_a_list_holds(client: FlaskClient, three: None) -> None:
    answer = client.get("/v1/invoices:export?format=json&order_by=total desc")
    listed = client.get("/v1/invoices?order_by=total desc").get_json()["invoices"]
    assert [json.loads(line) for line in answer.data.decode().splitlines()] == listed


def test_an_export_streams(client: FlaskClient, three: None) -> None:
    assert client.get("/v1/invoices:export").is_streamed
    assert ACME.id in client.get("/v1/invoices:export?template=acme").get_data(as_text=True)


@pytest.mark.parametrize(("accepted", "title"), [("ar-EG,en;q=0.5", "الفواتير"), ("", "Invoices")])
def test_a_workbook_speaks_the_language_that_is_asked_for(
    client: FlaskClient, three: None, accepted: str, title: str
) -> None:
    headers = {"Accept-Language": accepted}
    answer = client.get("/v1/invoices:export?format=xlsx", headers=headers)
    assert answer.headers["Content-Disposition"] == "attachment; filename=invoices.xlsx"
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    assert (sheet.title, sheet.max_row) == (title, 4)
    assert bool(sheet.sheet_view.rightToLeft) is (title != "Invoices")


def test_a_pdf_holds_every_invoice(client: FlaskClient, three: None) -> None:
    answer = client.get("/v1/invoices:export?format=pdf")
    assert answer.mimetype == "application/pdf"
    pages = pypdfium2.PdfDocument(answer.data)
    text = "".join(page.get_textpage().get_text_range() for page in pages)
    for invoice in client.get("/v1/invoices").get_json()["invoices"]:
        assert invoice["id"] in text


def test_formats_that_are_not_there_are_refused(client: FlaskClient) -> None:
    answer = client.get("/v1/invoices:export?format=doc")
    assert refusal(answer) == (400, "invalid_request")
    assert "'pdf' or 'json'" in answer.get_json()["error"]["message"]


def test_with_too_many_uploads_at_once_the_next_one_is_told_to_wait(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.api.routes.invoices._UPLOADS", AtOnce(0))
    answer = client.post("/v1/invoices", data={"file": (BytesIO(picture()), "scan.png")})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert answer.get_json()["error"]["details"] == [{"reason": "too_many_uploads"}]
    assert client.get("/v1/invoices").get_json()["invoices"] == []


def test_with_too_many_who_wait_the_next_one_doesn_t(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.api.routes.invoices._WAITING", AtOnce(0))
    sent = {"file": (BytesIO(picture()), "scan.png")}
    assert client.post("/v1/invoices?wait=true", data=sent).status_code == 202
