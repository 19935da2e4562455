"""From bytes to pages: the one door of all decoding.

What a file is goes by its bytes; what it may cost is checked against the limits before any pixel is
made. Accepted risks: within the limits a hostile file can still take seconds and some hundred
megabytes (a progressive JPEG of many scans, a PDF of many paths), and a library can crash; so files
are read in processes that have a time limit and may die.
"""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from core.errors import FileError
from core.formats import jpeg, pdf, png
from core.formats.sniff import Format, sniff
from core.settings import Settings

MIN_SIDE = 16
"""Pixels. Nothing can be read on a page that is smaller, and libraries stumble over such."""

_LARGEST_LOOK = 64 * 1024 * 1024
"""Bytes. `looks_complete` reads the file, so there must be an end to it."""


@dataclass(frozen=True)
class Limits:
    """What a file may cost: bytes, pixels of a page, pages."""

    max_bytes: int
    max_pixels: int
    max_pages: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.max_file_bytes, settings.max_pixels, settings.max_pages)


@dataclass(frozen=True)
class Info:
    """What a file's first bytes tell. None where they don't (PDF)."""

    format: Format
    width: int | None
    height: int | None
    pages: int | None


def check(data: bytes, limits: Limits, *, name: str) -> Info:
    """Looks at the header alone: cheap and safe enough for the process that takes files in.

    A picture's size is as stored, before EXIF orientation.

    Raises:
        FileError: empty_file, file_too_large, unsupported_format, image_too_large,
            image_too_small, truncated_file, corrupt_file.
    """
    if not data:
        raise FileError(f"{name}: the file is empty", code="empty_file")
    if len(data) > limits.max_bytes:
        raise FileError(
            f"{name}: larger than the limit of {limits.max_bytes:,} bytes", code="file_too_large"
        )
    kind = sniff(data, name=name)
    if kind == "pdf":
        return Info(kind, None, None, None)
    width, height = (jpeg if kind == "jpeg" else png).size(data, name=name)
    if min(width, height) < MIN_SIDE:
        raise FileError(
            f"{name}: the picture of {width} x {height} pixels is too small to hold an invoice",
            code="image_too_small",
        )
    if width * height > limits.max_pixels:
        raise FileError(
            f"{name}: the picture of {width} x {height} pixels is larger than the limit of "
            f"{limits.max_pixels:,} pixels",
            code="image_too_large",
        )
    return Info(kind, width, height, 1)


class Decoder(Protocol):
    """What a format gives: pages by number (1 is the first), H×W grey or H×W×3 BGR."""

    @property
    def pages(self) -> int: ...

    def decode(
        self, number: int, size_hint: tuple[int, int], *, color: bool
    ) -> NDArray[np.uint8]: ...

    def close(self) -> None: ...


class Document:
    """An open file. Close it, or use it in a `with` statement. One thread at a time."""

    def __init__(self, decoder: Decoder, *, name: str) -> None:
        self._decoder = decoder
        self._name = name

    @property
    def pages(self) -> int:
        return self._decoder.pages

    def gray(self, number: int, size_hint: tuple[int, int]) -> NDArray[np.uint8]:
        """Page `number` (1 is the first) as H×W, 0 is black.

        A picture comes at its own size, turned upright by its EXIF data. A PDF page is rendered at
        200 dpi, or finer where `size_hint` (width, height, in pixels) needs it, within the limits.

        Raises:
            FileError: no_such_page, truncated_file, corrupt_file, image_too_large,
                image_too_small.
        """
        return self._decode(number, size_hint, color=False)

    def color(self, number: int, size_hint: tuple[int, int]) -> NDArray[np.uint8]:
        """The same page, pixel for pixel, as H×W×3 in the order blue, green, red."""
        return self._decode(number, size_hint, color=True)

    def close(self) -> None:
        self._decoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _decode(self, number: int, size_hint: tuple[int, int], *, color: bool) -> NDArray[np.uint8]:
        if not 1 <= number <= self.pages:
            raise FileError(
                f"{self._name}: has no page {number}, only {self.pages}", code="no_such_page"
            )
        pixels = self._decoder.decode(number, size_hint, color=color)
        height, width = pixels.shape[:2]
        if min(width, height) < MIN_SIDE:
            raise FileError(
                f"{self._name}: page {number} of {width} x {height} pixels is too small to hold "
                "an invoice",
                code="image_too_small",
            )
        return pixels


def open_document(data: bytes, limits: Limits, *, name: str) -> Document:
    """Opens the file `data`, called `name` in messages, ready to give its pages.

    Raises:
        FileError: what `check` raises, truncated_file, corrupt_file, password_needed,
            too_many_pages.
    """
    decoder: Decoder
    match check(data, limits, name=name).format:
        case "jpeg":
            decoder = jpeg.JpegDecoder(data, name=name)
        case "png":
            decoder = png.PngDecoder(data, name=name)
        case "pdf":
            decoder = pdf.PdfDecoder(
                data, name=name, max_pages=limits.max_pages, max_pixels=limits.max_pixels
            )
    return Document(decoder, name=name)


def looks_complete(path: Path) -> bool:
    """Whether the file seems to be there in full, as opposed to being copied just now.

    An empty file doesn't. A file of no known format does, as one can't tell, and so does one of
    over 64 MiB, since looking would cost too much.

    Raises:
        OSError: the file is gone or can't be read.
    """
    with path.open("rb") as file:
        data = file.read(_LARGEST_LOOK + 1)
    if not data:
        return False
    if len(data) > _LARGEST_LOOK:
        return True
    try:
        kind = sniff(data)
    except FileError:
        return True
    match kind:
        case "jpeg":
            return jpeg.is_whole(data)
        case "png":
            return png.is_whole(data)
        case "pdf":
            return pdf.is_whole(data)
