"""Changes that meet others: entity tags, idempotency keys; names of requests; compression."""

import gzip
import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from asking import refusal
from drawn import ACME, Read, local_alone, picture, readings
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from werkzeug.test import TestResponse

from core.errors import TransientError
from core.intake.arrival import receive
from core.invoice import Reason, Status, TemplateRef, now
from core.ports import Adapters, Query, StoredTemplate
from core.template import Template, dump_template
from functions.api.repeats import Repeats

REVIEW: dict[str, Any] = {"fields": {"total": {"value": "12.50"}}, "reviewed_by": "منى"}


# --- entity tags ---------------------------------------------------------------------------------


def test_of_two_who_change_one_invoice_the_second_is_told(client: FlaskClient, read: Read) -> None:
    address = f"/v1/invoices/{read().id}"
    seen = {"If-Match": client.get(address).headers["ETag"]}

    first = client.patch(address, json=REVIEW, headers=seen)
    assert first.status_code == 200
    second = client.patch(address, json={"reviewed_by": "Omar"}, headers=seen)

    assert refusal(second) == (412, "changed_meanwhile")
    assert second.get_json()["error"]["status"] == "FAILED_PRECONDITION"
    assert client.get(address).get_json() == first.get_json()
    again = {"If-Match": first.headers["ETag"]}
    assert client.patch(address, json={"reviewed_by": "Omar"}, headers=again).status_code == 200


@pytest.mark.parametrize("given", ['"other"', 'W/"other"', "other", ",", '"a", "b"'])
def test_nothing_is_done_to_what_the_caller_has_not_seen(
    client: FlaskClient, adapters: Adapters, read: Read, given: str
) -> None:
    invoice = read()
    address, headers = f"/v1/invoices/{invoice.id}", {"If-Match": given}
    for answer in (
        client.patch(address, json=REVIEW, headers=headers),
        client.delete(address, headers=headers),
        client.post(f"{address}:read", headers=headers),
        client.delete(f"/v1/templates/{ACME.id}", headers=headers),
    ):
        assert refusal(answer) == (412, "changed_meanwhile")
    assert adapters.store.get(invoice.id) == invoice
    assert len(adapters.store.list_templates()) == 1


