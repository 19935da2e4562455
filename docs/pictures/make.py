"""Makes the pictures of the README: `.venv/bin/python -m docs.pictures.make`.

`reading.png` is what the reader says of a sample today; `inbox.png` and `review.png` are the web
page of a Khana that has just read the samples. Needs what `samples.draw` needs.
"""

from io import BytesIO
from pathlib import Path

from PIL import Image

from docs.pictures import page, reading
from samples.browser import chromium

FOLDER = Path(__file__).parent
PIXELS_PER_CSS = 1.5
"""Crisp where screens are dense, and still small enough for a README."""
COLOURS = 192


def main() -> None:
    with chromium() as browser:
        _save("reading.png", reading.draw(browser, PIXELS_PER_CSS))
        for name, picture in page.draw(browser, PIXELS_PER_CSS).items():
            _save(name, picture)


def _save(name: str, picture: bytes) -> None:
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS).save(FOLDER / name, optimize=True)
    print(f"{name}: {image.width} x {image.height}, {(FOLDER / name).stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
