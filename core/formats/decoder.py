"""What each format gives."""

from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray


class Character(NamedTuple):
    """A letter, digit, mark or space of a page's own text, and where its middle is, in shares of
    the page's width and height."""

    text: str
    x: float
    y: float


class Decoder(Protocol):
    """Pages by number (1 is the first). One thread at a time."""

    @property
    def pages(self) -> int: ...

    def decode(self, number: int, size_hint: tuple[int, int], *, color: bool) -> NDArray[np.uint8]:
        """H×W grey, or in colour H×W×3 BGR; H×W all the same where the file is known to be grey."""

    def characters(self, number: int) -> list[Character]:
        """What the page itself says is printed on it, in its order; nothing for a picture."""

    def close(self) -> None: ...
