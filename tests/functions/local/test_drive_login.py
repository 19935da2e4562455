"""`khana drive login`, with a browser that does as told, against doubles of Google's sign-in."""

import base64
import json
import os
import re
import socket
import stat
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

sys.path.append(str(Path(__file__).parents[2]))

from emulators.drive import DriveServer, Grant

from core.adapters.google.credentials import SCOPE
from core.adapters.google.kept import of_person
from core.errors import SetupError
from functions.local.drive import _Receiver

KHANA = str(Path(sys.executable).with_name("khana"))
SECRET = "projects/a-project/secrets/drive-sign-in"


class Secrets:
    """Secret Manager with one secret: its versions, the newest last."""

    def __init__(self) -> None:
        self.versions: list[str] = []
        self.refuse: int | None = None
        secrets = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path.startswith(f"/v1/{SECRET}:addVersion")
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                secrets.versions.append(base64.b64decode(body["payload"]["data"]).decode())
                self.answer({"name": f"{SECRET}/versions/{len(secrets.versions)}"})

            def do_GET(self) -> None:
                assert self.path.startswith(f"/v1/{SECRET}/versions/latest:access")
                if secrets.versions:
                    data = base64.b64encode(secrets.versions[-1].encode()).decode()
                    self.answer({"payload": {"data": data}})
                else:
                    self.answer({"error": {"code": 404, "message": "not found"}}, 404)

            def answer(self, content: dict, status: int = 200) -> None:
                if secrets.refuse:
                    status, content = secrets.refuse, {"error": {"message": "no"}}
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def secrets(monkeypatch) -> Iterator[Secrets]:
    double = Secrets()
    monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", double.url)
    yield double
    double.close()


@pytest.fixture
def google() -> Iterator[DriveServer]:
    with DriveServer() as server:
        yield server


@pytest.fixture
def client(tmp_path) -> Path:
    path = tmp_path / "client.json"
    path.write_text(json.dumps({"installed": {"client_id": "id", "client_secret": "s"}}))
    return path


def agree(google: DriveServer, url: str) -> str:
    """The address that Google sends the browser of a person to who agrees at `url`."""
    query = {name: value for name, (value,) in parse_qs(urlsplit(url).query).items()}
    assert query["scope"] == SCOPE
    grant = Grant("clerk@example.com", None, frozenset({query["scope"]}))
    google.sign_in.codes["4/code"] = (query["code_challenge"], grant)
    return f"{query['redirect_uri']}?{urlencode({'code': '4/code', 'state': query['state']})}"


class Login:
    """The command, up to the link that it prints."""

    def __init__(self, google: DriveServer, folder: Path, *arguments: str) -> None:
        environment = os.environ | {
            "DRIVE_EMULATOR_HOST": google.url,
            "KHANA_DATA": str(folder / "data"),
            "BROWSER": "true",  # the program of that name, which does nothing
        }
        self._process = subprocess.Popen(
            [KHANA, "drive", "login", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment | {"PYTHONUNBUFFERED": "1"},
        )
        self.said = ""
        assert self._process.stdout is not None
        while not (link := re.search(r"https://\S+", self.said)):
            line = self._process.stdout.readline()
            assert line, self._process.communicate()
            self.said += line
        self.url = link[0]

    def end(self, typed: str | None = None) -> tuple[int, str]:
        out, err = self._process.communicate(typed, timeout=120)
        return self._process.returncode, self.said + out + err


def test_a_person_signs_in_in_a_browser_and_only_they_can_read_what_is_kept(
    google, client, tmp_path
) -> None:
    login = Login(google, tmp_path, "--client", str(client))
    back = agree(google, login.url)
    with urllib.request.urlopen(back) as page:
        assert b"signed in" in page.read()
    code, said = login.end()
    path = tmp_path / "data" / "drive-sign-in.json"
    assert (code, f"export KHANA_DRIVE_SIGN_IN={path}" in said) == (0, True)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert of_person(str(path)).refresh_token in google.sign_in.refresh_tokens
    assert "4/code" not in said


def test_a_connection_that_a_browser_opens_ahead_is_not_waited_for(
    google, client, tmp_path
) -> None:
    login = Login(google, tmp_path, "--client", str(client))
    back = agree(google, login.url)
    with socket.create_connection(("127.0.0.1", urlsplit(back).port)):
        with urllib.request.urlopen(back, timeout=60) as page:
            assert b"signed in" in page.read()
        code, said = login.end()
    assert code == 0, said


def test_nobody_is_waited_for_longer_than_that(google) -> None:
    with _Receiver() as receiver:
        silent = socket.create_connection(("127.0.0.1", urlsplit(receiver.address).port))
        with silent, pytest.raises(SetupError, match="Nobody signed in"):
            receiver.wait(0.1)


def test_without_a_browser_the_address_is_pasted_and_a_secret_keeps_the_sign_in(
    google, client, tmp_path, secrets
) -> None:
    arguments = ("--client", str(client), "--paste", "--drive-sign-in", SECRET)
    login = Login(google, tmp_path, *arguments)
    code, said = login.end(agree(google, login.url) + "\n")
    assert code == 0, said
    assert len(secrets.versions) == 1
    assert of_person(SECRET).refresh_token in google.sign_in.refresh_tokens


def test_who_refuses_is_told_that_nobody_signed_in(google, client, tmp_path) -> None:
    login = Login(google, tmp_path, "--client", str(client))
    redirect = parse_qs(urlsplit(login.url).query)["redirect_uri"][0]
    with urllib.request.urlopen(f"{redirect}?error=access_denied") as page:
        assert b"did not sign in" in page.read()
    code, said = login.end()
    assert code == 2
    assert "Nobody signed in to Drive: access_denied [sign_in_refused]" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("content", ["", "{}", '{"web": {"client_id": "id"}}'])
def test_a_file_that_is_no_client_says_where_to_get_one(tmp_path, content) -> None:
    path = tmp_path / "client.json"
    path.write_text(content)
    arguments = [KHANA, "drive", "login", "--client", str(path)]
    done = subprocess.run(arguments, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{path}: is no OAuth client of the type `Desktop app`" in done.stderr


@pytest.mark.parametrize(
    ("status", "said"),
    [(403, "grant it the role Secret Manager Secret Accessor"), (400, "refuses")],
)
def test_a_secret_that_is_closed_says_what_to_do(secrets, status, said) -> None:
    secrets.versions.append("{}")
    secrets.refuse = status
    with pytest.raises(SetupError, match=said):
        of_person(SECRET)


def test_a_secret_without_a_version_says_to_sign_in(secrets) -> None:
    with pytest.raises(SetupError, match="khana drive login"):
        of_person(SECRET)
