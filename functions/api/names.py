"""Names that come from outside, made fit to be kept and shown."""

import re
import unicodedata

MAX_LENGTH = 200

# Marks that turn the direction of what comes after them: "gnp.exe" could be shown as "exe.png".
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def file_name(given: str | None) -> str:
    """The file's own name without folders, control characters or what would disguise it."""
    name = re.split(r"[/\\]", given or "")[-1]
    shown = "".join(" " if unicodedata.category(char) == "Cc" else char for char in name)
    shown = _TURNING.sub("", shown).encode("utf-8", "ignore").decode().strip()
    if len(shown) > MAX_LENGTH:
        stem, dot, ending = shown.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 10 else ""
        shown = shown[: MAX_LENGTH - len(ending) - 1] + "…" + ending
    return shown or "upload"
