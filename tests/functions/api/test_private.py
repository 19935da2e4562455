"""Calls of the API to Khana's private functions: with an ID token, made by Google's own library."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from core.errors import RequestError, SetupError, TransientError
from functions.api import private

ID_TOKEN = "e30.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln"
"""A token that is good until 2100; nobody here looks at its signature."""


class Double(http.server.BaseHTTPRequestHandler):
    """Google's token endpoint at /token, and a private function at /."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = self.server
        if self.path == "/token":
            (assertion,) = parse_qs(body.decode())["assertion"]
            server.asked.append(jwt.decode(assertion, verify=False))  # type: ignore[attr-defined]
            code, answer = 200, json.dumps({"id_token": ID_TOKEN})
        else:
            server.called.append(self.headers.get("Authorization"))  # type: ignore[attr-defined]
            server.may_answer.wait(10)  # type: ignore[attr-defined]
            code, answer = server.answer  # type: ignore[attr-defined]
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def double() -> Iterator[http.server.HTTPServer]:
    # Not 127.0.0.1, which is asked without a token.
    server = http.server.ThreadingHTTPServer(("127.0.0.2", 0), Double)
    server.asked, server.called, server.answer = [], [], (200, '{"ok": true}')  # type: ignore[attr-defined]
    server.may_answer = threading.Event()  # type: ignore[attr-defined]
    server.may_answer.set()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def url(double: http.server.HTTPServer) -> str:
    return f"http://127.0.0.2:{double.server_port}"


@pytest.fixture(autouse=True)
def credentials(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a service account."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    account = {
        "type": "service_account",
        "client_email": "api@khana.example",
        "private_key": key.decode(),
        "private_key_id": "1",
        "token_uri": f"{url}/token",
    }
    path = tmp_path / "account.json"
    path.write_text(json.dumps(account))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))


def test_a_private_function_is_shown_an_id_token_for_it(
    double: http.server.HTTPServer, url: str
) -> None:
    assert private.post(url, {"file": ("a.png", b"x")}) == {"ok": True}
    (asked,) = double.asked  # type: ignore[attr-defined]
    assert (asked["iss"], asked["target_audience"]) == ("api@khana.example", url)
    assert double.called == [f"Bearer {ID_TOKEN}"]  # type: ignore[attr-defined]


def fault(code: int, reason: str) -> tuple[int, str]:
    return code, json.dumps({"error": {"message": "told so", "details": [{"reason": reason}]}})


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (fault(422, "invalid_template"), RequestError, "invalid_template"),
        (fault(503, "unavailable"), TransientError, "unavailable"),
        (fault(500, "setup"), SetupError, "setup"),
        ((403, "<html>"), SetupError, "access_denied"),
        ((502, "<html>"), TransientError, "unavailable"),
    ],
)
def test_its_answer_is_passed_on_as_what_it_is(
    double: http.server.HTTPServer,
    url: str,
    answer: tuple[int, str],
    kind: type[Exception],
    code: str,
) -> None:
    double.answer = answer  # type: ignore[attr-defined]
    with pytest.raises(kind) as met:
        private.post(url)
    assert met.value.code == code  # type: ignore[attr-defined]


def test_one_that_takes_too_long_is_not_said_to_be_out_of_reach(
    double: http.server.HTTPServer, url: str
) -> None:
    double.handle_error = lambda *_: None  # type: ignore[method-assign]  # nobody waits for it
    double.may_answer.clear()  # type: ignore[attr-defined]
    with pytest.raises(TransientError, match="still at it"):
        private.post(url, timeout=0.1)
    double.may_answer.set()  # type: ignore[attr-defined]


def test_without_credentials_somebody_is_told_to_mend_that(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(SetupError) as met:
        private.post(url)
    assert met.value.code == "no_credentials"
