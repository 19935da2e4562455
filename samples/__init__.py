"""The sample invoices that come with Khana: what is there, and what it says.

`draw.py` makes them; `README.md` says how.
"""

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"
INVOICES = FOLDER / "invoices"
TRUTH = FOLDER / "truth.json"


@dataclass(frozen=True)
class Truth:
    """What one field says: `text` as the template contract has it, `value` what it means."""

    text: str
    value: str
    hijri: str | None = None


@dataclass(frozen=True)
class Sample:
    """One file under `invoices/`, the id of its template, and the truth of each field."""

    path: Path
    template: str
    fields: dict[str, Truth]


def load_samples() -> list[Sample]:
    """All samples, in the order in which they were drawn."""
    return [
        Sample(
            path=INVOICES / name,
            template=entry["template"],
            fields={field: Truth(**truth) for field, truth in entry["fields"].items()},
        )
        for name, entry in json.loads(TRUTH.read_text(encoding="utf-8")).items()
    ]
