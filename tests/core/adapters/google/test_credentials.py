"""Signing in to Drive with google-auth, from doubles of Google's token endpoints."""

import json
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from emulators.drive import DriveServer, Grant
from following import follow
from google.auth.compute_engine import _metadata
from google.auth.transport.requests import Request

from core.adapters.google import credentials
from core.adapters.google.credentials import SCOPE, BrowserSignIn
from core.adapters.google.drive import DriveSource
from core.adapters.google.drive_api import DriveApi
from core.adapters.google.kept import of_person, save_person
from core.errors import SetupError, TransientError

ROBOT = "khana@a-project.iam.gserviceaccount.com"
CLERK = "clerk@example.com"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch, tmp_path) -> None:
    """The machine that runs the tests may have credentials of its own: they are out of sight."""
    for name in list(os.environ):
        if name.startswith(("GOOGLE_", "GCE_", "CLOUDSDK_", "GCLOUD_", "APPDATA")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setattr(_metadata, "_NO_GCE_CHECK", True)


@pytest.fixture
def closed_drive(drive: DriveServer) -> DriveServer:
    """A Drive that serves nobody who hasn't signed in."""
    drive.sign_in.required = True
    return drive


@pytest.fixture
def token_uri(drive: DriveServer) -> str:
    return f"{drive.url}token"


@pytest.fixture
def request_to(drive: DriveServer) -> Iterator[Request]:
    """google-auth's transport, with Google's signer found at the double."""

    class Rerouted(Request):
        def __call__(self, url: str, *args, **kwargs):
            signer = "https://iamcredentials.googleapis.com/"
            return super().__call__(url.replace(signer, drive.url), *args, **kwargs)

    request = Rerouted()
    yield request
    request.session.close()


@pytest.fixture
def machine(monkeypatch, closed_drive: DriveServer) -> None:
    """Has the tests run on a machine of Google Cloud that has a service account."""
    closed_drive.sign_in.machine_account = ROBOT
    host = urlsplit(closed_drive.url).netloc
    monkeypatch.setenv("GCE_METADATA_IP", host)
    # google-auth reads their variables when it is imported.
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", host)
    monkeypatch.setattr(_metadata, "_NO_GCE_CHECK", False)


def key_file(path: Path, key: rsa.RSAPrivateKey, token_uri: str) -> Path:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    info = {
        "type": "service_account",
        "project_id": "a-project",
        "client_email": ROBOT,
        "private_key_id": "1",
        "private_key": pem.decode(),
        "token_uri": token_uri,
    }
    path.write_text(json.dumps(info))
    return path


def names_seen(drive: DriveServer, signed_in, time) -> list[str]:
    """What somebody signed in finds in a folder: the proof that the credentials are good."""
    folder = drive.state.folder("Inbox")
    drive.state.file("a.pdf", b"%PDF", folder)
    api = DriveApi(signed_in, root_url=drive.url, backoff=time.backoff())
    try:
        return follow(DriveSource(lambda: api, [folder], max_bytes=100))[0]
    finally:
        api.close()


def grants(drive: DriveServer) -> set[Grant]:
    return set(drive.sign_in.access_tokens.values())


class TestServiceAccount:
    @pytest.fixture(params=["key file", "machine"])
    def account(self, request, monkeypatch, closed_drive, key, tmp_path, token_uri) -> None:
        """Application Default Credentials: a key file, or the account of the machine (keyless)."""
        closed_drive.sign_in.service_accounts[ROBOT] = key
        if request.param == "key file":
            path = key_file(tmp_path / "key.json", key, token_uri)
            monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
        else:
            request.getfixturevalue("machine")

    def test_sees_what_is_shared_with_it(self, account, closed_drive, request_to, time):
        signed_in = credentials.of_service_account(request=request_to)
        credentials.check(signed_in, request=request_to)
        assert names_seen(closed_drive, signed_in, time) == ["a.pdf"]
        assert grants(closed_drive) == {Grant(ROBOT, None, frozenset({SCOPE}))}

    def test_acts_for_a_person(self, account, closed_drive, request_to, token_uri, time):
        closed_drive.sign_in.may_act_for.add(CLERK)
        signed_in = credentials.of_service_account(CLERK, request=request_to, token_uri=token_uri)
        credentials.check(signed_in, request=request_to)
        assert names_seen(closed_drive, signed_in, time) == ["a.pdf"]
        of_drive = {grant for grant in grants(closed_drive) if SCOPE in grant.scopes}
        assert of_drive == {Grant(ROBOT, CLERK, frozenset({SCOPE}))}

    def test_leaves_no_secret_in_the_log(
        self, account, closed_drive, request_to, token_uri, time, caplog
    ):
        caplog.set_level(logging.DEBUG)
        closed_drive.sign_in.may_act_for.add(CLERK)
        for subject in (None, CLERK):
            signed_in = credentials.of_service_account(
                subject, request=request_to, token_uri=token_uri
            )
            credentials.check(signed_in, request=request_to)
            names_seen(closed_drive, signed_in, time)
        assert caplog.records
        assert not [token for token in closed_drive.sign_in.access_tokens if token in caplog.text]
        assert "PRIVATE KEY" not in caplog.text

    def test_that_may_not_act_for_people_says_who_can_allow_it(
        self, account, closed_drive, request_to, token_uri
    ):
        signed_in = credentials.of_service_account(CLERK, request=request_to, token_uri=token_uri)
        with pytest.raises(SetupError, match=r"administrator .* domain-wide delegation"):
            credentials.check(signed_in, request=request_to)


def test_a_machine_that_may_not_sign_for_itself_says_which_role_it_lacks(
    machine, request_to, token_uri
):
    signed_in = credentials.of_service_account(CLERK, request=request_to, token_uri=token_uri)
    with pytest.raises(SetupError, match="Service Account Token Creator"):
        credentials.check(signed_in, request=request_to)


def test_the_credentials_of_a_person_can_not_act_for_another(
    monkeypatch, tmp_path, request_to, drive
):
    path = tmp_path / "person.json"
    person = {"client_id": "id", "client_secret": "s", "refresh_token": "1//kept"}
    path.write_text(json.dumps(person | {"type": "authorized_user"}))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    with pytest.raises(SetupError, match="a person's, and can't act for"):
        credentials.of_service_account(CLERK, request=request_to)
    assert drive.calls == []


def test_without_any_credentials_it_says_where_they_come_from(request_to):
    with pytest.raises(SetupError, match="GOOGLE_APPLICATION_CREDENTIALS") as caught:
        credentials.of_service_account(request=request_to)
    assert caught.value.code == "no_credentials"


class TestPerson:
    @pytest.fixture
    def kept(self, closed_drive, tmp_path) -> Path:
        """A sign-in that was kept in a file."""
        grant = Grant(CLERK, None, frozenset({SCOPE}))
        closed_drive.sign_in.refresh_tokens["1//kept"] = grant
        path = tmp_path / "sign-in.json"
        path.write_text(
            json.dumps({"client_id": "id", "client_secret": "s", "refresh_token": "1//kept"})
        )
        path.chmod(0o600)
        return path

    def test_is_signed_in_by_the_token_that_was_kept(self, closed_drive, kept, token_uri, time):
        signed_in = of_person(str(kept), token_uri=token_uri)
        assert names_seen(closed_drive, signed_in, time) == ["a.pdf"]

    def test_leaves_no_secret_in_the_log(self, closed_drive, kept, token_uri, time, caplog):
        caplog.set_level(logging.DEBUG)
        names_seen(closed_drive, of_person(str(kept), token_uri=token_uri), time)
        assert caplog.records
        for secret in ("1//kept", *closed_drive.sign_in.access_tokens):
            assert secret not in caplog.text

    def test_who_revoked_it_is_told_to_sign_in_again(
        self, closed_drive, kept, token_uri, request_to, time
    ):
        closed_drive.sign_in.refresh_tokens.clear()
        signed_in = of_person(str(kept), token_uri=token_uri)
        with pytest.raises(SetupError, match="revoked or has expired: sign in again") as caught:
            credentials.check(signed_in, request=request_to)
        assert caught.value.code == "sign_in_expired"
        with pytest.raises(SetupError, match="revoked or has expired: sign in again"):
            names_seen(closed_drive, signed_in, time)
        assert time.waits == []

    def test_who_revokes_it_during_the_work_is_told_too(self, closed_drive, kept, token_uri, time):
        signed_in = of_person(str(kept), token_uri=token_uri)
        names_seen(closed_drive, signed_in, time)
        closed_drive.sign_in.refresh_tokens.clear()
        closed_drive.sign_in.access_tokens.clear()
        with pytest.raises(SetupError, match="revoked or has expired: sign in again"):
            names_seen(closed_drive, signed_in, time)

    def test_an_access_token_that_ran_out_is_renewed(self, closed_drive, kept, token_uri, time):
        signed_in = of_person(str(kept), token_uri=token_uri)
        names_seen(closed_drive, signed_in, time)
        closed_drive.sign_in.access_tokens.clear()
        assert names_seen(closed_drive, signed_in, time) == ["a.pdf"]

    def test_whom_drive_does_not_know_is_told_to_sign_in_again(
        self, closed_drive, kept, token_uri, time
    ):
        closed_drive.fail("*", status=401, reason="authError", times=None)
        with pytest.raises(SetupError, match=r"401 .* sign in again") as caught:
            names_seen(closed_drive, of_person(str(kept), token_uri=token_uri), time)
        assert caught.value.code == "sign_in_expired"
        # google-auth itself asks twice more, each time with a new access token.
        assert [call.status for call in closed_drive.calls] == [401] * 3
        assert time.waits == []

    def test_who_allowed_too_little_is_told(self, closed_drive, kept, token_uri, time):
        other = "https://www.googleapis.com/auth/userinfo.email"
        closed_drive.sign_in.refresh_tokens["1//kept"] = Grant(CLERK, None, frozenset({other}))
        with pytest.raises(SetupError, match="let Khana see files in Drive"):
            names_seen(closed_drive, of_person(str(kept), token_uri=token_uri), time)

    def test_a_file_that_others_can_read_is_not_used(self, kept):
        kept.chmod(0o640)
        with pytest.raises(SetupError, match=f"chmod 600 {kept}"):
            of_person(str(kept))

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"refresh_token": "1//kept"}'])
    def test_a_file_of_something_else_is_refused(self, kept, content):
        kept.write_text(content)
        with pytest.raises(SetupError, match="holds no sign-in"):
            of_person(str(kept))

    def test_nobody_has_signed_in_yet(self, tmp_path):
        with pytest.raises(SetupError, match="nobody has signed in"):
            of_person(str(tmp_path / "none.json"))

    def test_a_token_endpoint_out_of_reach_is_a_passing_fault(self, kept, request_to):
        signed_in = of_person(str(kept), token_uri="http://127.0.0.1:9/token")
        with pytest.raises(TransientError):
            credentials.check(signed_in, request=request_to)


