"""A contact sheet: what the reader is trained or measured on, for people to look at.

python -m training.sheet [--profile train] [--split train] [--count 60] [--lines] -o sheet.png
"""

import argparse
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from core.reading.lines import prepare
from training.augment import PROFILES, TRAIN, Sample, sample
from training.render import Typesetter

CELL = (330, 74)


def contact_sheet(
    samples: list[Sample], *, lines: bool, notes: list[str] | None = None, columns: int = 5
) -> Image.Image:
    """Each box (or, with `lines`, what the network sees of it) over its label, its family and,
    where there are notes, its note."""
    rows = -(-len(samples) // columns)
    page = Image.new("L", (columns * CELL[0], rows * CELL[1]), 225)
    draw = ImageDraw.Draw(page)
    font = ImageFont.truetype("DejaVuSans.ttf", 11)
    for index, one in enumerate(samples):
        left, top = (index % columns) * CELL[0] + 4, (index // columns) * CELL[1]
        pixels = 255 - prepare(one.crop).ink if lines else one.crop
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        picture.thumbnail((CELL[0] - 8, CELL[1] - 18))
        page.paste(picture, (left, top))
        label = f"\u202d{one.label}\u202c" if one.label else "(nothing)"  # never reordered
        note = f"   \u202d{notes[index]}\u202c" if notes else ""
        draw.text((left, top + CELL[1] - 16), f"{label}{note}   {one.family}", fill=0, font=font)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--profile", default="train", choices=["train", *PROFILES])
    parser.add_argument("--split", default="train", choices=["train", "validation", "test"])
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", action="store_true", help="as the network sees them")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    setter = Typesetter(options.split)
    rng = Random(options.seed)
    profile = TRAIN if options.profile == "train" else PROFILES[options.profile]
    samples = [sample(setter, rng, profile, arabic=index % 5 < 3) for index in range(options.count)]
    contact_sheet(samples, lines=options.lines).save(options.output)


if __name__ == "__main__":
    main()
