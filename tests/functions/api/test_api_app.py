"""What holds for all of the app: the form of errors, headers, its description, the function."""

import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from io import BytesIO
from pathlib import Path

import functions_framework
import pytest
from drawn import OPERATIONS, Read, local_alone, picture
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from core.adapters import connect
from core.errors import KhanaError, SetupError, TransientError
from core.settings import Settings

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("method", "path", "code", "status", "reason"),
    [
        ("GET", "/v1/nothing", 404, "NOT_FOUND", "not_found"),
        ("GET", "/nothing", 404, "NOT_FOUND", "not_found"),
        ("PUT", "/v1/invoices", 405, "UNIMPLEMENTED", "method_not_allowed"),
        ("GET", "/v1/invoices?page_size=x", 400, "INVALID_ARGUMENT", "invalid_request"),
        ("GET", "/v1/invoices/x", 404, "NOT_FOUND", "not_found"),
    ],
)
def test_errors_have_one_form(
    client: FlaskClient, method: str, path: str, code: int, status: str, reason: str
) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == code
    error = answer.get_json()["error"]
    assert error.pop("message")
    assert error == {"code": code, "status": status, "details": [{"reason": reason}]}


def test_a_method_that_is_not_allowed_says_which_are(client: FlaskClient) -> None:
    allowed = client.put("/v1/invoices").headers["Allow"]
    assert set(allowed.split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}


@pytest.mark.parametrize(
    ("error", "code", "status", "shown"),
    [
        (TransientError("the store is locked"), 503, "UNAVAILABLE", "the store is locked"),
        (SetupError("/secret/path: damaged"), 500, "INTERNAL", "its log says which"),
        (KhanaError("/secret/path"), 500, "INTERNAL", "its log says which"),
        (ZeroDivisionError("/secret/path"), 500, "INTERNAL", "its log says which"),
    ],
)
def test_faults_tell_strangers_nothing(
    app: OpenAPI,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    code: int,
    status: str,
    shown: str,
) -> None:
    def fail() -> None:
        raise error

    app.add_url_rule("/v1/fail", view_func=fail)
    answer = app.test_client().get("/v1/fail")
    assert (answer.status_code, answer.get_json()["error"]["status"]) == (code, status)
    assert shown in answer.get_json()["error"]["message"]
    assert "secret" not in answer.get_data(as_text=True)
    assert ("/secret/path" in caplog.text) is (code == 500)
    assert answer.headers.get("Retry-After") == ("1" if code == 503 else None)


