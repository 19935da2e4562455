"""What drawn invoices of one supplier have in common: size, items, and the top of the sheet."""

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE = (1240, 1754)
ITEMS = ("Copper wire", "Ball valve", "Paper A4", "White paint", "Rice 10 kg", "Steel bolt")


def letterhead() -> NDArray[np.uint8]:
    """H×W×1."""
    page = np.full((SIZE[1], SIZE[0], 1), 255, np.uint8)
    write(page, "Al Noor Trading LLC", 90, 130, 1.5)
    write(page, "Tax invoice", 900, 130, 1.1)
    write(page, "P.O. Box 4431, Industrial Area 12, Tel 04 555 0123", 90, 190)
    cv2.line(page, (80, 220), (1160, 220), 0, 4)
    return page


def write(page: NDArray[np.uint8], text: str, x: int, y: int, size: float = 0.8) -> None:
    cv2.putText(page, text, (x, y), cv2.FONT_HERSHEY_DUPLEX, size, 20, 2, cv2.LINE_AA)
