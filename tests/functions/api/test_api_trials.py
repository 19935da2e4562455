"""POST /v1/templates:tryRead: boxes read as they are drawn, here and by extract's second target."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from batches import batch, form
from emulators.serving import ROOT, running
from flask.testing import FlaskClient

from core.adapters import connect
from core.intake.parts import split
from core.invoice import Outcome, Status
from core.settings import Settings
from core.template import dump_template
from functions.api.app import create_app

INVOICE = ROOT / "samples" / "invoices" / "meridian-004518.jpg"
TEMPLATE = json.loads((ROOT / "samples" / "templates" / "meridian.json").read_text("utf-8"))
TRUTH = json.loads((ROOT / "samples" / "truth.json").read_text("utf-8"))[INVOICE.name]["fields"]


@pytest.fixture(scope="module")
def extract() -> Iterator[str]:
    with running("read_now") as url:
        yield url


@pytest.fixture(params=["here", "elsewhere"])
def client(request: pytest.FixtureRequest, settings: Settings) -> FlaskClient:
    url = request.getfixturevalue("extract") if request.param == "elsewhere" else None
    limits = {"max_file_bytes": 5_000_000, "max_pixels": 20_000_000, "read_now_url": url}
    settings = settings.model_copy(update=limits)
    return create_app(connect(settings), settings).test_client()


def asked(client: FlaskClient, template: object, data: bytes = INVOICE.read_bytes()):
    drawn = template if isinstance(template, bytes) else json.dumps(template).encode()
    form = {"file": (io.BytesIO(data), "p.jpg"), "template": (io.BytesIO(drawn), "t.json")}
    return client.post("/v1/templates:tryRead", data=form)


def test_a_box_is_read_as_it_is_drawn(client: FlaskClient) -> None:
    (total,) = [field for field in TEMPLATE["fields"] if field["name"] == "total"]
    answer = asked(client, {"page_size": TEMPLATE["page_size"], "fields": [total]})
    assert answer.status_code == 200, answer.text
    ((name, reading),) = answer.get_json()["fields"].items()
    assert (name, reading["value"]) == ("total", TRUTH["total"]["value"])
    assert client.get("/v1/invoices").get_json()["invoices"] == []
    assert client.get("/v1/templates").get_json()["templates"] == []


@pytest.mark.parametrize(
    ("template", "data", "code", "reason"),
    [
        (b"{", None, 422, "invalid_template"),
        (b"[]", None, 422, "invalid_template"),
        (b"[" * 100_000, None, 422, "invalid_template"),
        ({"fields": []}, None, 422, "invalid_template"),
        (TEMPLATE, b"no picture", 415, "unsupported_format"),
        (TEMPLATE, b"", 400, "empty_file"),
    ],
)
def test_what_can_not_be_read_says_why(
    client: FlaskClient, template: object, data: bytes | None, code: int, reason: str
) -> None:
    answer = asked(client, template, INVOICE.read_bytes() if data is None else data)
    assert answer.status_code == code, answer.text
    assert answer.get_json()["error"]["details"] == [{"reason": reason}]


def test_an_earlier_invoice_is_tried_and_aligned_to_the_form(client: FlaskClient) -> None:
    form = (ROOT / "samples" / "templates" / "meridian.png").read_bytes()
    made = client.post("/v1/invoices", data={"file": (io.BytesIO(INVOICE.read_bytes()), "m.jpg")})
    asked = {
        "invoice": made.get_json()["id"],
        "template": (io.BytesIO(json.dumps(TEMPLATE).encode()), "t.json"),
        "reference": (io.BytesIO(form), "form.png"),
    }
    answer = client.post("/v1/templates:tryRead", data=asked)
    assert answer.status_code == 200, answer.text
    values = {name: reading["value"] for name, reading in answer.get_json()["fields"].items()}
    assert values["total"] == TRUTH["total"]["value"]
    assert client.get("/v1/invoices").get_json()["invoices"][0]["fields"] == {}


def test_what_hinders_it_elsewhere_is_said_in_the_form_that_the_log_has(tmp_path: Path) -> None:
    field = {"name": "a", "kind": "text", "box": [10, 10, 100, 40], "languages": ["eng"]}
    template = json.dumps({"page_size": TEMPLATE["page_size"], "fields": [field]}).encode()
    log = tmp_path / "log"
    given = {"KHANA_LOG_FORM": "json", "KHANA_TESSERACT": "/nowhere/tesseract"}
    with log.open("w") as out, running("read_now", log=out, **given) as url:
        sent = {"file": ("m.jpg", INVOICE.read_bytes()), "template": ("t.json", template)}
        assert requests.post(url, files=sent, timeout=60).status_code == 500
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    (said,) = [line for line in lines if line["severity"] == "ERROR"]
    assert said["function"] == "read_now"
    assert "tesseract" in said["stack_trace"]


def test_it_is_a_file_or_an_invoice(client: FlaskClient) -> None:
    answer = client.post("/v1/templates:tryRead", data={"template": (io.BytesIO(b"{}"), "t.json")})
    assert answer.status_code == 422
    assert "either a file or the id" in answer.get_json()["error"]["message"]


def test_a_page_of_an_earlier_file_is_tried_alone(client: FlaskClient, settings: Settings) -> None:
    data = {"file": (io.BytesIO(batch(["004217", "100230"])), "b.tif")}
    first = client.post("/v1/invoices", data=data).get_json()["id"]
    adapters = connect(settings)
    part = split(adapters, adapters.store.get(first), Outcome(status=Status.DONE, invoices=2))
    assert part is not None
    drawn = json.dumps(dump_template(form())).encode()
    asked = {"invoice": part.ids[1], "template": (io.BytesIO(drawn), "t.json")}
    answer = client.post("/v1/templates:tryRead", data=asked)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["fields"]["invoice_number"]["value"] == "100230"