def test_people_get_a_page_and_programs_json(client: FlaskClient) -> None:
    page = client.get("/invoices/<b>x</b>", headers=HTML)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "&lt;b&gt;" in page.get_data(as_text=True)
    assert "<b>x" not in page.get_data(as_text=True)
    assert client.get("/v1/nothing", headers=HTML).mimetype == "application/json"
    assert client.get("/nothing", headers={"Accept": "*/*"}).mimetype == "application/json"


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/invoices", "/nothing", "/assets/base.css"])
def test_every_answer_is_locked_down(client: FlaskClient, path: str) -> None:
    with client.get(path, headers=HTML) as answer:
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "no-cache" in headers["Cache-Control"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_the_description_is_of_what_is_there(client: FlaskClient) -> None:
    described = client.get("/openapi.json").get_json()
    assert described["openapi"].startswith("3.1")
    operations = {
        f"{method.upper()} {path}": operation
        for path, item in described["paths"].items()
        for method, operation in item.items()
    }
    assert set(operations) == set(OPERATIONS)
    ids = [operation["operationId"] for operation in operations.values()]
    assert len(set(ids)) == len(ids)
    text = json.dumps(described)
    known = described["components"]["schemas"]
    assert {name.rpartition("/")[2] for name in re.findall(r'"\$ref": "([^"]+)"', text)} <= set(
        known
    )
    for operation in operations.values():
        assert operation["security"] == [{"bearer": []}, {}]
        assert operation["summary"]
        for code in ("400", "401", "403", "422", "429", "500", "503"):
            assert "ErrorBody" in json.dumps(operation["responses"][code])
    for change in ("POST /v1/templates", "PUT /v1/templates/{template_id}"):
        assert {"409", "413", "415"} <= set(operations[change]["responses"])


def test_what_an_invoice_always_has_is_described_so(client: FlaskClient, read: Read) -> None:
    known = client.get("/openapi.json").get_json()["components"]["schemas"]
    invoice = client.get(f"/v1/invoices/{read().id}").get_json()
    assert set(known["Invoice"]["required"]) == set(invoice)
    (reading, *_) = invoice["fields"].values()
    assert set(known["Reading"]["required"]) == set(reading)


def test_the_documentation_needs_nobody_else(client: FlaskClient) -> None:
    page = client.get("/docs", headers=HTML).get_data(as_text=True)
    assets = re.findall(r'(?:src|data-url|<link[^>]* href)="([^"]+)"', page)
    assert len(assets) == 9
    for address in assets:
        assert address.startswith("/")
        with client.get(address) as answer:
            assert answer.status_code == 200


def test_health(client: FlaskClient) -> None:
    assert client.get("/healthz").get_json() == {"status": "ok"}


@local_alone
def test_looking_at_the_sources_takes_in_what_is_new(
    client: FlaskClient, settings: Settings
) -> None:
    (settings.inbox_dir / "a.png").write_bytes(picture())
    (settings.inbox_dir / "huge.png").write_bytes(b"\x89PNG" * settings.max_file_bytes)
    report = client.post("/v1/drive:sync").get_json()
    assert report["received"] == 1
    assert [message.partition(":")[0] for message in report["failed"]] == ["huge.png"]
    nothing = {"received": 0, "failed": [], "busy": [], "finished": True}
    assert client.post("/v1/drive:sync").get_json() == nothing


def test_the_function_answers_under_the_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KHANA_DATA", str(tmp_path / "data"))
    source = Path(__file__).parents[3] / "functions" / "api" / "main.py"
    framework = functions_framework.create_app("api", str(source), "http")
    client = framework.test_client()
    assert client.get("/healthz").get_json() == {"status": "ok"}
    made = client.post("/v1/invoices", data={"file": (BytesIO(picture()), "a.png")})
    assert made.status_code == 202
    page = client.get("/", headers=HTML).get_data(as_text=True)
    assert "a.png" in page
    for form in ("csv", "json", "xlsx", "pdf"):
        for encoding in ("gzip", "identity"):
            headers = {"Accept-Encoding": encoding}
            with client.get(f"/v1/invoices:export?format={form}", headers=headers) as export:
                assert export.status_code == 200
                assert export.data
    with client.get("/assets/base.css") as answer:
        assert answer.status_code == 200
    # What the framework alone would refuse, with a page of its own.
    for path in ("/v1/invoices/a%0Ab", "/v1/templates/a%0Ab", "/%0A", "/robots.txt"):
        refused = client.get(path)
        assert refused.status_code == 404
        assert refused.get_json()["error"]["details"] == [{"reason": "not_found"}]
        assert refused.headers["X-Request-Id"]


def test_a_first_request_that_finds_the_store_locked_is_told_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.adapters.local.database.BUSY_TIMEOUT_S", 0.05)
    monkeypatch.setenv("KHANA_DATA", str(tmp_path))
    connect(Settings(data=tmp_path))
    source = Path(__file__).parents[3] / "functions" / "api" / "main.py"
    client = functions_framework.create_app("api", str(source), "http").test_client()
    with closing(sqlite3.connect(tmp_path / "khana.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        answer = client.get("/v1/invoices")
    assert answer.status_code == 503
    assert answer.get_json()["error"]["details"] == [{"reason": "unavailable"}]
    assert answer.headers["Retry-After"] == "1"
    assert client.get("/v1/invoices").status_code == 200


def test_starting_loads_nothing_heavy() -> None:
    """A cold start waits for what is imported, so pictures, the model and Drive's client are for
    who needs them."""
    heavy = {"cv2", "fpdf", "googleapiclient", "numpy", "onnxruntime", "pypdfium2", "xlsxwriter"}
    code = f"import sys, functions.api.main; print({heavy} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
