"""Which font families train the reader, which choose its settings, which measure it.

A *family* is what a printer calls one design. Its weights and widths, and families that share their
digits with it (Noto Sans Arabic and its UI cut, Arimo and Liberation Sans), are one *group*, and a
group is in one split only: what is measured on the test split was never seen, in any cut.
"""

import functools
import json
import re
import unicodedata
from pathlib import Path
from typing import Any, Literal

Split = Literal["train", "validation", "test"]

PATH = Path(__file__).with_name("families.json")


@functools.cache
def families() -> dict[str, Any]:
    """`families.json`: split → group → families; and `reserved` and `dropped`, lists of them."""
    return json.loads(PATH.read_text(encoding="utf-8"))


def normalized(name: str) -> str:
    """A family's name without case, spaces and marks, so that spellings of it compare equal."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    return re.sub(r"[^a-z0-9]", "", folded)
