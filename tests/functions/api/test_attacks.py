"""What an attacker would try on the API and the page: docs/security.md says why."""

import ast
import gzip
import hashlib
import hmac
import logging
import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from drawn import Read, picture
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI

import core.access
from core.access import Role, create_key, key_of, list_keys
from core.adapters import connect
from core.invoice import Reading
from core.ports import Adapters
from core.settings import Settings, explain, load_settings
from core.template import Kind

ROOT = Path(__file__).parents[3]
SECRET = "a-secret-of-the-oauth-client"
MARKUP = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "access": "required",
            "google_client_id": "khana.apps.googleusercontent.com",
            "google_client_secret": SECRET,
        }
    )


@pytest.fixture
def adapters(settings: Settings) -> Adapters:
    """What is tried here hangs on no backend."""
    return connect(settings)


@pytest.fixture
def key(adapters: Adapters) -> str:
    return create_key(adapters.store, "its admin", Role.ADMIN)[1]


@pytest.fixture
def admin(client: FlaskClient, key: str) -> FlaskClient:
    """A client that shows the key with every request."""
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


def upload(client: FlaskClient, data: bytes, name: str = "scan.png", **headers: str) -> Any:
    return client.post("/v1/invoices", data={"file": (BytesIO(data), name)}, headers=headers)


# --- who may do what -----------------------------------------------------------------------------


def expected(method: str, path: str) -> Role | None:
    """Who may ask, by a rule of its own beside the app's; None for strangers, too."""
    public = ("/healthz", "/sign-in", "/sign-out", "/preferences", "/v1/drive:notify", "/assets/")
    if path.startswith(public):
        return None
    if path.startswith("/v1/webhooks"):
        return Role.ADMIN  # also to look: an address may hold a secret of its own
    if method == "GET":
        return Role.READER
    if method == "DELETE" or path.startswith("/v1/templates"):
        return Role.EDITOR if path == "/v1/templates:tryRead" else Role.ADMIN
    return Role.EDITOR


def test_every_route_by_every_role_and_by_strangers(
    app: OpenAPI, client: FlaskClient, adapters: Adapters
) -> None:
    keys = {role: create_key(adapters.store, role, role)[1] for role in Role}
    wrong = []
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            wanted = expected(method, rule.rule)
            address = "".join("x" if part.startswith("<") else part for part in _parts(rule.rule))
            for role in [None, *Role]:
                headers = {"Authorization": f"Bearer {keys[role]}"} if role else {}
                answer = client.open(address, method=method, headers=headers)
                reason = b"unauthenticated" if role is None else b'"role"'
                let_in = answer.status_code not in (401, 403) or reason not in answer.data
                may = wanted is None or (role is not None and role.includes(wanted))
                if let_in is not may:
                    wrong.append(f"{method} {rule.rule} by {role or 'a stranger'}")
    assert wrong == []


def _parts(rule: str) -> list[str]:
    return rule.replace("<", "\0<").replace(">", ">\0").split("\0")


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PROPFIND", "get"])
def test_no_odd_method_is_a_way_in(client: FlaskClient, read: Read, method: str) -> None:
    answer = client.open(f"/v1/invoices/{read().id}", method=method)
    assert answer.status_code in (200, 401, 405)
    assert b"fields" not in answer.data


@pytest.mark.parametrize(
    "shown", ["Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer null", "bearer kh__", "Bearer a.b.c"]
)
def test_what_is_no_proof_opens_nothing(client: FlaskClient, shown: str) -> None:
    assert client.get("/v1/invoices", headers={"Authorization": shown}).status_code == 401


