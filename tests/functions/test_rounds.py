"""What does a round of work answers, and tells the log, when it can't be done."""

import logging
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest

from core.errors import KhanaError, SetupError, TransientError
from core.intake.watch import WatchReport
from functions import complaints, rounds


@pytest.fixture(autouse=True)
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KHANA_DATA", str(tmp_path))
    rounds._parts.cache_clear()
    rounds.complaints.over("drive_watch")
    yield
    rounds._parts.cache_clear()


class Work:
    """Fails with the message that it is told to."""

    def __init__(self, trouble: str | None, kind: type[KhanaError] = SetupError) -> None:
        self.trouble = trouble
        self.kind = kind

    def __call__(self, *_: object, **__: object) -> WatchReport:
        if self.trouble is not None:
            raise self.kind(self.trouble)
        return WatchReport()


def do(work: Work) -> int:
    with flask.Flask("a").test_request_context(method="POST"):
        answer = rounds.answer_with(
            work, flask.request, function="drive_watch", longest=lambda _: 1.0
        )
    return answer.status_code


def test_what_a_person_has_to_mend_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    work = Work("inbox a: Permission denied")
    assert [do(work) for _ in range(3)] == [500] * 3
    (record,) = caplog.records
    assert record.getMessage() == "drive_watch: inbox a: Permission denied [setup]"
    assert record.levelno == logging.ERROR
    assert record.exc_info is None


def test_trouble_that_passes_is_said_too(caplog: pytest.LogCaptureFixture) -> None:
    work = Work("the database is out of reach", TransientError)
    assert [do(work) for _ in range(3)] == [503] * 3
    (record,) = caplog.records
    assert record.getMessage() == "drive_watch: the database is out of reach [unavailable]"
    assert record.levelno == logging.WARNING


def test_trouble_is_said_again_when_it_changes_or_comes_back_or_lasts(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work("one")
    for work.trouble in ("one", "one", "other", None, "other"):
        do(work)
    monkeypatch.setattr(complaints, "SAY_AGAIN_S", 0.0)
    do(work)
    said = [record.getMessage().split()[1] for record in caplog.records]
    assert said == ["one", "other", "all", "other", "other"]
