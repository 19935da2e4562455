"""Letters that people write one for the other, and marks that they leave out."""

_ALIKE = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ـ": None})

_VOWELS = dict.fromkeys([*range(0x064B, 0x0656), 0x0670])
DIRECTION_MARKS = dict.fromkeys(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
"""For `str.translate`: nobody sees them, and they come along with what is pasted."""
_UNSEEN = DIRECTION_MARKS | dict.fromkeys([*range(0x200B, 0x200E), 0x2060, 0xFEFF])
"""Also what joins or parts letters."""
_OTHER_FORMS = str.maketrans({"ٱ": "ا", "ی": "ي", "ک": "ك", "٪": "%", "،": ","})
_SPELT = _ALIKE | _OTHER_FORMS | _VOWELS | _UNSEEN


def folded(text: str) -> str:
    """`text` in small letters, with one form for those Arabic letters and without stretches."""
    return text.casefold().translate(_ALIKE)


def spelt_alike(text: str) -> str:
    """`text` with one form for letters and marks that people write one for the other, and without
    those that they leave out, or don't see."""
    return text.translate(_SPELT)
