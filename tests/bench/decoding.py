"""What it costs to decode in a process of its own: `python -m tests.bench.decoding [--rounds 15]`.

Medians, of an A4 page at 200 dpi: until a fresh process has given its first page, and what a page
takes from one that runs.
"""

import argparse
import time
from collections.abc import Callable
from io import BytesIO
from statistics import median

import cv2
from PIL import Image

from core.formats import decoding
from core.formats.decoder import Decoder
from core.formats.jpeg import JpegDecoder
from core.formats.pdf import PdfDecoder
from core.formats.pillow import PillowDecoder
from core.formats.png import PngDecoder
from core.page import Limits, open_document
from core.settings import Settings
from training.pages.forms import draw

LIMITS = Limits.of(Settings())
SIZE = (1654, 2339)
"""A4 at 200 dpi."""
NAME = "page"


def pages() -> dict[str, tuple[bytes, Callable[[bytes], Decoder]]]:
    """By format, a file of one page and what decodes it here."""
    page = cv2.resize(draw(2, 2, seed=77).page, SIZE)
    most = {"max_pages": LIMITS.max_pages, "max_pixels": LIMITS.max_pixels}

    def kept(kind: str) -> bytes:
        file = BytesIO()
        Image.fromarray(page).save(file, kind, resolution=200.0, dpi=(200, 200))
        return file.getvalue()

    return {
        "JPEG": (kept("JPEG"), lambda data: JpegDecoder(data, name=NAME)),
        "PNG": (kept("PNG"), lambda data: PngDecoder(data, name=NAME)),
        "TIFF": (kept("TIFF"), lambda data: PillowDecoder(data, "tiff", name=NAME, **most)),
        "PDF": (kept("PDF"), lambda data: PdfDecoder(data, name=NAME, **most)),
    }


def there(data: bytes) -> None:
    with open_document(data, LIMITS, name=NAME) as document:
        document.gray(1, SIZE)


def here(data: bytes, decoder: Callable[[bytes], Decoder]) -> None:
    opened = decoder(data)
    opened.decode(1, SIZE, color=False)
    opened.close()


def timed(run: Callable[[], object]) -> float:
    """Milliseconds."""
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.decoding", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="times that each is timed")
    rounds = parser.parse_args().rounds
    files = pages()
    starts = []
    for _ in range(rounds):
        decoding.stop()
        starts.append(timed(lambda: there(files["JPEG"][0])))
    print(f"from no process to its first page: {median(starts):.0f} ms")
    for kind, (data, decoder) in files.items():
        taken: list[tuple[float, float]] = []
        for number in range(rounds + 1):
            turn = timed(lambda d=data: there(d)), timed(lambda d=data, o=decoder: here(d, o))
            if number:  # the first turn is to warm up
                taken.append(turn)
        one, other = (median(column) for column in zip(*taken, strict=True))
        size = f"{len(data) / 1024:,.0f} KiB"
        print(f"{kind}, {size}: {one:.1f} ms, {one - other:.1f} more than in this process")


if __name__ == "__main__":
    main()