def test_keys_are_compared_in_a_time_that_tells_nothing(
    adapters: Adapters, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is shown, each key's digest is compared once, whole, and by `compare_digest`."""
    create_key(adapters.store, "another", Role.READER)
    compared: list[tuple[int, int]] = []
    compare_digest = hmac.compare_digest

    def compare(one: str, other: str) -> bool:
        compared.append((len(one), len(other)))
        return compare_digest(one, other)

    monkeypatch.setattr(core.access.hmac, "compare_digest", compare)
    keys = list_keys(adapters.store)
    for shown in (key, key[:-1] + "x", "kh_00000000_x", "", "no key at all"):
        compared.clear()
        key_of(keys, shown)
        assert compared == [(64, 64)] * 2, shown


# --- ways out of the folder ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../app.py",
        "/assets/..%2fapp.py",
        "/assets/%2e%2e/%2e%2e/main.py",
        "/assets//etc/passwd",
        "/v1/invoices/..%2f..%2f..%2fetc%2fpasswd",
        "/v1/invoices/..%2f..%2fkhana.db/image",
        "/v1/invoices/x/crops/..%2f..%2fkhana.db.png",
        "/v1/templates/..%2f..%2fkhana.db",
    ],
)
def test_no_address_leads_out_of_its_folder(admin: FlaskClient, path: str) -> None:
    answer = admin.get(path, follow_redirects=True)
    assert answer.status_code == 404
    assert b"root:" not in answer.data
    assert b"import" not in answer.data


@pytest.mark.parametrize(
    "name", ["../../evil.png", "/etc/cron.d/evil.png", "..\\..\\evil.png", "evil.png\0.txt", ".."]
)
def test_the_name_of_an_upload_is_a_name(admin: FlaskClient, settings: Settings, name: str) -> None:
    before = {path for path in settings.data.parent.rglob("*") if settings.data not in path.parents}
    answer = upload(admin, picture(), name)
    assert answer.status_code == 202
    shown = answer.get_json()["source"]["name"]
    assert not set("/\\\0") & set(shown)
    after = {path for path in settings.data.parent.rglob("*") if settings.data not in path.parents}
    assert after == before


def test_a_template_s_picture_is_the_one_that_came_with_it(admin: FlaskClient) -> None:
    """`reference` is a path in a file; over HTTP it names nothing on this machine."""
    form = {"id": "evil", "page_size": [100, 100], "reference": "/etc/passwd"}
    form["fields"] = [{"name": "a", "kind": "number", "box": [0, 0, 9, 9]}]
    answer = admin.post("/v1/templates", json={"template": form})
    assert answer.status_code in (400, 415, 422)


# --- files that attack who reads them ------------------------------------------------------------

SVG = b"""<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg"><image href="http://169.254.169.254/"/>&x;</svg>"""


@pytest.mark.parametrize(
    "data",
    [SVG, b"<html><script>alert(1)</script>", b"PK\x03\x04" + b"\0" * 60, gzip.compress(b"\0" * 9)],
    ids=["svg", "html", "zip", "gzip"],
)
def test_what_is_no_picture_is_refused_whatever_it_is_called(
    admin: FlaskClient, data: bytes
) -> None:
    assert upload(admin, data, "scan.png").status_code == 415


def test_nothing_here_parses_xml_or_unpacks_what_comes_in() -> None:
    """No parser, no entity that it would fetch. `archive` reads backups, and is tested there."""
    dangerous = {"xml", "lxml", "pickle", "marshal", "shelve", "yaml", "tarfile"}
    found = set()
    for path in [*(ROOT / "core").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            found |= {
                f"{path.relative_to(ROOT)}: {name}"
                for name in names
                if name.split(".")[0] in dangerous and name != "xml.sax.saxutils"  # which writes
            }
            # What `multiprocessing` receives as an object it has unpickled.
            if isinstance(node, ast.Attribute) and node.attr == "recv":
                found.add(f"{path.relative_to(ROOT)}: recv")
    assert found == set()


def _png(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), *more]
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in [*chunks, (b"IEND", b"")]
    )
    return b"\x89PNG\r\n\x1a\n" + body


def test_a_picture_that_would_be_huge_is_refused_at_the_door(admin: FlaskClient) -> None:
    bomb = _png(60_000, 60_000, (b"IDAT", zlib.compress(b"\0" * 100_000)))
    answer = upload(admin, bomb)
    assert answer.status_code == 413
    assert answer.get_json()["error"]["details"] == [{"reason": "image_too_large"}]


def test_a_body_that_says_it_is_packed_is_not_unpacked(admin: FlaskClient) -> None:
    body = gzip.compress(b'{"template": "' + b"x" * 1_000_000 + b'"}')
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    answer = admin.post("/v1/invoices/x:read", data=body, headers=headers)
    assert answer.status_code in (400, 422)


