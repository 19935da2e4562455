"""Files that a source could not give, noted in a real store."""

from pathlib import Path

import pytest

from core.adapters import connect
from core.intake import late
from core.intake.late import FIRST_WAIT, LONGEST_WAIT, MOST_TRIES, LateFiles
from core.invoice import SourceRef, now
from core.ports import SourceFile
from core.settings import Settings

FILE = SourceFile(SourceRef(kind="drive", file_id="1", name="a.pdf"), revision="1", size=1)


def test_waits_double_up_to_the_longest_however_often_it_is_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = now()
    monkeypatch.setattr(late, "now", lambda: at)
    files = LateFiles(connect(Settings(data=tmp_path)).store, "drive")
    waits = []
    for tries in range(1, 2 * MOST_TRIES):
        assert files.note(FILE) == tries
        waits.append(files._known["1"].due - at)
    assert waits[1:4] == [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT]
    assert waits[0] < waits[1]
    assert set(waits[10:]) == {LONGEST_WAIT}
