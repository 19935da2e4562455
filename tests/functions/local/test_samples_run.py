"""What `make run` starts: the samples beside their truth, and a server that goes on."""

import re
import shutil
from pathlib import Path

from rich.console import Console

from core.adapters import connect
from core.invoice import Outcome, Status
from core.pipeline import process
from core.settings import Settings
from functions.local import samples

ROOT = Path(__file__).parents[3]


class Reader:
    reader = "none"

    def extract(self, *_: object, **__: object) -> Outcome:
        return Outcome(status=Status.NEEDS_REVIEW)


def test_every_field_is_shown_beside_its_truth(tmp_path: Path, monkeypatch, capsys) -> None:
    settings = Settings(data=tmp_path)
    adapters = connect(settings)
    take_in = samples._take_in

    def take_in_and_read(*arguments):
        invoice_id = take_in(*arguments)
        process(adapters, Reader(), adapters.store.get(invoice_id).object, settings)
        return invoice_id

    monkeypatch.setattr(samples, "_take_in", take_in_and_read)
    monkeypatch.setattr(samples, "wide_console", lambda: Console(width=300))
    samples.reader(ROOT / "samples")(adapters, settings, "http://127.0.0.1:1")
    printed = capsys.readouterr().out
    assert "waha-000318.png" in printed
    assert "20717.55" in printed
    assert re.search(r"0 of \d+ fields exact", printed)  # nothing was read, and nothing is claimed
    assert "http://127.0.0.1:1" in printed


def test_broken_samples_are_said_and_the_server_goes_on(tmp_path: Path, capsys) -> None:
    shutil.copytree(ROOT / "samples" / "templates", tmp_path / "samples" / "templates")
    settings = Settings(data=tmp_path / "data")
    samples.reader(tmp_path / "samples")(connect(settings), settings, "http://127.0.0.1:1")
    printed = capsys.readouterr().out
    assert "can't be read" in printed
    assert "http://127.0.0.1:1" in printed
