"""Who is let in where: every route, every role, and strangers."""

import base64
import re
import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from drawn import Read
from flask.testing import FlaskClient
from flask_openapi3.openapi import OpenAPI
from google.auth import crypt, jwt

from core.access import Identity, Role, create_key, revoke_key
from core.adapters import connect
from core.ports import Adapters
from core.settings import Settings
from functions.api import google_identity
from functions.api.access import PUBLIC, Access, role_for
from functions.api.app import create_app
from functions.api.limits import RateLimit

CLIENT = "khana.apps.googleusercontent.com"
HTML = {"Accept": "text/html"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "access": "required",
            "google_client_id": CLIENT,
            "google_client_secret": "s",
            "readers": "@office.example, guest@gmail.com",
            "admins": "boss@office.example",
        }
    )


@pytest.fixture
def adapters(settings: Settings) -> Adapters:
    """Who is let in hangs on no backend."""
    return connect(settings)


@pytest.fixture
def keys(adapters: Adapters) -> dict[Role, str]:
    return {role: create_key(adapters.store, f"its {role}", role)[1] for role in Role}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def routes(app: OpenAPI) -> Iterator[tuple[str, str, str]]:
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<[^>]+>", "x", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, address


def test_every_route_refuses_strangers_and_whoever_s_role_is_too_small(
    app: OpenAPI, client: FlaskClient, keys: dict[Role, str]
) -> None:
    tried = 0
    for endpoint, method, address in routes(app):
        if endpoint in PUBLIC:
            continue
        tried += 1
        where = f"{method} {address}"
        assert client.open(address, method=method).status_code == 401, where
        assert client.open(address, method=method, headers=bearer("kh_1_2")).status_code == 401
        wanted = role_for(endpoint, method)
        for role in Role:
            answer = client.open(address, method=method, headers=bearer(keys[role]))
            refused = answer.status_code == 403
            assert refused is not role.includes(wanted), f"{where} as {role}"
    assert tried >= 20


def test_who_may_change_what(app: OpenAPI) -> None:
    needed = {(endpoint, method): role_for(endpoint, method) for endpoint, method, _ in routes(app)}
    assert needed["invoices.list_invoices", "GET"] is Role.READER
    assert needed["invoices.create_invoice", "POST"] is Role.EDITOR
    assert needed["invoices.delete_invoice", "DELETE"] is Role.ADMIN
    assert needed["templates.create_template", "POST"] is Role.ADMIN
    for (endpoint, method), role in needed.items():
        assert role is not Role.READER or method == "GET", endpoint


def test_what_is_public_is_there_and_tells_nothing(app: OpenAPI, client: FlaskClient) -> None:
    assert {endpoint for endpoint, _, _ in routes(app)} >= PUBLIC
    assert client.get("/healthz").status_code == 200
    assert client.post("/v1/drive:notify").status_code == 403


