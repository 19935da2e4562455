"""What scripts measured goes into its section of a document."""

from pathlib import Path

import pytest

from training.document import put


def test_a_section_is_replaced_and_all_else_stays(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    other = "<!-- one -->\n\nkept\n\n<!-- end of one -->\n"
    document.write_text(f"{other}<!-- two -->\nold\n<!-- end of two -->\nafter\n")
    put("new\n", "two", document)
    put("newer", "two", document)
    assert document.read_text() == f"{other}<!-- two -->\n\nnewer\n\n<!-- end of two -->\nafter\n"


def test_a_section_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text("nothing\n")
    with pytest.raises(ValueError, match="unpack"):
        put("new", "two", document)
