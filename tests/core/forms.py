"""Draws forms, fills them in, and moves them as scanners and phones do, with the truth known."""

import random
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
Floats = NDArray[np.float64]
Box = tuple[int, int, int, int]

WIDTH, HEIGHT = 1654, 2339
"""A4 at 200 dpi."""

_LABELS = ("Invoice No", "Date", "Customer", "Due date", "PO number", "Tax ID", "Address", "Phone")
_LABELS += ("Reference", "Branch", "Salesman", "Currency", "Terms", "Delivery", "Account")
_HEADS = ("Description", "Qty", "Price", "Discount", "Tax", "Total")
_TOTALS = ("Subtotal", "VAT 15%", "Discount", "Grand total")
_SUPPLIERS = ("Al Noor Trading", "Acme Supplies", "Blue Sea Foods", "Gulf Paper Co")
_WORDS = ("steel", "bolt", "box", "paper", "copper", "wire", "paint", "valve", "rice", "sugar")


@dataclass(frozen=True)
class Form:
    page: Gray
    boxes: list[Box]


class _Pen:
    def __init__(self, font: int) -> None:
        self.page = np.full((HEIGHT, WIDTH), 255, np.uint8)
        self.font = font

    def text(self, x: int, y: int, words: str, *, size: float = 0.9, gray: int = 0) -> None:
        """With the top left corner at x, y."""
        at = (x, y + round(size * 30))
        cv2.putText(self.page, words, at, self.font, size, gray, round(size * 2), cv2.LINE_AA)

    def line(self, x1: int, y1: int, x2: int, y2: int, width: int = 2) -> None:
        cv2.line(self.page, (x1, y1), (x2, y2), 0, width)


