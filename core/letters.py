"""Letters that people write one for the other."""

_ALIKE = str.maketrans({"أ": "ا", "إ": "ا", "آ": "ا", "ى": "ي", "ة": "ه", "ـ": None})


def folded(text: str) -> str:
    """`text` in small letters, with one form for those Arabic letters and without stretches."""
    return text.casefold().translate(_ALIKE)
