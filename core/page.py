"""From bytes to pages: the one door of all decoding.

What a file is goes by its bytes; what it may cost is checked against the limits before any pixel is
made, and pixels are made in a process of their own, which has a limit on its time and its memory
and may die (`core.formats.decoding`). Accepted risks: within the limits a hostile file can still
take some seconds and a gigabyte; and whoever takes over the decoder's process by a hole in a
library acts as the user that Khana runs as.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from core.errors import FileError
from core.formats import bmp, heic, jpeg, pdf, png, tiff, webp
from core.formats.decoder import Character, Decoder
from core.formats.decoding import Allowance, ConfinedDecoder
from core.formats.sniff import Format, sniff
from core.settings import Settings

MIN_SIDE = 16
"""Pixels. Nothing can be read on a page that is smaller, and libraries stumble over such."""

_LARGEST_LOOK = 64 * 1024 * 1024
"""Bytes. `looks_complete` reads the file, so there must be an end to it."""


_SIZES = {"jpeg": jpeg.size, "png": png.size, "webp": webp.size, "bmp": bmp.size}
_WHOLE: dict[Format, Callable[[bytes], bool]] = {
    "jpeg": jpeg.is_whole,
    "png": png.is_whole,
    "pdf": pdf.is_whole,
    "tiff": tiff.is_whole,
    "webp": webp.is_whole,
    "bmp": bmp.is_whole,
    "heic": heic.is_whole,
}


@dataclass(frozen=True)
class Limits:
    """What a file may cost: bytes, pixels of a page, pages; and for each page seconds of processor
    time and bytes of memory while it is decoded."""

    max_bytes: int
    max_pixels: int
    max_pages: int
    max_seconds: float = 20.0
    max_memory: int = 2 * 1024**3

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            settings.max_file_bytes,
            settings.max_pixels,
            settings.max_pages,
            settings.decode_timeout,
            settings.decode_memory,
        )


@dataclass(frozen=True)
class Info:
    """What a file's first bytes tell. None where they don't: a PDF, a TIFF, a HEIC."""

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
    if kind not in _SIZES:
        return Info(kind, None, None, None)
    width, height = _SIZES[kind](data, name=name)
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


class Document:
    """An open file, or one page of it. Close it, or use it in a `with` statement. One thread at a
    time.

    `only` is the page of the file that is the document's only one; None for all of them.
    """

    def __init__(self, decoder: Decoder, *, name: str, only: int | None = None) -> None:
        self._decoder = decoder
        self._name = name
        self._first = only or 1
        self.pages = decoder.pages if only is None else 1

    def gray(self, number: int, size_hint: tuple[int, int]) -> NDArray[np.uint8]:
        """Page `number` (1 is the first) as H×W, 0 is black.

        A picture comes at its own size, turned upright by its EXIF data. A PDF page is rendered at
        200 dpi, or finer where `size_hint` (width, height, in pixels) needs it, within the limits.

        Raises:
            FileError: no_such_page, truncated_file, corrupt_file, image_too_large,
                image_too_small, read_timeout, reader_crashed.
            TransientError: no process can start to decode it, or the system kills it.
        """
        return self._decode(number, size_hint, color=False)

    def color(self, number: int, size_hint: tuple[int, int]) -> NDArray[np.uint8]:
        """The same page, pixel for pixel, as H×W×3 in the order blue, green, red; or as H×W where
        the file is known to be grey."""
        return self._decode(number, size_hint, color=True)

    def characters(self, number: int) -> list[Character]:
        """What page `number` itself says is printed on it, in its order; nothing for a picture.

        Raises as `gray` does.
        """
        return self._decoder.characters(self._in_file(number))

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
        number = self._in_file(number)
        pixels = self._decoder.decode(number, size_hint, color=color)
        height, width = pixels.shape[:2]
        if min(width, height) < MIN_SIDE:
            raise FileError(
                f"{self._name}: page {number} of {width} x {height} pixels is too small to hold "
                "an invoice",
                code="image_too_small",
            )
        return pixels

    def _in_file(self, number: int) -> int:
        if not 1 <= number <= self.pages:
            raise _no_page(self._name, number, self.pages)
        return number + self._first - 1


def open_document(data: bytes, limits: Limits, *, name: str, page: int | None = None) -> Document:
    """Opens the file `data`, called `name` in messages, ready to give its pages.

    page: where it isn't None, this page of the file is the document's only one, its page 1.

    Raises:
        FileError: what `check` raises, truncated_file, corrupt_file, password_needed,
            too_many_pages, no_such_page, read_timeout, reader_crashed.
        TransientError: no process can start to decode it, or the system kills it.
    """
    allowance = Allowance(
        limits.max_pages, limits.max_pixels, limits.max_seconds, limits.max_memory
    )
    decoder = ConfinedDecoder(data, check(data, limits, name=name).format, name, allowance)
    if page is not None and not 1 <= page <= decoder.pages:
        decoder.close()
        raise _no_page(name, page, decoder.pages)
    return Document(decoder, name=name, only=page)


def _no_page(name: str, number: int, pages: int) -> FileError:
    return FileError(f"{name}: has no page {number}, only {pages}", code="no_such_page")


def looks_complete(path: Path, size: int | None = None) -> bool:
    """Whether the file, or its first `size` bytes, seems to be there in full, as opposed to being
    copied just now.

    An empty file doesn't. A file of no known format does, as one can't tell, and so does one of
    over 64 MiB, since looking would cost too much.

    Raises:
        OSError: the file is gone or can't be read.
    """
    with path.open("rb") as file:
        data = file.read(min(_LARGEST_LOOK + 1, size or _LARGEST_LOOK + 1))
    if not data:
        return False
    if len(data) > _LARGEST_LOOK:
        return True
    try:
        kind = sniff(data)
    except FileError:
        return True
    return _WHOLE[kind](data)