def test_a_revoked_key_opens_nothing(
    client: FlaskClient, adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.api.access._KEYS_KEPT_S", 0.0)
    key, shown = create_key(adapters.store, "Mona", Role.READER)
    assert client.get("/v1/invoices", headers=bearer(shown)).status_code == 200
    revoke_key(adapters.store, key.id)
    assert client.get("/v1/invoices", headers=bearer(shown)).status_code == 401


def test_who_corrects_is_noted_by_the_proof_and_not_as_they_say(
    client: FlaskClient, keys: dict[Role, str], read: Read
) -> None:
    body = {"fields": {"total": {"value": "5"}}, "reviewed_by": "the auditor"}
    answer = client.patch(f"/v1/invoices/{read().id}", json=body, headers=bearer(keys[Role.EDITOR]))
    assert answer.get_json()["corrections"][0]["by"] == "its editor"


# --- the page ------------------------------------------------------------------------------------


def test_a_stranger_s_browser_is_sent_to_sign_in_and_back(
    client: FlaskClient, keys: dict[Role, str]
) -> None:
    sent = client.get("/?status=done", headers=HTML)
    assert (sent.status_code, sent.headers["Location"]) == (303, "/sign-in?next=/?status%3Ddone")
    form = {"key": keys[Role.READER], "next": "/?status=done"}
    answer = client.post("/sign-in", data=form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/?status=done")
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = client.get("/", headers=HTML)
    assert page.status_code == 200
    assert "Sign out" in page.get_data(as_text=True)
    client.post("/sign-out")
    assert client.get("/", headers=HTML).status_code == 303


def test_over_https_the_cookie_stays_there(client: FlaskClient, keys: dict[Role, str]) -> None:
    answer = client.post("/sign-in", data={"key": keys[Role.READER]}, base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(("backend", "secure"), [("google", True), ("local", False)])
def test_what_a_proxy_says_counts_behind_google_s_alone(
    adapters: Adapters, settings: Settings, keys: dict[Role, str], backend: str, secure: bool
) -> None:
    app = create_app(adapters, settings.model_copy(update={"backend": backend}))
    answer = app.test_client().post(
        "/sign-in", data={"key": keys[Role.READER]}, headers={"X-Forwarded-Proto": "https"}
    )
    assert ("Secure" in answer.headers["Set-Cookie"]) is secure


def test_a_session_ends_with_its_key(
    client: FlaskClient, adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.api.access._KEYS_KEPT_S", 0.0)
    key, shown = create_key(adapters.store, "Mona", Role.READER)
    client.post("/sign-in", data={"key": shown})
    assert client.get("/v1/invoices").status_code == 200
    revoke_key(adapters.store, key.id)
    assert client.get("/v1/invoices").status_code == 401


def test_a_session_that_somebody_made_up_or_had_before_is_none(
    client: FlaskClient, keys: dict[Role, str]
) -> None:
    client.set_cookie("khana_session", "made-up")
    assert client.get("/v1/invoices").status_code == 401
    client.post("/sign-in", data={"key": keys[Role.READER]})  # a fixed session is replaced
    cookie = client.get_cookie("khana_session")
    assert cookie is not None
    assert cookie.value != "made-up"
    client.set_cookie("khana_session", cookie.value[:-2] + "xx")
    assert client.get("/v1/invoices").status_code == 401


def test_a_way_to_google_is_no_session(client: FlaskClient) -> None:
    client.get("/sign-in/google")
    way = client.get_cookie("khana_way")
    assert way is not None
    client.set_cookie("khana_session", way.value)
    assert client.get("/v1/invoices").status_code == 401


@pytest.mark.parametrize(
    "onward",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "/\r\n/evil.example",
        "\t//evil.example",
        "/\\\t/evil.example",
    ],
)
def test_nobody_is_sent_elsewhere_after_signing_in(
    client: FlaskClient, keys: dict[Role, str], onward: str
) -> None:
    answer = client.post("/sign-in", data={"key": keys[Role.READER], "next": onward})
    assert answer.headers["Location"] in ("/", "/evil.example")


def test_guessing_keys_is_slowed_down(client: FlaskClient) -> None:
    codes = [client.post("/sign-in", data={"key": "kh_a_b"}).status_code for _ in range(25)]
    assert codes[0] == 401
    assert codes[-1] == 429


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
    ],
)
def test_a_page_of_another_site_changes_nothing(
    client: FlaskClient, keys: dict[Role, str], headers: dict[str, str]
) -> None:
    client.post("/sign-in", data={"key": keys[Role.ADMIN]})
    answer = client.delete("/v1/templates/x", headers=headers)
    assert answer.status_code == 403
    assert answer.get_json()["error"]["details"] == [{"reason": "cross_site"}]
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    assert client.delete("/v1/templates/x", headers=own).status_code == 404


# --- Google --------------------------------------------------------------------------------------


class Google:
    """Signs ID tokens as Google does."""

    def __init__(self) -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.signer = crypt.RSASigner.from_string(pem, "1")
        self.certs = {"1": public.decode()}

    def token(self, **claims: object) -> str:
        told = {
            "iss": "https://accounts.google.com",
            "aud": CLIENT,
            "iat": int(time.time()) - 10,
            "exp": int(time.time()) + 600,
            "email": "clerk@office.example",
            "email_verified": True,
            "hd": "office.example",
        }
        payload = {name: value for name, value in (told | claims).items() if value is not None}
        return jwt.encode(self.signer, payload).decode()


@pytest.fixture(scope="module")
def google() -> Google:
    return Google()


@pytest.fixture
def known_keys(google: Google, monkeypatch: pytest.MonkeyPatch) -> None:
    """Google's keys, as they would have been fetched."""
    monkeypatch.setattr(google_identity, "_google_certs", lambda: google.certs)


@pytest.mark.usefixtures("known_keys")
@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, Identity("clerk@office.example", Role.READER)),
        ({"email": "Boss@Office.example"}, Identity("boss@office.example", Role.ADMIN)),
        ({"email": "guest@gmail.com", "hd": None}, Identity("guest@gmail.com", Role.READER)),
        ({"hd": None}, None),
        ({"hd": "other.example"}, None),
        ({"email": "stranger@gmail.com", "hd": None}, None),
        ({"email_verified": False}, None),
        ({"email_verified": "true"}, None),
        ({"aud": "another.apps.googleusercontent.com"}, None),
        ({"iss": "https://accounts.example"}, None),
        ({"exp": int(time.time()) - 600, "iat": int(time.time()) - 1200}, None),
        ({"iat": int(time.time()) + 1200, "exp": int(time.time()) + 2400}, None),
    ],
)
def test_an_id_token_is_taken_for_what_it_is(
    google: Google, settings: Settings, claims: dict[str, object], expected: Identity | None
) -> None:
    assert google_identity.identity(google.token(**claims), settings) == expected


