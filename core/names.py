"""Names that come from outside, made fit to be kept and shown."""

import re
import unicodedata

MAX_LENGTH = 200

# Marks that turn the direction of what comes after them: "gnp.exe" could be shown as "exe.png".
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")


def fit(name: str) -> str:
    """The name without control characters or what would disguise it, of MAX_LENGTH at most."""
    if not name.isprintable():  # most are, and each invoice that is looked at passes here
        name = "".join(" " if unicodedata.category(char) == "Cc" else char for char in name)
        name = _TURNING.sub("", name).encode("utf-8", "ignore").decode()
    name = name.strip()
    if len(name) > MAX_LENGTH:
        stem, dot, ending = name.rpartition(".")
        ending = dot + ending if stem and len(ending) <= 10 else ""
        name = name[: MAX_LENGTH - len(ending) - 1] + "…" + ending
    return name


def file_name(given: str | None) -> str:
    """A file's own name, without folders, as `fit` makes it; "upload" if nothing is left of it."""
    return fit(re.split(r"[/\\]", given or "")[-1]) or "upload"