def test_a_tag_may_have_been_compressed_weakened_or_be_any(client: FlaskClient, read: Read) -> None:
    address = f"/v1/invoices/{read().id}"
    for form in ("{}", "W/{}", '"x", {}'):
        for encoding in ("gzip", "identity"):
            tag = client.get(address, headers={"Accept-Encoding": encoding}).headers["ETag"]
            headers = {"If-Match": form.format(tag)}
            assert client.patch(address, json=REVIEW, headers=headers).status_code == 200
    assert client.delete(address, headers={"If-Match": "*"}).status_code == 204


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_what_has_not_changed_is_not_sent_again(
    client: FlaskClient, read: Read, encoding: str
) -> None:
    address, headers = f"/v1/invoices/{read().id}", {"Accept-Encoding": encoding}
    tag = client.get(address, headers=headers).headers["ETag"]
    again = client.get(address, headers=headers | {"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    client.patch(address, json=REVIEW)
    assert client.get(address, headers=headers | {"If-None-Match": tag}).status_code == 200


def test_a_template_is_not_deleted_with_a_version_that_comes_meanwhile(
    client: FlaskClient, adapters: Adapters, acme: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, store = f"/v1/templates/{acme.id}", adapters.store
    seen = {"If-Match": client.get(address).headers["ETag"]}
    get = store.get_template

    def outrun(template_id: str) -> StoredTemplate:
        found = get(template_id)
        store.put_template(found)
        return found

    monkeypatch.setattr(store, "get_template", outrun)
    assert refusal(client.delete(address, headers=seen)) == (412, "changed_meanwhile")
    assert [each.version for each in store.list_templates()] == [2]
    assert client.delete(address, headers={"If-Match": "*"}).status_code == 204


def test_of_two_who_change_one_template_the_second_is_told(
    client: FlaskClient, adapters: Adapters, acme: Template
) -> None:
    address = f"/v1/templates/{acme.id}"
    seen = {"If-Match": client.get(address).headers["ETag"]}

    def put(name: str) -> TestResponse:
        text = Template.model_validate(dump_template(acme) | {"name": name}).model_dump_json()
        form = {"template": (io.BytesIO(text.encode()), "acme.json")}
        return client.put(address, data=form, headers=seen)

    assert put("One").get_json()["version"] == 2
    assert refusal(put("Two")) == (412, "changed_meanwhile")
    assert [template.name for template in adapters.store.list_templates()] == ["One"]


# --- corrections and rules -----------------------------------------------------------------------


@pytest.fixture
def ruled(adapters: Adapters) -> Template:
    return adapters.store.put_template(
        StoredTemplate(ACME.model_copy(update={"id": "ruled", "rules": ("total > 100",)}))
    )


def test_a_correction_that_breaks_a_rule_needs_another_look(
    client: FlaskClient, read: Read, ruled: Template
) -> None:
    ref = TemplateRef(id=ruled.id, version=ruled.version)
    address = f"/v1/invoices/{read(template=ref).id}"
    corrected = client.patch(address, json=REVIEW).get_json()
    assert corrected["fields"]["total"]["value"] == "12.50"
    assert corrected["status"] == "needs_review"
    assert [reason["code"] for reason in corrected["reasons"]] == ["rule_broken"]
    assert "total is 12.50" in corrected["reasons"][0]["message"]
    again = client.patch(address, json=REVIEW).get_json()
    assert (again["status"], again["reasons"]) == ("needs_review", corrected["reasons"])
    insisted = client.patch(address, json={"reviewed_by": "منى", "insist": True}).get_json()
    assert (insisted["status"], insisted["reasons"]) == ("done", [])
    (decision,) = insisted["decisions"]
    assert (decision["status"], decision["by"]) == ("done", "منى")
    assert decision["reasons"] == corrected["reasons"]


def test_a_required_value_that_is_missing_needs_another_look(
    client: FlaskClient, read: Read
) -> None:
    nothing = readings()["total"].model_copy(update={"text": "", "value": None})
    missing = Reason(code="missing", message="total: the box is empty", fields=("total",))
    made = read(status=Status.NEEDS_REVIEW, reasons=[missing], fields=readings(total=nothing))
    address = f"/v1/invoices/{made.id}"
    confirmed = {"fields": {"date": {"value": "2024-05-12"}}, "reviewed_by": "منى"}
    emptied = {"fields": {"total": {"value": " "}}, "reviewed_by": "منى"}
    for review in (confirmed, emptied):
        answer = client.patch(address, json=review).get_json()
        assert answer["status"] == "needs_review"
        assert [(r["code"], r["fields"]) for r in answer["reasons"]] == [("missing", ["total"])]
    assert answer["fields"]["date"]["reviewed_by"] == "منى"
    insisted = client.patch(address, json={"reviewed_by": "منى", "insist": True}).get_json()
    assert (insisted["status"], insisted["reasons"]) == ("done", [])


@pytest.mark.parametrize(
    ("example", "typed", "value"),
    [
        ("1 234,567", "125,500", "125.500"),
        ("1 234,567", "١٢٥،٥٠٠ د.ت", "125.500"),
        ("1 234,567", "125.500", "125.500"),
        ("1 234,567", "1 125,500", "1125.500"),
        ("1 234,56", "125,500", "125500"),
        ("1,234,567", "125,500", "125500"),
        (None, "125,500", "125500"),
    ],
)
def test_a_comma_that_begins_three_decimals_on_the_form_does_when_it_is_typed(
    client: FlaskClient,
    read: Read,
    adapters: Adapters,
    example: str | None,
    typed: str,
    value: str,
) -> None:
    fields = tuple(
        field.model_copy(update={"example": example}) if field.name == "total" else field
        for field in ACME.fields
    )
    form = ACME.model_copy(update={"id": "tunis", "fields": fields})
    form = adapters.store.put_template(StoredTemplate(form))
    made = read(template=TemplateRef(id=form.id, version=form.version))
    review = {"fields": {"total": {"value": typed}}, "reviewed_by": "منى"}
    total = client.patch(f"/v1/invoices/{made.id}", json=review).get_json()["fields"]["total"]
    assert total["value"] == value
    (entry,) = adapters.store.get(made.id).corrections
    assert entry.typed == typed


def test_a_correction_that_heals_a_rule_makes_it_done(
    client: FlaskClient, read: Read, ruled: Template
) -> None:
    low = readings()["total"].model_copy(update={"value": "56"})
    invoice = read(
        template=TemplateRef(id=ruled.id, version=ruled.version),
        fields=readings(total=low),
        status=Status.NEEDS_REVIEW,
        reasons=[Reason(code="rule_broken", message="total > 100", fields=("total",))],
    )
    review = {"fields": {"total": {"value": "٥٦٠٠"}}, "reviewed_by": "Omar"}
    healed = client.patch(f"/v1/invoices/{invoice.id}", json=review).get_json()
    assert (healed["status"], healed["reasons"]) == ("done", [])


@local_alone
def test_today_is_that_of_the_office(
    client: FlaskClient, adapters: Adapters, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is where the invoice was read."""
    rules = ("date <= today",)
    template = adapters.store.put_template(StoredTemplate(ACME.model_copy(update={"rules": rules})))
    tomorrow = f"{now() + timedelta(days=1):%Y-%m-%d}"
    dated = readings()["date"].model_copy(update={"value": tomorrow})
    ref = TemplateRef(id=template.id, version=template.version)
    invoice = read(template=ref, fields=readings(date=dated), status=Status.NEEDS_REVIEW)
    monkeypatch.setenv("TZ", "EAST-24")  # a day ahead of UTC
    time.tzset()
    try:
        answer = client.patch(f"/v1/invoices/{invoice.id}", json={"reviewed_by": "Omar"})
    finally:
        monkeypatch.undo()
        time.tzset()
    assert answer.get_json()["status"] == "done"


# --- idempotency keys ----------------------------------------------------------------------------


def send(client: FlaskClient, key: str, data: bytes, **form: str) -> TestResponse:
    body = {"file": (io.BytesIO(data), "a.png")} | form
    return client.post("/v1/invoices", data=body, headers={"Idempotency-Key": key})


def test_an_upload_sent_again_is_the_same(
    client: FlaskClient, adapters: Adapters, read: Read
) -> None:
    read(data=picture(1))
    first = send(client, "k1", picture(1), template="acme").get_json()
    assert first["status"] == "received"  # it came with a template, so it is read again: once
    adapters.store.update(
        first["id"], lambda invoice: invoice.model_copy(update={"status": Status.DONE})
    )
    again = send(client, "k1", picture(1), template="acme")
    assert (again.status_code, again.get_json()["status"]) == (202, "done")
    assert len(adapters.store.list(Query()).invoices) == 1


def test_a_key_stands_for_one_upload(client: FlaskClient, acme: Template) -> None:
    assert send(client, "k1", picture(1)).status_code == 202
    assert refusal(send(client, "k1", picture(2))) == (422, "key_reused")
    assert refusal(send(client, "k1", picture(1), template="acme")) == (422, "key_reused")
    assert send(client, "k2", picture(2)).status_code == 202
    assert refusal(send(client, "x" * 256, picture(3))) == (422, "invalid_request")


def test_of_two_at_the_same_moment_under_one_key_one_is_carried_out(
    app: OpenAPI, adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, go_on = threading.Event(), threading.Event()

    def slowly(*args: Any, **kwargs: Any) -> Any:
        under_way.set()
        assert go_on.wait(30)
        return receive(*args, **kwargs)

    monkeypatch.setattr("functions.api.routes.invoices.receive", slowly)
    with ThreadPoolExecutor(1) as other:
        first = other.submit(send, app.test_client(), "k1", picture(1))
        try:
            assert under_way.wait(30)
            client = app.test_client()
            assert refusal(send(client, "k1", picture(1))) == (409, "upload_under_way")
            assert refusal(send(client, "k1", picture(2))) == (422, "key_reused")
        finally:
            go_on.set()
    made = first.result()
    assert made.status_code == 202
    again = send(client, "k1", picture(1))
    assert (again.status_code, again.get_json()) == (202, made.get_json())
    assert len(adapters.store.list(Query()).invoices) == 1


def test_of_many_at_the_same_moment_under_one_key_one_is_carried_out(
    app: OpenAPI, adapters: Adapters
) -> None:
    start = threading.Barrier(8)

    def send_at_once(seed: int) -> int:
        start.wait(30)
        return send(app.test_client(), "k1", picture(seed)).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(send_at_once, range(8)))
    # The rest were other files under its key, or found all places for uploads taken.
    assert answers.count(202) == 1
    assert set(answers) <= {202, 422, 429}
    assert len(adapters.store.list(Query()).invoices) == 1


def test_what_failed_may_come_again_at_once_under_its_key(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise TransientError("the bucket is out of reach")

    with monkeypatch.context() as broken:
        broken.setattr("functions.api.routes.invoices.receive", fail)
        assert send(client, "k1", picture(1)).status_code == 503
    assert send(client, "k1", picture(1)).status_code == 202


def test_an_upload_sent_again_brings_nothing_back_that_was_deleted(
    client: FlaskClient, app: OpenAPI, adapters: Adapters
) -> None:
    made = send(client, "k1", picture(1)).get_json()
    client.delete(f"/v1/invoices/{made['id']}")
    assert refusal(send(client, "k1", picture(1))) == (404, "not_found")
    assert "404" in app.api_doc["paths"]["/v1/invoices"]["post"]["responses"]
    assert len(adapters.store.list(Query()).invoices) == 0
    assert send(client, "k2", picture(1)).status_code == 202


def test_an_upload_whose_process_died_may_come_again_in_time(
    client: FlaskClient, adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    Repeats(adapters.store, "k1", caller="").begin(picture(1), None)
    assert refusal(send(client, "k1", picture(1))) == (409, "upload_under_way")
    monkeypatch.setattr("functions.api.repeats.LONGEST", timedelta(seconds=-1))
    assert send(client, "k1", picture(1)).status_code == 202


def test_a_key_is_forgotten_in_time(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    send(client, "k1", picture(1))
    monkeypatch.setattr("functions.api.repeats.KEPT", timedelta(seconds=-1))
    assert send(client, "k1", picture(2)).status_code == 202


# --- names of requests, compression --------------------------------------------------------------


def test_a_request_keeps_the_name_that_its_caller_gives(client: FlaskClient) -> None:
    for path in ("/v1/invoices", "/v1/nothing", "/"):
        named = client.get(path, headers={"X-Request-Id": "call-7:b/1=x"})
        assert named.headers["X-Request-Id"] == "call-7:b/1=x"


@pytest.mark.parametrize("given", ["", "two words", "<b>", "x" * 129, "é"])
def test_other_requests_are_named_anew(client: FlaskClient, given: str) -> None:
    names = {
        client.get("/healthz", headers={"X-Request-Id": given}).headers["X-Request-Id"]
        for _ in range(2)
    }
    assert len(names - {given}) == 2


def test_the_log_names_the_request_that_met_a_fault(
    app: OpenAPI, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    app.add_url_rule("/v1/fail", view_func=fail)
    answer = app.test_client().get("/v1/fail")
    assert answer.headers["X-Request-Id"] in caplog.text


@pytest.mark.parametrize(
    "path", ["/v1/invoices", "/v1/invoices:export", "/v1/invoices:export?format=json", "/"]
)
def test_answers_are_compressed(client: FlaskClient, read: Read, path: str) -> None:
    read()
    plain = client.get(path)
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    unwanted = client.get(path, headers={"Accept-Encoding": "*, gzip;q=0"})
    assert "Content-Encoding" not in unwanted.headers
    assert unwanted.data == plain.data
    for answer in (plain, packed, unwanted):
        assert "Accept-Encoding" in answer.headers["Vary"]
