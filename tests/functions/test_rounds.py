"""What does a round of work answers, and tells the log, when it can't be done."""

import logging
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest

from core.errors import SetupError
from functions import rounds


@pytest.fixture(autouse=True)
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("KHANA_DATA", str(tmp_path))
    rounds._parts.cache_clear()
    yield
    rounds._parts.cache_clear()


def test_what_a_person_has_to_mend_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def work(*_: object, **__: object) -> None:
        raise SetupError("inbox a: Permission denied")

    with flask.Flask("a").test_request_context(method="POST"), caplog.at_level(logging.ERROR):
        answer = rounds.answer_with(
            work, flask.request, function="drive_watch", longest=lambda _: 1.0
        )
    assert answer.status_code == 500
    (record,) = caplog.records
    assert record.getMessage() == "drive_watch: inbox a: Permission denied [setup]"
    assert record.exc_info is None