@pytest.mark.usefixtures("known_keys")
def test_a_token_that_another_signed_is_none(google: Google, settings: Settings) -> None:
    assert google_identity.identity(Google().token(), settings) is None
    assert google_identity.identity(google.token()[:-4] + "AAAA", settings) is None
    unsigned = settings.model_copy(update={"google_client_id": None})
    assert google_identity.identity(google.token(), unsigned) is None


@pytest.mark.usefixtures("known_keys")
def test_a_token_without_end_is_none(google: Google, settings: Settings) -> None:
    head, claims, signature = google.token().split(".")
    deep = base64.urlsafe_b64encode(b"[" * 3000).decode()
    assert google_identity.identity(f"{deep}.{claims}.{signature}", settings) is None
    assert google_identity.identity(f"{head}.{deep}.{signature}", settings) is None


@pytest.mark.usefixtures("known_keys")
def test_a_person_signs_in_with_google(
    google: Google, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_identity, "finish", lambda *_, **__: google.token())
    begun = client.get("/sign-in/google?next=/x")
    state = re.search(r"state=([^&]+)", begun.headers["Location"])
    assert state is not None
    wrong = client.get("/sign-in/google/back?code=c&state=another")
    assert wrong.status_code == 400
    back = client.get(f"/sign-in/google/back?code=c&state={state[1]}")
    assert (back.status_code, back.headers["Location"]) == (303, "/x")
    assert client.get("/v1/invoices").status_code == 200
    assert client.delete("/v1/invoices/x").status_code == 403


@pytest.mark.usefixtures("known_keys")
def test_whom_nobody_let_in_is_told(
    google: Google, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = google.token(email="a@gmail.com", hd=None)
    monkeypatch.setattr(google_identity, "finish", lambda *_, **__: stranger)
    begun = client.get("/sign-in/google")
    state = re.search(r"state=([^&]+)", begun.headers["Location"])
    assert state is not None
    back = client.get(f"/sign-in/google/back?code=c&state={state[1]}")
    assert back.status_code == 403
    assert "Nobody has let this account in" in back.get_data(as_text=True)


# --- this machine alone --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"access": "auto"}, 200),
        ({"access": "auto", "host": "::1"}, 200),
        ({"access": "auto", "host": "0.0.0.0"}, 401),
        ({"access": "auto", "host": "khana.office.example"}, 401),
        ({"access": "auto", "backend": "google"}, 401),
        ({"access": "none", "host": "0.0.0.0"}, 200),
        ({"access": "required"}, 401),
    ],
)
def test_beyond_this_machine_a_proof_is_asked_for(
    adapters: Adapters, settings: Settings, changes: dict[str, str], status: int
) -> None:
    app = create_app(adapters, settings.model_copy(update=changes))
    assert app.test_client().get("/v1/invoices").status_code == status


def test_a_name_that_leads_here_is_not_this_machine(adapters: Adapters, settings: Settings) -> None:
    app = create_app(adapters, settings.model_copy(update={"access": "auto"}))
    rebound = app.test_client().get("/v1/invoices", base_url="http://evil.example:8080")
    assert rebound.status_code == 403
    upload = app.test_client().post("/v1/invoices", headers={"Origin": "http://evil.example"})
    assert upload.status_code == 403


def test_who_asks_too_often_waits(adapters: Adapters, settings: Settings) -> None:
    app = create_app(adapters, settings.model_copy(update={"rate_limit": 12}))
    codes = [app.test_client().get("/v1/invoices").status_code for _ in range(4)]
    assert codes == [401, 401, 429, 429]


def test_a_bucket_fills_again_and_callers_don_t_share() -> None:
    now = [0.0]
    limit = RateLimit(60, 2, clock=lambda: now[0])
    assert [limit.wait("a") for _ in range(3)] == [0.0, 0.0, pytest.approx(1.0)]
    assert limit.wait("b") == 0.0
    now[0] = 1.0
    assert limit.wait("a") == 0.0
    assert RateLimit(0, 0).wait("a") == 0.0


def test_the_keys_are_fetched_seldom(adapters: Adapters) -> None:
    known = Access(adapters.store, Settings())
    assert known.all_keys() == []
    create_key(adapters.store, "late", Role.READER)
    assert known.all_keys() == []
