"""What a script measured, as Markdown, and its place in a document between marks."""

from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown, with a newline at its end."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def put(text: str, section: str, document: Path) -> None:
    """Replaces what stands between `<!-- SECTION -->` and `<!-- end of SECTION -->`; what people
    wrote around them stays.

    Raises:
        ValueError: the document has no such section, or several.
    """
    begin, end = f"<!-- {section} -->\n", f"<!-- end of {section} -->"
    before, rest = document.read_text(encoding="utf-8").split(begin)
    _, after = rest.split(end)
    document.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
