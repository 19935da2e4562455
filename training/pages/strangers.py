"""Pages that are of no known form: what else gets photographed, and a supplier's other pages."""

from random import Random

import cv2
import numpy as np

from training.pages import words
from training.pages.forms import letterhead_alone
from training.pages.pen import ARABIC, HEIGHT, LATIN, WIDTH, Gray, Pen, length


def terms(form: int, *, seed: int = 0) -> Gray:
    """Another page of the supplier of that form: its letterhead, and text below it."""
    pen, top = letterhead_alone(form, seed=seed)
    _prose(pen, Random(f"{seed} terms {form}"), top, arabic=False)
    return pen.page


def no_invoice(number: int, *, seed: int = 0) -> Gray:
    """A letter, a table of figures, a receipt, a plan, a cat, or next to nothing; H×W."""
    chance = Random(f"{seed} stranger {number}")
    pen = Pen()
    match number % 6:
        case 0:
            _prose(pen, chance, 200, arabic=chance.random() < 0.5)
        case 1:
            for y in range(150, HEIGHT - 150, chance.randint(50, 90)):
                pen.draw.line((100, y, WIDTH - 100, y), fill=0, width=2)
                for x in range(120, WIDTH - 200, 240):
                    pen.number((x, y + 8), f"{chance.random() * 1e4:,.2f}", "DejaVu Sans", 28)
        case 2:
            for y in range(100, chance.randint(800, HEIGHT - 100), 48):
                item = chance.choice(words.ITEMS)[0]
                pen.words((560, y), item, "DejaVu Sans", 26)
                price = f"{chance.randint(1, 99)}.00"
                right = 1100 - length(price, "DejaVu Sans", 26)
                pen.number((right, y), price, "DejaVu Sans", 26)
        case 3:
            for _ in range(chance.randint(40, 160)):
                x, y = chance.randint(0, WIDTH), chance.randint(0, HEIGHT)
                to = (x + chance.randint(-600, 600), y) if chance.random() < 0.5 else (x, y + 400)
                pen.draw.line((x, y, *to), fill=0, width=chance.randint(1, 9))
        case 4:
            return _cat(chance)
        case _:
            pen.words((300, 300), chance.choice(words.TITLES)[0], "DejaVu Sans", 60)
    return pen.page


def _prose(pen: Pen, chance: Random, top: int, *, arabic: bool) -> None:
    language = int(arabic)
    family, size = chance.choice((LATIN, ARABIC)[language]), chance.randint(24, 34)
    pool = [*words.SMALL_PRINT, *words.ITEMS, *words.TITLES, *words.PEOPLE]
    for y in range(top, HEIGHT - 200, round(size * 1.7)):
        line = " ".join(chance.choice(pool)[language] for _ in range(4))[: 2300 // size]
        x = WIDTH - 130 if arabic else 130
        pen.words((x, y), line, family, size, side="right" if arabic else "left")


def _cat(chance: Random) -> Gray:
    """More or less: fur, a round head, two ears, two eyes, whiskers."""
    rng = np.random.default_rng(chance.randrange(2**32))
    fur = rng.integers(40, 220, (HEIGHT // 9, WIDTH // 3), dtype=np.uint8)
    page = cv2.resize(fur, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    x, y = chance.randint(600, 1000), chance.randint(800, 1500)
    head = cv2.resize(rng.integers(90, 160, (90, 60), dtype=np.uint8), (WIDTH, HEIGHT))
    mask = cv2.circle(np.zeros_like(page), (x, y), 420, 255, -1)
    for side in (-1, 1):
        ear = np.array([[x + side * 390, y - 160], [x + side * 330, y - 620], [x, y - 400]])
        cv2.fillPoly(mask, [ear], 255)
    page = np.where(mask > 0, head, page)
    for side in (-1, 1):
        cv2.ellipse(page, (x + side * 160, y - 60), (70, 90), 0, 0, 360, 230, -1)
        cv2.ellipse(page, (x + side * 160, y - 60), (20, 80), 0, 0, 360, 10, -1)
        for drop in (-20, 10, 40):
            cv2.line(page, (x, y + 150), (x + side * 500, y + 150 + 3 * drop), 240, 4)
    return np.asarray(page, np.uint8)
