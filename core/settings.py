"""Every setting, once: its name, type, default and meaning.

A setting comes from a flag, else from the environment (`KHANA_` and its name in capitals), else
from a TOML file (`khana.toml`, or the one that `KHANA_CONFIG` names), else from its default here.
An empty variable counts as unset. docs/settings.md lists them.
"""

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SetupError
from core.faults import first_fault

PREFIX = "KHANA_"
DEFAULT_FILE = Path("khana.toml")


class Settings(BaseSettings):
    """What is in force. Sizes in bytes, times in seconds, pictures in pixels."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=PREFIX,
        env_ignore_empty=True,
        allow_inf_nan=False,
    )

    backend: Annotated[
        Literal["local", "google"], Field(description="where files and results are kept")
    ] = "local"
    project: Annotated[
        str | None, Field(description="Google Cloud project; that of the credentials if unset")
    ] = None
    bucket: Annotated[str | None, Field(description="Cloud Storage bucket that keeps files")] = None
    database: Annotated[str, Field(description="Firestore database that keeps results")] = (
        "(default)"
    )
    drive_folders: Annotated[
        str | None, Field(description="Drive folders to watch: links or ids, separated by commas")
    ] = None
    drive_sign_in: Annotated[
        str | None,
        Field(
            description="where `khana drive login` keeps a person's sign-in: a file, or a secret "
            "(projects/P/secrets/S); a service account signs in if unset"
        ),
    ] = None
    drive_subject: Annotated[
        str | None, Field(description="e-mail of the person that the service account acts for")
    ] = None
    drive_push: Annotated[
        str | None,
        Field(
            pattern=r"^(https://|http://127\.0\.0\.1:)\S+$",
            description="address of the API's /v1/drive:notify, for Drive to call when something "
            "is new; if unset, the schedule alone looks",
        ),
    ] = None
    drive_watch_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://\S+$",
            description="address of drive_watch, which the API has look; it looks itself if unset",
        ),
    ] = None
    read_now_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://\S+$",
            description="address of extract's second target, which reads boxes that are being "
            "drawn; the API reads them itself if unset",
        ),
    ] = None
    template_names: Annotated[
        str | None,
        Field(
            pattern=r"^[^=,]+=[a-z0-9][a-z0-9._-]*(,[^=,]+=[a-z0-9][a-z0-9._-]*)*$",
            description="files of the inbox and of Drive whose name or folder tells their "
            "template: PATTERN=TEMPLATE, by commas, the first that fits "
            "(`acme/*=acme,INV-??.pdf=bahr`); the others are told by their looks",
        ),
    ] = None
    watch_timeout: Annotated[
        float, Field(gt=0, description="longest look at the sources; the next one goes on")
    ] = 240.0
    data: Annotated[Path, Field(description="folder of the local store")] = Path("data")
    inbox: Annotated[Path | None, Field(description="watched folder; <data>/inbox if unset")] = None
    host: Annotated[str, Field(description="address that `khana serve` listens on")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="its port; 0 takes a free one")] = 8080
    access: Annotated[
        Literal["auto", "required", "none"],
        Field(
            description="whether the API and the page ask for a proof of identity; auto: unless "
            "`host` is loopback and `backend` local; none: somebody else guards them"
        ),
    ] = "auto"
    google_client_id: Annotated[
        str | None, Field(description="OAuth client with which people sign in to the page")
    ] = None
    google_client_secret: Annotated[str | None, Field(description="its secret", repr=False)] = None
    audience: Annotated[
        str | None, Field(description="audience of programs' ID tokens; the client's too is taken")
    ] = None
    readers: Annotated[
        str | None, Field(description="who may look: addresses and @organisations, by commas")
    ] = None
    editors: Annotated[
        str | None, Field(description="who may also take in, correct and have read again")
    ] = None
    admins: Annotated[
        str | None, Field(description="who may also delete, and change templates")
    ] = None
    rate_limit: Annotated[
        int, Field(ge=0, description="requests a minute of each caller; 0 for no limit")
    ] = 1200
    webhook_private: Annotated[
        bool,
        Field(description="whether webhooks may go to private addresses, and without TLS"),
    ] = False
    workers: Annotated[int, Field(ge=1, le=64, description="processes that read")] = 2
    read_timeout: Annotated[float, Field(gt=0, description="longest time for one file")] = 60.0
    max_attempts: Annotated[int, Field(ge=1, description="tries before a file is set aside")] = 10
    retry_delay: Annotated[float, Field(gt=0, description="wait before the second try")] = 0.5
    watch_interval: Annotated[float, Field(gt=0, description="time between looks at the inbox")] = (
        0.5
    )
    settle: Annotated[float, Field(ge=0, description="quiet time before a file is taken")] = 0.6
    max_file_bytes: Annotated[int, Field(ge=1, description="largest file")] = 50 * 1024 * 1024
    max_pixels: Annotated[int, Field(ge=1, description="largest page")] = 100_000_000
    max_pages: Annotated[int, Field(ge=1, description="most pages of a document")] = 100
    decode_timeout: Annotated[
        float, Field(gt=0, description="longest processor time to decode a page")
    ] = 20.0
    decode_memory: Annotated[
        int, Field(ge=256 * 1024**2, description="most memory of the process that decodes")
    ] = 2 * 1024**3
    duplicates: Annotated[
        Literal["keep", "review"],
        Field(
            description="what becomes of an invoice that has the number, and the date or the "
            "total, of another of its form: kept, and its page says so; or held back for review"
        ),
    ] = "keep"
    review_threshold: Annotated[
        float | None,
        Field(
            ge=0, le=1, description="confidence below which a person looks; the reader's if unset"
        ),
    ] = None
    tesseract: Annotated[str, Field(description="the Tesseract program")] = "tesseract"
    threads: Annotated[int, Field(ge=1, description="threads of the model in each process")] = 1
    font: Annotated[
        Path, Field(description="TrueType font of exported PDFs, with Arabic and Latin letters")
    ] = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    log_form: Annotated[
        Literal["text", "json"],
        Field(description="lines for people, or JSON with every step, as Cloud Logging takes it"),
    ] = "text"
    telemetry: Annotated[
        Literal["none", "console", "otlp", "google"],
        Field(description="where traces and metrics go: docs/operate.md"),
    ] = "none"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Field(description="the least that comes into the log: debug, info, warning or error"),
    ] = "info"

    @property
    def inbox_dir(self) -> Path:
        return self.inbox or self.data / "inbox"


def variable_of(name: str) -> str:
    """The variable of the environment that a setting comes from."""
    return PREFIX + name.upper()


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables that give another process these very settings."""
    return {
        variable_of(name): str(value)
        for name in Settings.model_fields
        if (value := getattr(settings, name)) is not None
    }


