"""`khana drive`: signing in to Google Drive as a person, looking at it now, and how it stands."""

import json
import sys
import webbrowser
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import monotonic
from urllib.parse import parse_qs, urlsplit

import click

from core.errors import SetupError
from core.settings import Settings, load_settings
from functions.local.options import option, setting_options

DEFAULT_FILE = "drive-sign-in.json"
WAIT_S = 300.0
"""How long the browser may take to come back."""
SILENCE_S = 2.0
"""How long a connection may say nothing: browsers open some ahead, and one is heard at a time."""

_THANKS = "You are signed in. Khana goes on in the terminal; this page can be closed."
_SORRY = "You did not sign in. Khana says more in the terminal; this page can be closed."


@click.group()
def drive() -> None:
    """Google Drive: who signs in, a look at it now, and how it stands."""


@drive.command()
@option(
    "--client",
    required=True,
    type=click.Path(path_type=Path),
    help="the OAuth client: the JSON file of a client of the type `Desktop app`, as downloaded",
)
@option("--paste", is_flag=True, help="no browser here: open the link elsewhere, paste what came")
@setting_options("drive_sign_in", "data")
def login(client: Path, paste: bool, **flags: str | None) -> None:
    """Signs in to Drive as a person, and keeps it; it may read alone.

    It is kept where the setting drive_sign_in says: a file, or a secret of Secret Manager.
    """
    from core.adapters.google import credentials, kept  # noqa: PLC0415  two seconds of libraries
    from core.adapters.google.drive_connect import token_uri  # noqa: PLC0415

    settings = load_settings(**flags)
    place = settings.drive_sign_in or str(settings.data / DEFAULT_FILE)
    client_id, client_secret = _client(client)
    with _Receiver() as receiver:
        sign_in = credentials.BrowserSignIn(
            client_id, client_secret, receiver.address, token_uri=token_uri()
        )
        click.echo(f"Sign in to Google here:\n\n  {sign_in.url}\n")
        if paste:
            click.echo("At the end the browser can't open a page. Paste that page's address:")
            query = urlsplit(sys.stdin.readline().strip()).query
        else:
            webbrowser.open(sign_in.url)
            query = receiver.wait(WAIT_S)
    answer = {name: values[0] for name, values in parse_qs(query).items()}
    if "code" not in answer:
        raise SetupError(
            f"Nobody signed in to Drive: {answer.get('error', 'the address holds no code')}",
            code="sign_in_refused",
        )
    person = sign_in.finish(code=answer["code"], state=answer.get("state", ""))
    kept.save_person(person, place)
    click.echo(f"Signed in; kept in {place}")
    if settings.drive_sign_in is None:
        click.echo(f"To have it used: export KHANA_DRIVE_SIGN_IN={place}")


@drive.command()
@setting_options("backend", "project", "bucket", "database", "drive_folders", "drive_sign_in")
def sync(**flags: str | None) -> None:
    """Looks at where files come from now, and takes in what is new."""
    from core.adapters import connect  # noqa: PLC0415
    from core.intake.watch import watch  # noqa: PLC0415

    settings = load_settings(**flags)
    check_watched(settings)
    report = watch(connect(settings), settings, deadline=monotonic() + settings.watch_timeout)
    for failed in report.failed:
        click.echo(f"khana: {failed}", err=True)
    click.echo(f"{report.received} taken in, {len(report.failed)} refused")
    if report.busy:
        click.echo("somebody else was looking, and looks once more now")
    if not report.finished:
        click.echo("the time was up: start it again, or leave the rest to the next look")
    sys.exit(1 if report.failed else 0)


@drive.command()
@setting_options("backend", "project", "bucket", "database", "drive_folders", "drive_sign_in")
def status(**flags: str | None) -> None:
    """Says who signs in to Drive, and how far each folder is followed."""
    from core.adapters import connect  # noqa: PLC0415
    from core.adapters.google.drive_status import findings  # noqa: PLC0415

    settings = load_settings(**flags)
    check_watched(settings)
    troubles = 0
    for finding in findings(settings, connect(settings).store):
        click.echo(f"{'✓' if finding.fine else '✗'} {finding.said}")
        troubles += not finding.fine
    sys.exit(1 if troubles else 0)


def check_watched(settings: Settings) -> None:
    """Raises SetupError where no Drive is looked at, whatever folders are named."""
    if settings.backend == "local":
        raise SetupError(
            f"setting backend: is local, where files come from {settings.inbox_dir} alone: "
            "KHANA_BACKEND=google looks at Drive",
            code="drive_unwatched",
        )


def _client(path: Path) -> tuple[str, str]:
    """Id and secret of the OAuth client in a file of Google's console.

    Raises:
        SetupError: it is none, or one for web servers, whose redirects can't go to this machine.
    """
    try:
        client = json.loads(path.read_text(encoding="utf-8"))["installed"]
        return str(client["client_id"]), str(client["client_secret"])
    except OSError as error:
        raise SetupError(f"{path}: {error.strerror}", code="invalid_setting") from error
    except (ValueError, KeyError, TypeError) as error:
        raise SetupError(
            f"{path}: is no OAuth client of the type `Desktop app`: make one in Google's console "
            "under APIs & Services, Credentials, and download its JSON",
            code="invalid_setting",
        ) from error


class _Receiver:
    """A port of loopback to which the browser is sent back (RFC 8252, section 7.3)."""

    def __init__(self) -> None:
        received: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            timeout = SILENCE_S

            def do_GET(self) -> None:
                query = urlsplit(self.path).query
                asked = parse_qs(query)
                if not {"code", "error"} & set(asked):  # the browser wants an icon, say
                    self.send_error(404)
                    return
                received.append(query)
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; charset=utf-8")
                self.end_headers()
                self.wfile.write((_THANKS if "code" in asked else _SORRY).encode())

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the address holds the code."""

        self._received = received
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}/"

    def __enter__(self) -> "_Receiver":
        return self

    def __exit__(self, *_: object) -> None:
        self._server.server_close()

    def wait(self, seconds: float) -> str:
        """The query that the browser comes with.

        Raises:
            SetupError: it did not come in time.
        """
        until = monotonic() + seconds
        while not self._received and (left := until - monotonic()) > 0:
            self._server.timeout = left
            self._server.handle_request()
        if not self._received:
            raise SetupError(
                f"Nobody signed in to Drive within {seconds / 60:.0f} minutes: start it again",
                code="sign_in_refused",
            )
        return self._received[0]
