"""Moves a page as scanners and phones do, with the truth of where each of its points went.

A sheet is a surface in space: flat, bent along one direction, or folded. A pinhole camera looks at
it, so what a bent sheet does to its print is what it does on a desk. Points are continuous: pixel 0
spans 0 to 1.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pages.pen import Gray

Floats = NDArray[np.float64]

_DISTANCE = 1.5
"""Of the camera, in heights of the page: a hand's 45 cm above A4."""
_STEP = 16
"""Pixels between the points at which the way back from picture to page is worked out exactly."""


@dataclass(frozen=True)
class Motion:
    """Ranges of chance. Angles in degrees, the rest relative.

    Attributes:
        scale: Of the page, 1 is 200 dpi; taken evenly from its logarithm.
        stretch: Most that a scanner's feed makes the page longer or shorter.
        turns: Quarter turns, one of which is taken.
        degrees: Most that it lies crooked, to either side.
        tilt: Most that the sheet leans away from the camera, in any direction.
        bend: Most that the sheet rises, in widths of the page; a third of such sheets are folded.
        room: What is seen around the page on each side, in sides of it; below 0 it is cut off.
        table: A table is around the page, else white.
        shadow: Most light that is lost from one side of the picture to the other.
        blur, noise: Most, in pixels and grey levels.
        quality: Of the JPEG file.
    """

    scale: tuple[float, float] = (0.95, 1.0)
    stretch: float = 0.004
    turns: tuple[int, ...] = (0,)
    degrees: float = 0.3
    tilt: float = 0.0
    bend: float = 0.0
    room: tuple[float, float] = (0.0, 0.02)
    table: bool = False
    shadow: float = 0.0
    blur: float = 0.8
    noise: float = 6.0
    quality: tuple[int, int] = (50, 90)


_PHONE = Motion(
    (0.6, 1.0), 0, (0, 1, 2, 3), 20, 15, 0, (0.02, 0.15), table=True, shadow=0.5, blur=1.0
)
MOTIONS = {
    "lying flat": Motion(),
    "scanned crooked": Motion(degrees=8, room=(-0.01, 0.05)),
    "any way up": Motion(degrees=45, turns=(0, 1, 2, 3)),
    "72 to 130 dpi": Motion(scale=(0.36, 0.65), degrees=5),
    "250 to 600 dpi": Motion(scale=(1.25, 3.0), degrees=5),
    "margins cut off": Motion(degrees=2, room=(-0.07, 0.0)),
    "photo on a table": _PHONE,
    "leaning up to 30°": Motion(
        (0.6, 1.0), 0, (0, 1, 2, 3), 20, 30, 0, (0.02, 0.1), table=True, shadow=0.5
    ),
    "bent or folded": Motion((0.7, 1.0), 0, (0, 2), 10, 10, 0.05, (0.02, 0.1), table=True),
}
"""Each row of the figures. The first is what the others are compared with."""

HOPELESS = Motion(
    (0.15, 0.6), 0.05, (0, 1, 2, 3), 45, 55, 0.2, (-0.35, 0.05), True, 0.8, 4, 25, (5, 40)
)
"""Pages many of which no alignment can find, to see that it knows."""


@dataclass(frozen=True)
class Moved:
    """A JPEG file, where it shows points of the page (N×2 to N×2), and how many pixels wide it
    shows the page."""

    jpeg: bytes = field(repr=False)
    where: Callable[[Floats], Floats]
    width: float


class _Surface:
    """Where the points of a sheet are in space, and where the camera sees them."""

    def __init__(
        self, motion: Motion, shape: tuple[int, ...], scale: float, rng: np.random.Generator
    ) -> None:
        height, width = shape
        self.size = np.array([width, height])
        angle = np.deg2rad(
            rng.uniform(-motion.degrees, motion.degrees) + 90 * rng.choice(motion.turns)
        )
        lean = np.deg2rad(rng.uniform(0.0, motion.tilt))
        axis = rng.uniform(0, 2 * np.pi)
        stretch = np.diag([1, 1 + rng.uniform(-motion.stretch, motion.stretch), 1])
        across = np.array([np.cos(axis), np.sin(axis), 0]) * lean
        self._turn = cv2.Rodrigues(across)[0] @ cv2.Rodrigues(np.array([0, 0, angle]))[0] @ stretch
        self._distance, self._scale = _DISTANCE * height, scale
        self._along, self._heights, self._shortened = _profile(motion.bend, width, height, rng)
        self.origin = np.zeros(2)

    def where(self, points: Floats) -> Floats:
        """N×2 points of the page to N×2 points of the picture."""
        flat = points - self.size / 2
        direction = self._along
        s = flat @ direction
        grid = np.linspace(-1, 1, len(self._heights)) * np.hypot(*self.size) / 2
        shift = np.interp(s, grid, self._shortened)
        heights = np.interp(s, grid, self._heights)
        space = np.column_stack([flat + shift[:, None] * direction, heights]) @ self._turn.T
        depth = self._distance - space[:, 2:]
        return space[:, :2] * self._scale * self._distance / depth - self.origin

    def back(self, pixels: Floats) -> Floats:
        """N×2 points of the picture to N×2 points of the page, by correcting a flat guess."""
        width, height = self.size
        corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
        flat = cv2.getPerspectiveTransform(
            self.where(corners).astype(np.float32), corners.astype(np.float32)
        )
        target = _project(flat, pixels)
        points = target.copy()
        for _ in range(8):
            points += target - _project(flat, self.where(points))
        return points