class TestBrowser:
    @pytest.fixture
    def sign_in(self, token_uri) -> BrowserSignIn:
        return BrowserSignIn("id", "secret", "http://127.0.0.1:8085/", token_uri=token_uri)

    def agree(self, drive: DriveServer, sign_in: BrowserSignIn) -> dict[str, str]:
        """A person in a browser agrees; Google sends the browser back with these."""
        query = {key: value for key, (value,) in parse_qs(urlsplit(sign_in.url).query).items()}
        assert query["code_challenge_method"] == "S256"
        assert (query["access_type"], query["prompt"]) == ("offline", "consent")
        grant = Grant(CLERK, None, frozenset({query["scope"]}))
        drive.sign_in.codes["4/code"] = (query["code_challenge"], grant)
        return {"code": "4/code", "state": query["state"]}

    def test_a_person_signs_in_once(self, closed_drive, sign_in, request_to, tmp_path, time):
        signed_in = sign_in.finish(**self.agree(closed_drive, sign_in), request=request_to)
        path = tmp_path / "keep" / "sign-in.json"
        save_person(signed_in, str(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        again = of_person(str(path), token_uri=sign_in.token_uri)
        assert names_seen(closed_drive, again, time) == ["a.pdf"]
        assert grants(closed_drive) == {Grant(CLERK, None, frozenset({SCOPE}))}

    def test_saving_replaces_the_file_as_a_whole(self, closed_drive, sign_in, request_to, tmp_path):
        path = tmp_path / "sign-in.json"
        path.write_text("old")
        path.chmod(0o644)
        signed_in = sign_in.finish(**self.agree(closed_drive, sign_in), request=request_to)
        save_person(signed_in, str(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert list(tmp_path.iterdir()) == [path]

    def test_the_answer_to_another_sign_in_is_refused(self, closed_drive, sign_in, request_to):
        answer = self.agree(closed_drive, sign_in) | {"state": "another"}
        with pytest.raises(SetupError, match="another sign-in"):
            sign_in.finish(**answer, request=request_to)

    def test_a_code_that_somebody_else_asked_for_is_refused(
        self, closed_drive, sign_in, request_to, token_uri
    ):
        theirs = BrowserSignIn("id", "secret", sign_in.redirect_uri, token_uri=token_uri)
        code = self.agree(closed_drive, theirs)["code"]
        with pytest.raises(SetupError, match="Malformed auth code"):
            sign_in.finish(code=code, state=sign_in.state, request=request_to)

    def test_the_verifier_is_not_shown(self, sign_in):
        assert sign_in.verifier not in repr(sign_in) + sign_in.url
