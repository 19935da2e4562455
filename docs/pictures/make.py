"""Makes the pictures of the README, and one of every page to be looked at: `make pictures`.

`reading.png` is what the reader says of a sample today; the others are the web page of a Khana that
has just read the samples. All pages, in both directions and themes, go to `build/pictures`. Needs
what `samples.draw` needs.
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
ALL = Path("build/pictures")
IN_README = {
    "inbox-en-light.png": "inbox.png",
    "review-en-light.png": "review.png",
    "editor-en-light.png": "editor.png",
    "overview-en-light.png": "overview.png",
    "editor-ar-dark.png": "editor-ar.png",
}
"""Those that the README shows, and what they are called there."""


def main() -> None:
    with chromium() as browser:
        _save("reading.png", reading.draw(browser, PIXELS_PER_CSS))
        for name, picture in page.draw(browser, PIXELS_PER_CSS):
            _save(name, picture, folder=ALL)
            if name in IN_README:
                _save(IN_README[name], picture)


def _save(name: str, picture: bytes, *, folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    image = Image.open(BytesIO(picture)).convert("RGB")
    image.quantize(COLOURS).save(folder / name, optimize=True)
    print(f"{name}: {image.width} x {image.height}, {(folder / name).stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
