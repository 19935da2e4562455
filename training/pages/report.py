"""Figures of how pages are found as tables, and pictures of pages and their boxes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from core import geometry
from training.pages.measure import FAILED, Choice, Failures, Result, decoded
from training.pages.pen import HEIGHT, WIDTH, Gray

Part = Literal["moved", "choice"]
"""Of the document, between marks of that name."""

_WORST = 10
_SIDE = 360
"""Pixels of the pictures' longer side."""


def alignment(moved: Mapping[str, Sequence[Result]], failed: Failures) -> str:
    """Figures of pages that were moved, and of those that failed to align, in Markdown."""
    return f"{_moved(moved)}\n\n{_failed(failed)}"


def draw(folder: Path, moved: Mapping[str, Sequence[Result]]) -> None:
    """Puts the pictures of pages and their boxes into `folder`."""
    found = [result for rows in moved.values() for result in rows if result.alignment.good]
    worst = sorted(found, key=lambda result: result.error, reverse=True)[:_WORST]
    examples = [rows[0] for rows in moved.values() if rows]
    for name, rows in (("moved", examples), ("worst", worst)):
        picture = np.vstack([_row(result) for result in rows])
        path = folder / f"alignment-{name}.jpg"
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, 60])


def _moved(moved: Mapping[str, Sequence[Result]]) -> str:
    lines = [
        "| pages | number | found | box error: mean | 95 % | worst | fields right | aligning, ms "
        "| in decodings |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name, rows in moved.items():
        found = [result for result in rows if result.alignment.good]
        errors = 100 * np.array([result.error for result in found] or [np.nan])
        right = sum(r.right for r in rows) / sum(r.fields for r in rows)
        times = np.array([(r.align_ms, r.decode_ms) for r in rows])
        milliseconds, ratio = np.median(times[:, 0]), np.median(times[:, 0] / times[:, 1])
        lines.append(
            f"| {name} | {len(rows)} | {_share(len(found), len(rows))} | {errors.mean():.3f} % "
            f"| {np.percentile(errors, 95):.3f} % | {errors.max():.2f} % | {right:.1%} "
            f"| {milliseconds:.0f} | {ratio:.1f} |"
        )
    return "\n".join(lines)


def _failed(failures: Failures) -> str:
    return (
        f"Of {failures.pages:,} pages, with those that hardly anything could align, "
        f"{failures.failed:,} failed to align (not found, or boxes off by more than "
        f"{100 * FAILED} % of the width). Taken for well aligned: {failures.unnoticed}. `done` "
        f"with a wrong value: {failures.wrong}."
    )


def choice(chosen: Sequence[Choice]) -> str:
    """Figures of choosing among templates, in Markdown."""
    lines = [
        "| templates | pages | right | unclear | wrong | strangers | taken | straight: ms "
        "| in decodings | others: ms | in decodings |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {c.templates:,} | {c.pages:,} | {_share(c.right, c.pages)} | {c.unclear} | {c.wrong} "
        f"| {c.strangers:,} | {c.taken} | {c.straight.choosing:.0f} | {c.straight.decodings:.1f} "
        f"| {c.others.choosing:.0f} | {c.others.decodings:.1f} |"
        for c in chosen
    ]
    return "\n".join(lines)


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _row(result: Result) -> Gray:
    """The page as it came, as it was aligned, and with its boxes over it."""
    came = decoded(result.moved.jpeg)
    flat = _flattened(came, result)
    boxed = cv2.cvtColor(flat, cv2.COLOR_GRAY2BGR)
    for cell in result.known.sheet.cells:
        cv2.rectangle(boxed, cell.box[:2], cell.box[2:], (40, 40, 220), 5)
    shown = [came, flat, boxed]
    return np.hstack([_framed(picture) for picture in shown])


def _flattened(came: Gray, result: Result) -> Gray:
    """The page in the frame in which it was drawn."""
    step = 16
    x, y = np.meshgrid(np.arange(0, WIDTH + step, step), np.arange(0, HEIGHT + step, step))
    points = np.column_stack([x.ravel(), y.ravel()]).astype(np.float64)
    seen = result.alignment.at(geometry.project(result.known.to_template, points))
    coarse = seen.reshape(*x.shape, 2).astype(np.float32)
    # A warp takes each point of the coarse map to where it stands in the page.
    enlarge = np.diag([step, step, 1.0])[:2]
    whole = cv2.warpAffine(coarse, enlarge, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
    return np.asarray(cv2.remap(came, whole - 0.5, None, cv2.INTER_LINEAR), np.uint8)


def _framed(picture: Gray) -> Gray:
    """Shrunk into a square, in colour."""
    scale = _SIDE / max(picture.shape[:2])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    if small.ndim == 2:
        small = cv2.cvtColor(small, cv2.COLOR_GRAY2BGR)
    square = np.full((_SIDE + 8, _SIDE + 8, 3), 210, np.uint8)
    square[4 : 4 + small.shape[0], 4 : 4 + small.shape[1]] = small
    return square
