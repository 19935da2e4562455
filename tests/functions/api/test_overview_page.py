"""/overview and /drive: what they say, in numbers that are there without any script."""

import re
from datetime import timedelta

import pytest
from drawn import Read, local_alone, picture, readings
from flask.testing import FlaskClient

from core.errors import SetupError
from core.intake.last_look import last_look
from core.intake.watch import watch
from core.invoice import ErrorInfo, Status, now
from core.ports import Adapters
from core.settings import Settings

pytestmark = local_alone


def _text(client: FlaskClient, path: str) -> str:
    html = client.get(path).get_data(as_text=True)
    return " ".join(re.sub("<[^>]+>", " ", html).split())


def test_the_overview_of_nothing(client: FlaskClient) -> None:
    text = _text(client, "/overview")
    assert "Invoices in twelve months 0" in text
    assert "Nobody has looked at a value yet." in text


def test_the_overview_counts(client: FlaskClient, read: Read) -> None:
    today = f"{now():%Y-%m-%d}"
    dated = readings()["date"].model_copy(update={"value": today})
    seen = readings()["total"].model_copy(update={"reviewed_by": "Mona", "original": "1"})
    read("a.png", fields=readings(date=dated, total=seen))
    read("b.png", seed=1, status=Status.NEEDS_REVIEW, ago=timedelta(days=3))
    text = _text(client, "/overview")
    assert "Invoices in twelve months 2" in text
    assert "Needed a person 50 %" in text
    assert "Wait for review 1" in text
    assert "شركة أكمي 56,000.50" in text
    assert "Total 0 % 1" in text  # one value of that field was looked at, and was wrong
    assert "less than a day 0 less than a week 1 longer 0" in text


def test_suppliers_and_files_are_shown_as_text(client: FlaskClient, read: Read) -> None:
    error = ErrorInfo(code="corrupt_file", message="<script>alert(1)</script>.png: is damaged")
    made = read("<script>alert(1)</script>.png", status=Status.FAILED, error=error, fields={})
    assert made.error is not None
    for path in ("/overview", "/drive", "/", f"/invoices/{made.id}"):
        assert "<script>alert" not in client.get(path).get_data(as_text=True)


def test_the_last_look_at_the_folder_is_told(
    client: FlaskClient, adapters: Adapters, settings: Settings
) -> None:
    assert "Last file came none yet" in _text(client, "/drive")
    assert "Google Drive isn’t connected" in _text(client, "/drive")
    (settings.inbox_dir / "a.png").write_bytes(picture())
    for _ in range(2):  # a file is taken once it has not changed between two looks
        watch(adapters, settings)
    look = last_look(adapters.store, "folder")
    assert look is not None
    assert (look.received, look.failed, look.error) == (1, [], None)
    text = _text(client, "/drive")
    assert "Came with that look 1" in text
    assert "a.png Waiting" in text


def test_why_a_look_ended_early_is_told(
    client: FlaskClient, adapters: Adapters, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = adapters.sources
    monkeypatch.setattr(type(source), "shared", True, raising=False)

    def refuse(self: object, cursor: str | None) -> None:
        raise SetupError("Drive folder abc: is not shared with Khana")

    monkeypatch.setattr(type(source), "batches", refuse)
    with pytest.raises(SetupError):
        watch(adapters, settings)
    assert "Drive folder abc: is not shared with Khana" in _text(client, "/drive")
