"""Text as it is stored, and as it is compared: in ASCII, whatever family its digits are of."""

import unicodedata

from core.values.letters import DIRECTION_MARKS

_DIGITS = {
    ord(mark): str(value)
    for digits in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")  # Arabic-Indic, and its Persian and Urdu forms
    for value, mark in enumerate(digits)
}
DASHES = {ord(mark): "-" for mark in "‐‑‒–—−"}
"""What stands for a hyphen or a minus."""
_APOSTROPHES = {ord(mark): "'" for mark in "’‘"}
_ASCII = _DIGITS | DASHES | _APOSTROPHES | {ord("،"): ",", ord("٪"): "%"}

_CONTROLS = (chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)))
_NOT_SEEN = DIRECTION_MARKS | {ord(mark): None for mark in _CONTROLS if not mark.isspace()}
"""For `str.translate`: they come by mistake, and some programs read no CSV that has a NUL."""


def clean_text(text: str) -> str:
    """Words as they are stored: without what nobody sees, composed (NFC), single spaces."""
    return " ".join(unicodedata.normalize("NFC", text.translate(_NOT_SEEN)).split())


def to_ascii(text: str) -> str:
    """Digits of every family as 0-9; dashes, commas, apostrophes and '%' in their ASCII form."""
    return clean_text(text).translate(_ASCII)
