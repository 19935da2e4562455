"""What nobody should send, sent: too much, the wrong kind, the wrong name."""

import io
import json
import re
import socket
import threading
from collections.abc import Iterator

import pytest
from drawn import Read, local_alone, picture
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

from core.settings import Settings
from functions.local import refusals
from functions.local.server import _listen

pytestmark = local_alone

GIGABYTE = 1024**3
MULTIPART = "multipart/form-data; boundary=x"


class Unread(io.RawIOBase):
    """A body of which nothing may be asked."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise AssertionError("the body was read")


def test_a_gigabyte_is_refused_before_it_is_read(client: FlaskClient) -> None:
    answer = client.post(
        "/v1/invoices",
        content_type=MULTIPART,
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": str(GIGABYTE)},
    )
    assert answer.status_code == 413
    assert answer.get_json()["error"]["details"] == [{"reason": "file_too_large"}]


@pytest.fixture
def port(app: OpenAPI, settings: Settings) -> Iterator[int]:
    """That of the server of `khana serve`."""
    server = _listen(app, settings.model_copy(update={"port": 0}))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.effective_port
    server.task_dispatcher.shutdown()
    server.close()
    thread.join()


def head(*lengths: str) -> bytes:
    start = ("POST /v1/invoices HTTP/1.1", "Host: x", f"Content-Type: {MULTIPART}")
    lines = (*start, *lengths, "", "")
    return "\r\n".join(lines).encode()


def refused(port: int, request: bytes) -> tuple[str, bytes]:
    """The head and the body of what the server answers."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(request)
        got = b""
        while piece := connection.recv(65_536):
            got += piece
    headers, _, body = got.partition(b"\r\n\r\n")
    return headers.decode(), body


def test_this_machine_s_server_refuses_a_gigabyte_before_it_comes(port: int) -> None:
    headers, body = refused(port, head(f"Content-Length: {GIGABYTE}"))
    assert " 413 " in headers.splitlines()[0]
    error = json.loads(body)["error"]
    assert (error["code"], error["details"]) == (413, [{"reason": "file_too_large"}])


def test_what_this_machine_s_server_refuses_has_its_name_in_answer_and_log(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, object]] = []

    def tell(event: str, **facts: object) -> None:
        told.append({"event": event} | facts)

    monkeypatch.setattr(refusals, "tell", tell)
    much = f"Content-Length: {GIGABYTE}"
    headers, _ = refused(port, head(much, "X-Request-Id: mine-1"))
    assert "X-Request-Id: mine-1" in headers.splitlines()
    for other in (head(much, "X-Request-Id: a b"), head("Content-Length: x")):
        headers, _ = refused(port, other)
        assert re.search(r"^X-Request-Id: [0-9a-f]{32}\r?$", headers, re.MULTILINE)
    mine = [each for each in told if each["request"] == "mine-1"]
    assert [(each["event"], each["status"]) for each in mine] == [("answered", 413)]


def test_this_machine_s_server_hangs_up_on_who_does_not_say_how_much_comes(port: int) -> None:
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head("Transfer-Encoding: chunked"))
        with pytest.raises(OSError, match=r"reset|pipe"):
            while sent < GIGABYTE:
                connection.sendall(chunk)
                sent += len(chunk)
    assert sent < GIGABYTE / 10


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'{"file": "x"}'),
        ("text/plain", b"x"),
        ("application/x-www-form-urlencoded", b"file=x"),
        (MULTIPART, b"no boundary"),
        ("multipart/form-data", b""),
        (
            MULTIPART,  # a name in an alphabet of before UTF-8
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="\xc7.png"\r\n\r\nx\r\n'
            b"--x--\r\n",
        ),
        ("application/pdf", b"%PDF-1.4"),
    ],
)
def test_an_upload_of_the_wrong_type_is_told_what_to_send(
    client: FlaskClient, content_type: str, body: bytes
) -> None:
    answer = client.post("/v1/invoices", data=body, content_type=content_type)
    assert answer.status_code == 422
    assert "multipart/form-data" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'"x"', b"{", b"\xff", b'{"fields": []}'])
def test_a_review_of_the_wrong_type_changes_nothing(
    client: FlaskClient, read: Read, body: bytes
) -> None:
    address = f"/v1/invoices/{read().id}"
    before = client.get(address).get_json()
    answer = client.patch(address, data=body, content_type="application/json")
    assert answer.status_code == 422
    assert client.get(address).get_json() == before


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>.png", '"><img src=x onerror=alert(1)>.png', "../../etc/x"]
)
def test_a_name_with_a_script_in_it_is_a_name(client: FlaskClient, name: str) -> None:
    form = {"file": (io.BytesIO(picture()), name)}
    made = client.post("/v1/invoices", data=form).get_json()
    shown = made["source"]["name"]
    assert "/" not in shown
    page = client.get("/", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    for export in ("csv", "json", "xlsx", "pdf"):
        assert client.get(f"/v1/invoices:export?format={export}").status_code == 200
