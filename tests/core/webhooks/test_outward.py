"""Requests to addresses that people name: where they lead, and where they never may."""

import http.server
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import RequestError, TransientError
from core.webhooks import outward
from core.webhooks.outward import is_public, post, resolve


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("127.0.0.1", False),
        ("127.8.9.1", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("::1", False),
        ("::", False),
        ("fe80::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("2002:7f00:1::", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("64:ff9b:1::a00:1", False),
    ],
)
def test_only_addresses_of_the_internet_are_public(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "ftp://example.org/x",
        "https://",
        "https://user:secret@example.org/x",
        "https://example.org:99999/",
        "https://[::1/",
        "https://exämple.org/",
        "example.org",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(RequestError) as refused:
        resolve(url, private=False)
    assert refused.value.code == "invalid_url"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "0x7f000001", "2130706433"]
)
def test_a_private_address_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises(RequestError) as refused:
        resolve(f"https://{host}/", private=False)
    assert refused.value.code == "private_address"


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Has every name lead to these addresses, and each of these to itself."""

    def found(host: str, port: int, *_: object, **__: object) -> list[object]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, (each, port)) for each in ([host] if host in addresses else addresses)]

    monkeypatch.setattr(outward.socket, "getaddrinfo", found)


def test_one_private_address_among_others_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(RequestError, match="private network"):
        resolve("https://both.example/", private=False)


def test_a_name_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror("unknown")

    monkeypatch.setattr(outward.socket, "getaddrinfo", unknown)
    with pytest.raises(TransientError, match="can't be looked up"):
        resolve("https://nowhere.example/", private=False)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers as its server says."""

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self.server.got.append((self.path, dict(self.headers), self.rfile.read(length)))  # type: ignore[attr-defined]
        self.send_response(self.server.answer)  # type: ignore[attr-defined]
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[http.server.HTTPServer]:
    server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.answer = [], 200  # type: ignore[attr-defined]
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_what_is_posted_arrives_and_redirects_are_not_followed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with receiving() as server, caplog.at_level(logging.DEBUG):
        server.answer = 302  # type: ignore[attr-defined]
        port = server.server_port
        code = post(f"http://127.0.0.1:{port}/a?b=c", b"{}", {"X-A": "1"}, private=True)
        ((path, headers, body),) = server.got  # type: ignore[attr-defined]
    assert (code, path, body) == (302, "/a?b=c", b"{}")
    assert (headers["Host"], headers["X-A"]) == (f"127.0.0.1:{port}", "1")
    assert "/a?b=c" not in caplog.text  # an address may hold a secret


def test_nobody_there_and_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
        with pytest.raises(TransientError, match=r"127\.0\.0\.1: NewConnectionError"):
            post(address, b"", {}, private=True)
        deaf.listen()
        monkeypatch.setattr(outward, "ANSWER_S", 0.1)
        with pytest.raises(TransientError, match="ReadTimeoutError"):
            post(address, b"", {}, private=True)


DRIP_S = 0.8


@contextmanager
def dripping(begun: bytes) -> Iterator[int]:
    """The port of one who sends what is begun, and then a byte now and then."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.sendall(begun)
                while True:
                    time.sleep(DRIP_S)
                    connection.sendall(b"x")

        thread = threading.Thread(target=drip)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def test_an_answer_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # Between two bytes: one that comes at that very moment would say that it was hung up on.
    monkeypatch.setattr(outward, "LONGEST_S", 1.5 * DRIP_S)
    with dripping(b"") as port, pytest.raises(TransientError, match=r"127\.0\.0\.1: "):
        post(f"http://127.0.0.1:{port}/", b"{}", {}, private=True)
    with dripping(b"HTTP/1.1 200 OK\r\nX-Long: ") as port:
        assert post(f"http://127.0.0.1:{port}/", b"{}", {}, private=True) == 200  # it was said


def test_not_all_of_a_hundred_addresses_are_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outward, "CONNECT_S", 0.1)
    monkeypatch.setattr(outward, "LONGEST_S", 0.15)
    names(monkeypatch, *(f"127.0.0.{n}" for n in range(1, 101)))
    with socket.create_server(("", 0), backlog=0) as full, ExitStack() as waiting:
        port = full.getsockname()[1]
        for _ in range(3):  # more than may wait to be accepted: who comes after them has no answer
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        begun = time.monotonic()
        with pytest.raises(TransientError, match=r"many\.example: ConnectTimeoutError"):
            post(f"http://many.example:{port}/", b"", {}, private=True)
    assert time.monotonic() - begun < 5


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's, for receiver.example, of an authority that is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver.example")])
    at = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(at - timedelta(hours=1))
        .not_valid_after(at + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("receiver.example")]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "both.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    monkeypatch.setattr(outward.certifi, "where", lambda: str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


def test_the_checked_address_is_connected_to_and_its_certificate_held_to_the_name(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, "127.0.0.1")
    with receiving(certificate) as server:
        url = f"https://receiver.example:{server.server_port}/"
        assert post(url, b"x", {}, private=True) == 200
        ((_, headers, _),) = server.got  # type: ignore[attr-defined]
        assert headers["Host"] == f"receiver.example:{server.server_port}"
        with pytest.raises(TransientError, match=r"other\.example: SSLError"):
            post(url.replace("receiver", "other"), b"x", {}, private=True)