@dataclass(frozen=True)
class Origin:
    """One line of `khana config`."""

    name: str
    variable: str
    value: str
    source: str
    description: str


def load_settings(**flags: Any) -> Settings:
    """The settings in force; `flags` that are None count as not given.

    Raises:
        SetupError: a value doesn't fit; the message names the setting and where it came from.
    """
    flags = {name: value for name, value in flags.items() if value is not None}
    from_file = _file_values()
    # An environment variable must win over the file, so only what it leaves open is passed.
    given = {name: value for name, value in from_file.items() if not _in_environment(name)}
    try:
        return Settings(**(given | flags))
    except ValidationError as error:
        first, _, said = first_fault(error)
        name = str(first["loc"][0]) if first["loc"] else "settings"
        reason = "there is no such setting" if first["type"] == "extra_forbidden" else said
        raise SetupError(
            f"setting {name} (from {_source(name, flags, from_file)}): {reason}",
            code="invalid_setting",
        ) from error


def explain(settings: Settings, **flags: Any) -> list[Origin]:
    """Each setting in force with where it comes from."""
    flags = {name: value for name, value in flags.items() if value is not None}
    from_file = _file_values()
    return [
        Origin(
            name=name,
            variable=variable_of(name),
            value=_shown(getattr(settings, name), secret=not info.repr),
            source=_source(name, flags, from_file),
            description=info.description or "",
        )
        for name, info in Settings.model_fields.items()
    ]


def _shown(value: object, *, secret: bool) -> str:
    if value is None:
        return ""
    return "(not shown)" if secret else str(value)


def _file() -> Path:
    return Path(os.environ.get(variable_of("config")) or DEFAULT_FILE)


def _file_values() -> dict[str, Any]:
    path = _file()
    if not path.is_file():
        if _in_environment("config"):
            raise SetupError(f"{path}: no such settings file", code="invalid_setting")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # as Notepad may write it, too
    except (OSError, ValueError) as error:
        raise SetupError(f"{path}: {error}", code="invalid_setting") from error


def _in_environment(name: str) -> bool:
    return bool(os.environ.get(variable_of(name)))


def _source(name: str, flags: dict[str, Any], from_file: dict[str, Any]) -> str:
    if name in flags:
        return "flag"
    if _in_environment(name):
        return f"environment {variable_of(name)}"
    return f"file {_file()}" if name in from_file else "default"