def test_json_as_deep_as_it_may_come_is_refused(admin: FlaskClient) -> None:
    deep = b"[" * 100_000
    headers = {"Content-Type": "application/json"}
    assert admin.patch("/v1/invoices/x", data=deep, headers=headers).status_code in (400, 422)


# --- what is shown to people and programs --------------------------------------------------------


def test_markup_in_a_file_s_name_or_value_stays_text(admin: FlaskClient, read: Read) -> None:
    reading = Reading(text=MARKUP, value=MARKUP, kind=Kind.TEXT, confidence=0.5, box=(0, 0, 9, 9))
    invoice = read(f"{MARKUP}.png", fields={"seller": reading})
    for path in ("/", f"/invoices/{invoice.id}", f"/?q={MARKUP}", f"/{MARKUP}"):
        page = admin.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path


@pytest.mark.parametrize("value", ["=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(1)", "\t=1"])
def test_no_export_holds_a_formula(admin: FlaskClient, read: Read, value: str) -> None:
    reading = Reading(text=value, value=value, kind=Kind.TEXT, confidence=0.5, box=(0, 0, 9, 9))
    read(f"{value}.png", fields={"seller": reading})
    table = admin.get("/v1/invoices:export?format=csv").get_data(as_text=True)
    cells = [cell.strip('"') for line in table.splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "@", "\t"))]


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1.png", 'a".png', "فاتورة\n.png"])
def test_no_name_makes_a_header(admin: FlaskClient, read: Read, name: str) -> None:
    invoice = read(name)
    answer = admin.get(f"/v1/invoices/{invoice.id}/image")
    assert "X-Evil" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_name_from_the_request_is_shown_as_json_alone(admin: FlaskClient) -> None:
    answer = admin.get(f"/v1/invoices/{MARKUP}")
    assert answer.status_code == 404
    assert answer.content_type == "application/json"


# --- secrets -------------------------------------------------------------------------------------


def test_no_secret_comes_into_the_log(
    client: FlaskClient,
    key: str,
    adapters: Adapters,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.DEBUG)
    session = client.post("/sign-in", data={"key": key}).headers["Set-Cookie"].split(";")[0]
    client.get("/v1/invoices")
    client.get("/v1/invoices", headers={"Authorization": f"Bearer {key}"})
    client.get("/v1/invoices", headers={"Authorization": f"Bearer {key}x"})
    client.get("/sign-in/google")
    client.get("/sign-in/google/back?state=a&code=the-code-of-google")
    upload(client, picture(), Authorization=f"Bearer {key}")

    def fail(*_: object) -> None:
        raise RuntimeError("a fault")

    monkeypatch.setattr(adapters.store, "list", fail)
    client.get("/v1/invoices", headers={"Authorization": f"Bearer {key}"})
    said = "\n".join(f"{r.getMessage()} {r.exc_text or ''}" for r in caplog.records)
    assert "a fault" in said
    secret = key.split("_", 2)[2]
    digest = hashlib.sha256(secret.encode()).hexdigest()
    for hidden in (secret, digest, session.split("=", 1)[1], SECRET, "the-code-of-google"):
        assert hidden not in said


def test_no_answer_tells_of_a_secret(admin: FlaskClient, key: str) -> None:
    for path in ("/openapi.json", "/docs", "/healthz", "/", "/v1/templates", "/v1/invoices"):
        body = admin.get(path).get_data(as_text=True)
        assert SECRET not in body
        assert key.split("_", 2)[2] not in body


def test_settings_that_are_printed_hold_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHANA_GOOGLE_CLIENT_SECRET", SECRET)
    assert SECRET not in repr(load_settings())
    (shown,) = (o for o in explain(load_settings()) if o.name == "google_client_secret")
    assert shown.value == "(not shown)"
    assert shown.source == "environment KHANA_GOOGLE_CLIENT_SECRET"


def test_what_is_kept_of_keys_gives_none_away(adapters: Adapters, key: str) -> None:
    assert key.split("_", 2)[2] not in (adapters.store.get_state("keys") or "")
