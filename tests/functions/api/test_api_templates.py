"""/v1/templates: what `khana template` writes goes in, and comes out as it was."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asking import refusal
from drawn import ACME, form, picture
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from werkzeug.test import TestResponse

from core.ports import Adapters
from core.template import dump_template


def send(
    client: FlaskClient,
    template: Any,
    picture: bytes | None = None,
    *,
    to: str | None = None,
) -> TestResponse:
    content = template if isinstance(template, bytes) else json.dumps(template).encode()
    body = {"template": (io.BytesIO(content), "acme.json")}
    if picture is not None:
        body["reference"] = (io.BytesIO(picture), "form.png")
    if to is None:
        return client.post("/v1/templates", data=body)
    return client.put(f"/v1/templates/{to}", data=body)


def changed(**values: Any) -> dict[str, Any]:
    return dump_template(ACME) | values


def test_a_template_comes_out_as_it_went_in(client: FlaskClient) -> None:
    answer = send(client, changed())
    assert (answer.status_code, answer.get_json()) == (201, changed())
    assert client.get("/v1/templates/acme").get_json() == changed()
    assert client.get("/v1/templates").get_json() == {"templates": [changed()]}


def test_a_change_is_a_new_version_and_keeps_the_picture(
    client: FlaskClient, adapters: Adapters
) -> None:
    answer = send(client, changed(), form())
    assert answer.get_json()["reference"] == "form.png"
    answer = send(client, changed(reference="form.png", name="New"), to="acme")
    assert (answer.status_code, answer.get_json()["version"]) == (200, 2)
    assert adapters.store.get_template("acme").reference == form()
    answer = send(client, changed(), to="acme")  # names none any more
    assert adapters.store.get_template("acme").reference is None
    assert adapters.store.get_template("acme", 1).reference == form()


def test_a_template_without_a_picture_to_send_may_come_as_json_alone(
    client: FlaskClient, adapters: Adapters
) -> None:
    answer = client.post("/v1/templates", json=changed())
    assert (answer.status_code, answer.get_json()) == (201, changed())
    assert refusal(client.post("/v1/templates", json=changed())) == (409, "already_exists")
    assert refusal(client.post("/v1/templates", json=[])) == (422, "invalid_template")
    assert refusal(client.put("/v1/templates/acme", json={})) == (422, "invalid_template")
    answer = client.post("/v1/templates", json=changed(id="new", reference="form.png"))
    assert refusal(answer) == (422, "reference_missing")
    send(client, changed(), form(), to="acme")
    known = client.get("/v1/templates/acme")
    answer = client.put(
        "/v1/templates/acme",
        json=known.get_json() | {"name": "New"},
        headers={"If-Match": known.headers["ETag"]},
    )
    assert (answer.status_code, answer.get_json()["name"]) == (200, "New")
    assert adapters.store.get_template("acme").reference == form()


def test_how_a_form_looks_is_stored_with_its_picture(
    client: FlaskClient, adapters: Adapters
) -> None:
    send(client, changed(), form())
    looks = adapters.store.get_template("acme").looks
    assert looks is not None
    assert len(looks) > 1000
    send(client, changed(reference="form.png", name="New"), to="acme")
    assert adapters.store.get_template("acme").looks == looks


def test_of_many_who_make_a_template_at_once_one_does(app: OpenAPI) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: send(app.test_client(), changed(name=f"{n}")), range(6)))
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]


def test_a_template_is_not_replaced_by_accident(client: FlaskClient) -> None:
    send(client, changed())
    answer = send(client, changed(name="Another"))
    assert refusal(answer) == (409, "already_exists")
    assert "PUT /v1/templates/acme" in answer.get_json()["error"]["message"]
    assert refusal(send(client, changed(id="other"), to="acme")) == (422, "invalid_template")
    assert refusal(send(client, changed(id="nobody"), to="nobody")) == (404, "not_found")


@pytest.mark.parametrize(
    ("template", "code"),
    [
        (b"{", "invalid_template"),
        (b"\xff", "invalid_template"),
        (b"[" * 100_000, "invalid_template"),
        (changed(colour="red"), "invalid_template"),
        (changed(page_size=[100, 100]), "box_outside_page"),
        (changed(fields=[dump_template(ACME)["fields"][0]] * 2), "duplicate_field"),
        (changed(rules=["total == tax"]), "invalid_rule"),
        (changed(reference="acme.png"), "reference_missing"),
    ],
)
def test_what_can_not_be_used_is_refused_with_its_reason(
    client: FlaskClient, template: Any, code: str
) -> None:
    answer = send(client, template)
    assert refusal(answer) == (422, code)
    assert client.get("/v1/templates").get_json() == {"templates": []}


def test_a_reference_must_be_a_picture(client: FlaskClient) -> None:
    assert refusal(send(client, changed(), b"words")) == (415, "unsupported_format")
    assert refusal(send(client, changed(), picture()[:99])) == (422, "truncated_file")


def test_a_picture_that_nothing_can_be_aligned_to_is_refused(client: FlaskClient) -> None:
    answer = send(client, changed(), picture())
    assert refusal(answer) == (422, "reference_unusable")
    assert "too little on it" in answer.get_json()["error"]["message"]
    assert client.get("/v1/templates").get_json() == {"templates": []}


def test_deleting_removes_it(client: FlaskClient) -> None:
    send(client, changed())
    assert client.delete("/v1/templates/acme").status_code == 204
    assert refusal(client.delete("/v1/templates/acme")) == (404, "not_found")
