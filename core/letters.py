"""Letters that people write one for the other, and marks that they leave out."""

_ALIKE = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ـ": None})

_VOWELS = dict.fromkeys([*range(0x064B, 0x0656), 0x0670])
_UNSEEN = dict.fromkeys(
    [0x061C, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF]
)
"""Marks of direction, and what joins or parts letters: they come along with what is pasted."""
_OTHER_FORMS = str.maketrans({"ٱ": "ا", "ی": "ي", "ک": "ك", "٪": "%", "،": ","})
_SPELT = _ALIKE | _OTHER_FORMS | _VOWELS | _UNSEEN


def folded(text: str) -> str:
    """`text` in small letters, with one form for those Arabic letters and without stretches."""
    return text.casefold().translate(_ALIKE)


def spelt_alike(text: str) -> str:
    """`text` with one form for letters and marks that people write one for the other, and without
    those that they leave out, or don't see."""
    return text.translate(_SPELT)