def draw(layout: int, content: int = 0) -> Form:
    """The form number `layout`, filled in for the `content`-th time.

    Forms share words, fonts and footers; each has its own letterhead, labels and rulings.
    Contents differ in all values, the number of rows, and in stamps and signatures.
    """
    form, filling = random.Random(f"form {layout}"), random.Random(f"{layout} filled {content}")
    sparse = form.random() < 0.25
    pen = _Pen(
        form.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX])
    )
    margin = form.randint(60, 160)
    y = _letterhead(pen, form, margin, sparse=sparse)
    boxes: list[Box] = []

    labels = form.sample(_LABELS, form.randint(2, 3) if sparse else form.randint(5, 10))
    column, row = (WIDTH - 2 * margin) // 2, form.randint(48, 70)
    framed = form.random() < 0.4
    for i, label in enumerate(labels):
        left, top = margin + i % 2 * column, y + i // 2 * row
        if framed:
            cv2.rectangle(pen.page, (left, top), (left + column - 20, top + row), 0, 2)
        pen.text(left + 10, top + 8, label)
        boxes.append((left + column * 9 // 20, top + 6, left + column - 30, top + row - 6))
        pen.text(boxes[-1][0] + filling.randint(4, 20), top + 8, _value(filling))
    y += (len(labels) + 1) // 2 * row + form.randint(40, 90)

    y, cells = _table(pen, form, filling, margin, y)
    boxes += cells
    left = form.choice([margin, WIDTH - margin - 600])
    for i, label in enumerate(_TOTALS[: 2 if sparse else 4]):
        top = y + i * 56
        pen.text(left + 5, top + 6, label)
        boxes.append((left + 300, top + 4, left + 590, top + 52))
        pen.text(left + 303 + filling.randint(0, 40), top + 8, f"{filling.random() * 1e5:,.2f}")
    if not sparse:
        pen.text(500, HEIGHT - 80, "Thank you for your business - page 1", size=0.7, gray=60)
    _scribble(pen.page, filling)
    return Form(pen.page, boxes)


def _letterhead(pen: _Pen, form: random.Random, margin: int, *, sparse: bool) -> int:
    y = form.randint(60, 140)
    logo = form.choice([margin, WIDTH - margin - 220, WIDTH // 2 - 110])
    for _ in range(form.randint(2, 6)):
        at = logo + form.randint(30, 190), y + form.randint(30, 130)
        cv2.circle(
            pen.page, at, form.randint(12, 40), form.choice([0, 90, 180]), form.choice([-1, 6])
        )
    pen.text(
        form.randint(margin, WIDTH // 2), y, form.choice(_SUPPLIERS), size=form.choice([1.6, 2.2])
    )
    y += form.randint(170, 240)
    if not sparse:
        pen.text(margin, y, f"P.O. Box {form.randint(100, 9999)}, Industrial Area", size=0.7)
    pen.text(
        WIDTH // 2 + form.randint(-300, 300),
        y + 40,
        form.choice(["TAX INVOICE", "INVOICE"]),
        size=1.6,
    )
    if form.random() < 0.5:
        pen.line(margin, y + 120, WIDTH - margin, y + 120, form.choice([2, 4]))
    return y + 150


def _table(
    pen: _Pen, form: random.Random, filling: random.Random, margin: int, y: int
) -> tuple[int, list[Box]]:
    heads = _HEADS[: form.randint(3, 6)]
    shares = [(form.random() + 0.5) * (2.5 if i == 0 else 1) for i in range(len(heads))]
    xs = [
        margin + round(sum(shares[:i]) / sum(shares) * (WIDTH - 2 * margin))
        for i in range(len(heads) + 1)
    ]
    row, most = form.randint(44, 64), form.randint(8, 16)
    if form.random() < 0.5:
        cv2.rectangle(pen.page, (xs[0], y), (xs[-1], y + row), form.choice([200, 225]), -1)
    for x, head in zip(xs, heads, strict=False):
        pen.text(x + 8, y + 8, head, size=0.8)
    y += row
    for i in range(most + 1 if form.random() < 0.5 else 1):
        pen.line(xs[0], y + i * row, xs[-1], y + i * row, 1)
    if form.random() < 0.6:
        for x in xs:
            pen.line(x, y - row, x, y + most * row)
    boxes: list[Box] = []
    for i in range(filling.randint(1, most)):
        for column, (left, right) in enumerate(pairwise(xs)):
            words = " ".join(filling.sample(_WORDS, 3)) if column == 0 else _value(filling)[:7]
            pen.text(left + 8 + filling.randint(0, 15), y + i * row + 8, words, size=0.7)
            if i < 3 and column:
                boxes.append((left + 6, y + i * row + 5, right - 6, y + (i + 1) * row - 5))
    return y + most * row + form.randint(10, 50), boxes


def _value(filling: random.Random) -> str:
    day, month = filling.randint(1, 28), filling.randint(1, 12)
    return filling.choice(
        [
            f"{filling.randint(1000, 10**7)}",
            f"{day:02}/{month:02}/{filling.randint(2015, 2030)}",
            f"{filling.random() * 10_000:,.2f}",
            f"{filling.choice(_WORDS)} {filling.choice(_WORDS)}",
        ]
    )


def _scribble(page: Gray, filling: random.Random) -> None:
    """A stamp, a signature, both or none."""
    if filling.random() < 0.4:
        x, y = filling.randint(300, WIDTH - 300), filling.randint(1200, HEIGHT - 300)
        cv2.circle(page, (x, y), 130, 90, 6)
        cv2.putText(page, "PAID", (x - 70, y + 15), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 90, 4)
    if filling.random() < 0.4:
        steps = [[filling.randint(-30, 45), filling.randint(-45, 45)] for _ in range(25)]
        start = filling.randint(300, WIDTH - 500), filling.randint(1500, HEIGHT - 200)
        cv2.polylines(page, [np.cumsum([start, *steps], axis=0)], False, 40, 4, cv2.LINE_AA)


@dataclass(frozen=True)
class Motion:
    """How a page is moved: ranges of chance. `size` (width, height) is that of the picture."""

    size: tuple[int, int] = (WIDTH, HEIGHT)
    scale: tuple[float, float] = (0.93, 1.02)
    degrees: float = 3.0
    turn: float = 0
    tilt: float = 0.0
    shadow: float = 0.0
    on_table: bool = False
    noise: float = 6.0
    blur: float = 0.8
    quality: int = 75


SCANNED = Motion()
CROOKED = Motion(scale=(0.6, 0.95), degrees=15)
PHOTO = Motion(scale=(0.7, 0.95), degrees=15, tilt=0.08, shadow=0.4, on_table=True)
ANY_WAY_UP = Motion(scale=(0.5, 1.0), degrees=180, tilt=0.05, shadow=0.3, on_table=True)
FAINT = Motion(size=(595, 842), noise=8, quality=40)
LARGE = Motion(size=(3308, 4678), scale=(0.8, 1.0), degrees=10)


def move(page: Gray, motion: Motion, seed: int) -> tuple[Gray, Floats]:
    """The picture that is taken of the page, and the matrix from the page to it.

    Points are continuous: pixel 0 spans 0 to 1.
    """
    rng = np.random.default_rng(seed)
    (height, width), (across, down) = page.shape, motion.size
    scale = min(across / width, down / height) * rng.uniform(*motion.scale)
    angle = np.deg2rad(rng.uniform(-motion.degrees, motion.degrees) + 90 * motion.turn)
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    x, y = (0.5 + rng.uniform(-0.03, 0.03, 2)) * motion.size
    turned = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]) @ [
        [1, 0, -width / 2],
        [0, 1, -height / 2],
        [0, 0, 1],
    ]
    tilted = np.eye(3)
    tilted[2, :2] = rng.uniform(-motion.tilt, motion.tilt, 2) * 2 / (scale * max(width, height))
    matrix = np.array([[1, 0, x], [0, 1, y], [0, 0, 1]]) @ tilted @ turned

    centre = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    by_pixels = np.linalg.inv(centre) @ matrix @ centre
    soft = cv2.GaussianBlur(page, (0, 0), 0.35 / scale) if scale < 0.75 else page
    if motion.on_table:
        table = rng.integers(30, 150, (down // 40, across // 40), dtype=np.uint8)
        picture = cv2.resize(table, motion.size, interpolation=cv2.INTER_CUBIC)
        picture = cv2.add(picture, rng.integers(0, 20, (down, across), dtype=np.uint8))
    else:
        picture = np.full((down, across), 255, np.uint8)
    cv2.warpPerspective(
        soft, by_pixels, motion.size, picture, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT
    )
    seen = picture.astype(np.float32)
    if motion.shadow:
        direction = rng.uniform(0, 2 * np.pi)
        rows, columns = np.mgrid[0:down, 0:across].astype(np.float32)
        slope = columns / across * np.cos(direction) + rows / down * np.sin(direction)
        seen *= 1 - motion.shadow * (slope - slope.min())
    seen = cv2.GaussianBlur(seen, (0, 0), 0.2 + rng.uniform(0, motion.blur))
    seen += rng.standard_normal(seen.shape, np.float32) * rng.uniform(0, motion.noise)
    pixels = np.clip(seen, 0, 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, motion.quality])
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), matrix


def project(matrix: Floats, points: Floats) -> Floats:
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return moved[:, :2] / moved[:, 2:]


def box_error(truth: Floats, found: Floats, boxes: list[Box]) -> float:
    """How far the boxes' corners are off on average, relative to the page's width as it is seen.

    Both matrices are from the drawn page to the picture.
    """
    corners = np.array(
        [
            (x, y)
            for left, top, right, bottom in boxes
            for x in (left, right)
            for y in (top, bottom)
        ],
        np.float64,
    )
    off = np.linalg.norm(project(truth, corners) - project(found, corners), axis=1)
    ends = project(truth, np.array([[0, HEIGHT / 2], [WIDTH, HEIGHT / 2]]))
    return float(off.mean() / np.linalg.norm(ends[1] - ends[0]))
