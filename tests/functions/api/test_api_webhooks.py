"""/v1/webhooks, and one that is told by the function of that name."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import functions_framework
import pytest
from drawn import Read
from flask.testing import FlaskClient

from core.settings import Settings

ROOT = Path(__file__).parents[3]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_private": True})


class Kept(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), json.loads(body)))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[http.server.HTTPServer]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Kept)
    server.got = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_webhook_is_made_shown_without_its_secret_and_ended(client: FlaskClient) -> None:
    body = {"url": "http://127.0.0.1:1/x", "events": ["done"]}
    made = client.post("/v1/webhooks", json=body)
    assert made.status_code == 201
    hook = made.get_json()
    assert hook.pop("secret").startswith("whsec_")
    assert (hook["events"], hook["trouble"]) == (["done"], None)
    assert client.get("/v1/webhooks").get_json() == {"webhooks": [hook]}
    again = client.post("/v1/webhooks", json=body)
    assert (again.status_code, again.get_json()["error"]["status"]) == (409, "ALREADY_EXISTS")
    assert client.delete(f"/v1/webhooks/{hook['id']}").status_code == 204
    assert client.delete(f"/v1/webhooks/{hook['id']}").status_code == 404
    assert client.get("/v1/webhooks").get_json() == {"webhooks": []}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"url": "ftp://x"}, "invalid_url"),
        ({"url": ""}, "invalid_request"),
        ({"url": "http://127.0.0.1/", "events": ["received"]}, "invalid_request"),
        ({}, "invalid_request"),
    ],
)
def test_what_can_t_be_told_is_refused(client: FlaskClient, body: object, reason: str) -> None:
    answer = client.post("/v1/webhooks", json=body)
    assert answer.status_code == 422
    assert answer.get_json()["error"]["details"] == [{"reason": reason}]


@pytest.mark.parametrize("adapters", ["local"], indirect=True)
def test_the_function_tells_what_is_due(
    client: FlaskClient,
    read: Read,
    settings: Settings,
    receiver: http.server.HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = f"http://127.0.0.1:{receiver.server_port}/hook"
    client.post("/v1/webhooks", json={"url": url})
    invoice = read()
    monkeypatch.setenv("KHANA_DATA", str(settings.data))
    monkeypatch.setenv("KHANA_WEBHOOK_PRIVATE", "true")
    source = ROOT / "functions" / "webhooks" / "main.py"
    function = functions_framework.create_app("webhooks", str(source), "http").test_client()
    assert function.get("/").status_code == 405
    assert function.post("/").get_json() == {"delivered": 1, "failed": 0, "given_up": 0}
    assert function.post("/").get_json() == {"delivered": 0, "failed": 0, "given_up": 0}
    ((headers, message),) = receiver.got  # type: ignore[attr-defined]
    assert message["type"] == "invoice.done"
    assert message["data"] == client.get(f"/v1/invoices/{invoice.id}").get_json()
    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} <= set(headers)