def move(page: Gray, motion: Motion, seed: int) -> Moved:
    """The picture that is taken of the page, H×W at 200 dpi."""
    rng = np.random.default_rng(seed)
    scale = float(np.exp(rng.uniform(*np.log(motion.scale))))
    surface = _Surface(motion, page.shape, scale, rng)
    height, width = page.shape
    edge = np.array([(x * width / 8, y * height / 8) for x in range(9) for y in range(9)])
    seen = surface.where(edge)
    low, high = seen.min(axis=0), seen.max(axis=0)
    around = (high - low) * rng.uniform(*motion.room, (2, 2))
    surface.origin = low - around[0]
    across, down = (int(x) for x in np.ceil(high - low + around.sum(axis=0)))
    sheet, covered = _rendered(page, surface, scale, (across, down))
    behind = _table(rng, across, down) if motion.table else np.full((down, across), 250, np.uint8)
    picture = np.where(covered, sheet, behind)
    jpeg = _photographed(picture, motion, rng)
    ends = surface.where(np.array([[0, height / 2], [width, height / 2]], np.float64))
    return Moved(jpeg, surface.where, float(np.linalg.norm(ends[1] - ends[0])))


def _profile(
    bend: float, width: int, height: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """The direction along which the sheet is bent; over the page's diagonal along it, how high it
    is, and how much nearer to the middle its points are than if it were flat."""
    angle = rng.uniform(0, np.pi)
    count = 513
    s = np.linspace(-1, 1, count)
    if rng.random() < 1 / 3:
        at = rng.uniform(-0.4, 0.4)
        heights = -np.abs(s - at)
    else:
        heights = np.cos(np.pi * (s * rng.uniform(0.4, 1.1) + rng.uniform(-0.5, 0.5)))
    heights *= bend * rng.uniform(0.3, 1) * width / np.ptp(heights)
    heights -= heights.mean()
    step = np.hypot(width, height) / (count - 1)
    slopes = np.gradient(heights, step)
    shortened = np.cumsum(np.sqrt(np.clip(1 - slopes**2, 0, 1)) - 1) * step
    return (
        np.array([np.cos(angle), np.sin(angle)]),
        heights,
        shortened - shortened[count // 2],
    )


def _rendered(
    page: Gray, surface: _Surface, scale: float, size: tuple[int, int]
) -> tuple[Gray, NDArray[np.bool_]]:
    """The sheet as the camera sees it, and where it is seen."""
    across, down = size
    # One step more on each side than is needed, as resizing invents what is beyond the outermost.
    columns, rows = across // _STEP + 4, down // _STEP + 4
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    grid = (np.column_stack([x.ravel(), y.ravel()]) - 0.5) * _STEP
    way_back = surface.back(grid).reshape(rows, columns, 2).astype(np.float32)
    whole = cv2.resize(way_back, (columns * _STEP, rows * _STEP), interpolation=cv2.INTER_LINEAR)
    way_back = whole[_STEP : _STEP + down, _STEP : _STEP + across]
    soft = cv2.GaussianBlur(page, (0, 0), 0.35 / scale) if scale < 0.75 else page
    way = cv2.INTER_LINEAR if scale < 1.2 else cv2.INTER_CUBIC
    sheet = cv2.remap(soft, way_back - 0.5, None, way, borderValue=255)
    height, width = page.shape
    # Not with `all(axis=2)`: NumPy reduces an axis of two slowly, that took half the time.
    back_x, back_y = cv2.split(way_back)
    inside = (back_x > 0) & (back_y > 0) & (back_x < width) & (back_y < height)
    return np.asarray(sheet, np.uint8), inside


def _table(rng: np.random.Generator, across: int, down: int) -> Gray:
    """Wood, cloth or stone, and at times another printed sheet on it."""
    cells = max(2, down // int(rng.integers(6, 60))), max(2, across // int(rng.integers(6, 60)))
    low, high = sorted(rng.integers(20, 200, 2))
    rough = rng.integers(low, high + 20, cells, dtype=np.uint8)
    table = cv2.resize(rough, (across, down), interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.3:
        x, y = int(rng.integers(across)), int(rng.integers(down))
        cv2.rectangle(table, (x, y), (x + across, y + down // 2), 235, -1)
        for line in range(y + 20, min(y + down // 2, down), 26):
            cv2.putText(table, "net amount 1,204.00 paid", (x + 20, line), 0, 0.8, 40, 2)
    return np.asarray(table, np.uint8)


def _photographed(picture: Gray, motion: Motion, rng: np.random.Generator) -> bytes:
    seen = picture.astype(np.float32)
    down, across = picture.shape
    if motion.shadow:
        # Coarse and then enlarged: light changes slowly.
        angle = rng.uniform(0, 2 * np.pi)
        rows, columns = np.mgrid[0:1:24j, 0:1:24j].astype(np.float32)
        slope = columns * np.cos(angle) + rows * np.sin(angle)
        light = 1 - rng.uniform(0, motion.shadow) * (slope - slope.min()) / np.ptp(slope)
        seen *= cv2.resize(light, (across, down), interpolation=cv2.INTER_LINEAR)
    if motion.blur:
        seen = cv2.GaussianBlur(seen, (0, 0), 0.2 + rng.uniform(0, motion.blur))
    grain = np.empty(picture.shape, np.int16)
    cv2.setRNGSeed(int(rng.integers(2**31)))
    cv2.randn(grain, 0, 8 * rng.uniform(1, motion.noise))
    pixels = np.clip(seen + grain / np.float32(8), 0, 255).astype(np.uint8)
    quality = int(rng.integers(*motion.quality))
    return cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def _project(matrix: Floats, points: Floats) -> Floats:
    moved = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(moved[:, :2] / moved[:, 2:], np.float64)
