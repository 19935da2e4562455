"""What a text means, as it is stored."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """value: in ASCII (a text as it is), or None where the text has none. hijri: the date in its
    own calendar. typed: what a person typed, if one did."""

    value: str | None
    hijri: str | None = None
    typed: str | None = None


NOTHING = Value(None)
