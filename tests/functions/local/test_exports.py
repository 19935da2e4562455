"""`khana export` to a file: all of it, or what was there before."""

import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner

from core.adapters import connect
from core.errors import RequestError
from core.export import xlsx
from core.intake.arrival import receive
from core.invoice import SourceRef
from core.settings import Settings
from functions.local.exports import export


@pytest.fixture
def data(tmp_path: Path) -> Path:
    source = SourceRef(kind="upload", file_id="a.png", name="a.png")
    receive(connect(Settings(data=tmp_path / "data")), BytesIO(b"page"), source, Settings())
    return tmp_path / "data"


def test_what_fails_on_the_way_leaves_the_file_that_was_there(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "MOST_ROWS", 0)
    (out := tmp_path / "out").mkdir()
    book = out / "books.xlsx"
    book.write_bytes(b"of last month")
    for target in (book, out / "new.xlsx"):
        args = ["--data", str(data), "--format", "xlsx", "-o", str(target)]
        result = CliRunner().invoke(export, args)
        assert isinstance(result.exception, RequestError)
    assert book.read_bytes() == b"of last month"
    assert list(out.iterdir()) == [book]


def test_a_file_is_replaced_where_a_link_leads(data: Path, tmp_path: Path) -> None:
    book, link = tmp_path / "books.csv", tmp_path / "latest.csv"
    book.write_text("of last month")
    book.chmod(0o640)
    link.symlink_to(book)
    result = CliRunner().invoke(export, ["--data", str(data), "-o", str(link)])
    assert result.exit_code == 0, result.output
    assert link.is_symlink()
    assert "a.png" in book.read_text()
    assert book.stat().st_mode & 0o777 == 0o640


def test_a_full_disk_is_told_of_with_the_file(data: Path) -> None:
    run = CliRunner().invoke(export, ["--data", str(data), "-o", "/dev/full"])
    assert isinstance(run.exception, OSError)
    assert run.exception.filename == "/dev/full"


def test_what_is_no_file_is_written_to(data: Path, tmp_path: Path) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_text)
        result = CliRunner().invoke(export, ["--data", str(data), "-o", str(pipe)])
        if pipe.is_fifo():
            assert "a.png" in read.result(60)
    assert result.exit_code == 0, result.output
    assert pipe.is_fifo()
    assert "a.png" in CliRunner().invoke(export, ["--data", str(data), "-o", "-"]).output
