"""Measures the thresholds of `core.checking.quality`: boxes drawn, damaged, accused and read.

    python -m training.pages.quality [--forms 12] [--write]

A good box is one whose value the reader gets right, a bad one is any other. Takes half a minute;
with `--write` the table goes to docs/accuracy.md.
"""

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from core.checking import quality
from core.reading.numeric import NumericReader
from core.template import Kind
from core.values.parse import parse_value
from training.document import DOCS, put
from training.pages.forms import Cell, draw
from training.pages.pen import Gray

PAPER, INK = 205, 45
"""Grey levels of a page in a photo: a scanner's white says nothing of glare."""


@dataclass(frozen=True)
class Damage:
    """A way to spoil a page. `spoil` gets the page and its cells, `scale` makes it smaller after
    that."""

    name: str
    spoil: Callable[[Gray, tuple[Cell, ...]], Gray] = lambda page, _: page
    scale: float = 1.0


@dataclass(frozen=True)
class Box:
    """What came of one box. `unsure`: the reader's confidence alone sends it to review."""

    accused: str | None
    right: bool
    unsure: bool


def _scanned(page: Gray, _: tuple[Cell, ...]) -> Gray:
    return cv2.LUT(page, np.arange(256).clip(20, 250).astype(np.uint8)).astype(np.uint8)


def _photographed(page: Gray, _: tuple[Cell, ...] = ()) -> Gray:
    return (INK + page * ((PAPER - INK) / 255)).astype(np.uint8)


def _tinted(page: Gray, cells: tuple[Cell, ...]) -> Gray:
    """A form on coloured paper with white boxes, which are no glare."""
    tinted = _photographed(page)
    for cell in cells:
        left, top, right, bottom = cell.box
        tinted[top + 4 : bottom - 4, left + 4 : right - 4] = page[
            top + 4 : bottom - 4, left + 4 : right - 4
        ]
    return tinted


def _blurred(sigma: float) -> Callable[[Gray, tuple[Cell, ...]], Gray]:
    return lambda page, _: _soft(_photographed(page), sigma)


def _soft(page: Gray, sigma: float) -> Gray:
    return cv2.GaussianBlur(page, (0, 0), sigma).astype(np.uint8)


def _dark(light: float) -> Callable[[Gray, tuple[Cell, ...]], Gray]:
    """With the grain of a sensor that sees little."""

    def spoil(page: Gray, _: tuple[Cell, ...]) -> Gray:
        grain = np.random.default_rng(1).normal(0, 3, page.shape)
        return (_photographed(page) * light + grain).clip(0, 255).astype(np.uint8)

    return spoil


def _glaring(strength: float) -> Callable[[Gray, tuple[Cell, ...]], Gray]:
    """A lamp's reflection over a part of each box, so many grey levels in its middle."""

    def spoil(page: Gray, cells: tuple[Cell, ...]) -> Gray:
        light = np.zeros(page.shape, np.float32)
        for number, cell in enumerate(cells):
            left, top, right, bottom = cell.box
            width, height = right - left, bottom - top
            x = left + width * (0.2 + 0.15 * (number % 5))
            y = (top + bottom) / 2
            reach_x, reach_y = width / 5, height / 1.5
            rows = slice(max(0, int(y - 3 * reach_y)), int(y + 3 * reach_y))
            columns = slice(max(0, int(x - 3 * reach_x)), int(x + 3 * reach_x))
            part = light[rows, columns]
            ys, xs = np.indices(part.shape)
            ys, xs = ys + rows.start - y, xs + columns.start - x
            part += strength * np.exp(-((xs / reach_x) ** 2) - (ys / reach_y) ** 2)
        return (_photographed(page) + light).clip(0, 255).astype(np.uint8)

    return spoil


DAMAGES = (
    Damage("a scan at 200 dpi", _scanned),
    Damage("a photo", _photographed),
    Damage("white boxes on tinted paper", _tinted),
    Damage("... blurred by 1.5 px", lambda page, cells: _soft(_tinted(page, cells), 1.5)),
    *(
        Damage(f"a photo at {dpi} dpi", _photographed, dpi / 200)
        for dpi in (100, 72, 60, 50, 40, 30)
    ),
    *(
        Damage(f"blurred by {sigma:g} px", _blurred(sigma))
        for sigma in (1, 2, 3, 4, 5, 6, 8)
    ),
    *(
        Damage(f"dark: {light:.0%} of the light", _dark(light))
        for light in (0.5, 0.4, 0.3, 0.2, 0.1)
    ),
    *(Damage(f"glare of {strength} grey levels", _glaring(strength))
      for strength in (40, 100, 200, 400)),
)  # fmt: skip


def boxes(damage: Damage, forms: int, reader: NumericReader) -> Iterator[Box]:
    """What comes of the boxes of so many forms after the damage."""
    for form in range(forms):
        sheet = draw(form, 1, seed=7)
        page = damage.spoil(sheet.page, sheet.cells)
        if damage.scale != 1:
            page = cv2.resize(
                page, None, fx=damage.scale, fy=damage.scale, interpolation=cv2.INTER_AREA
            ).astype(np.uint8)
        # As a JPEG, which is what pages come as.
        page = cv2.imdecode(cv2.imencode(".jpg", page)[1], cv2.IMREAD_GRAYSCALE).astype(np.uint8)
        cells = [cell for cell in sheet.cells if cell.kind is not Kind.TEXT]
        crops = [_crop(page, cell, damage.scale) for cell in cells]
        paper = quality.paper(page)
        lines = reader.read(crops, [cell.kind.value for cell in cells])  # type: ignore[misc]
        for cell, crop, line in zip(cells, crops, lines, strict=True):
            found = quality.fault(crop, paper, printed=True)
            value = parse_value(cell.kind, line.text, date_order="dmy").value
            yield Box(
                found.code if found else None,
                value == cell.printed.value,
                line.confidence < reader.review_threshold,
            )


def _crop(page: Gray, cell: Cell, scale: float) -> Gray:
    left, top, right, bottom = (round(scale * edge) for edge in cell.box)
    return page[top:bottom, left:right]


def table(forms: int, reader: NumericReader) -> str:
    """The figures in Markdown."""
    lines = [
        "| damage | boxes | good | accused | accused though sure | bad | not accused "
        "| nor in doubt | of what |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for damage in DAMAGES:
        found = list(boxes(damage, forms, reader))
        good = [box for box in found if box.right]
        bad = [box for box in found if not box.right]
        accused = [box for box in good if box.accused]
        passed = [box for box in bad if not box.accused]
        said = [box.accused for box in found if box.accused]
        codes = ", ".join(f"`{code}` {said.count(code)}" for code in sorted(set(said)))
        figures = (
            len(found),
            len(good),
            len(accused),
            sum(not box.unsure for box in accused),
            len(bad),
            len(passed),
            sum(not box.unsure for box in passed),
        )
        lines.append(f"| {damage.name} | {' | '.join(map(str, figures))} | {codes} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.pages.quality", description=__doc__)
    parser.add_argument("--forms", type=int, default=12, help="each has some six boxes")
    parser.add_argument("--write", action="store_true", help="into docs/accuracy.md")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    text = table(asked.forms, NumericReader())
    print(text)
    if asked.write:
        put(text, "quality", DOCS / "accuracy.md")


if __name__ == "__main__":
    main()
