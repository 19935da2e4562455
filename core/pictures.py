"""Pictures made of an invoice's file: pages, smaller pages, what is in a box."""

import threading
from typing import TYPE_CHECKING

from core.errors import FileError, NotFoundError
from core.formats.sniff import sniff
from core.intake.origin import object_of
from core.intake.parts import file_of
from core.invoice import Invoice, ObjectRef, Reading
from core.ports import Adapters
from core.settings import Settings

# OpenCV and PDFium take 0.2 s to load: only whoever asks for a picture waits for them.
if TYPE_CHECKING:
    from core.geometry import Picture as Pixels

_JPEG_QUALITY = 82
_GLANCE, _GLANCE_QUALITY = 200, 60
"""Up to that many pixels wide a picture only shows which page it is; lists hold many."""

_UNSEEN = frozenset(
    {
        "corrupt_file",
        "empty_file",
        "file_too_large",
        "image_too_large",
        "image_too_small",
        "password_needed",
        "too_many_pages",
        "truncated_file",
        "unsupported_format",
    }
)
"""Codes of errors that mean that no page could be decoded."""


class PageCache:
    """Decodes pages, one at a time, and keeps the last: browsers ask for all crops of one at once.

    One at a time, so that no number of requests takes more memory than one page of
    `settings.max_pixels` does.
    """

    def __init__(self, adapters: Adapters, settings: Settings) -> None:
        self._adapters = adapters
        self._settings = settings
        self._lock = threading.Lock()
        self._last: tuple[tuple[ObjectRef, int, tuple[int, int]], Pixels] | None = None

    def page(self, invoice: Invoice, number: int) -> "Pixels":
        """Page `number` (1 is the first), H×W×3 BGR or H×W grey, in the size that boxes on it
        refer to.

        Raises:
            NotFoundError: the invoice has no file or no such page, or it can't be decoded.
        """
        ref = object_of(invoice)
        key = (ref, number, invoice.page_sizes.get(number, (1, 1)))
        with self._lock:
            if self._last is None or self._last[0] != key:
                self._last = None  # frees its memory before the next page takes as much
                self._last = key, self._decode_invoice(invoice, number, key[2])
            return self._last[1]

    def page_of(
        self, data: bytes, number: int, size_hint: tuple[int, int], *, name: str
    ) -> tuple["Pixels", int]:
        """Page `number` of the file `data`, as `page` gives it, which isn't kept, and how many it
        has.

        Raises:
            FileError: as `core.page.open_document` and `Document.color`.
        """
        with self._lock:
            return self._decode(data, number, size_hint, name=name)

    def _decode_invoice(
        self, invoice: Invoice, number: int, size_hint: tuple[int, int]
    ) -> "Pixels":
        data, name = file_of(self._adapters, invoice), invoice.source.name
        part = invoice.part.page if invoice.part else None
        try:
            return self._decode(data, number, size_hint, name=name, part=part)[0]
        except FileError as error:
            raise NotFoundError(error.message, code=error.code) from error

    def _decode(
        self,
        data: bytes,
        number: int,
        size_hint: tuple[int, int],
        *,
        name: str,
        part: int | None = None,
    ) -> tuple["Pixels", int]:
        from core.page import Limits, open_document  # noqa: PLC0415

        with open_document(data, Limits.of(self._settings), name=name, page=part) as document:
            return document.color(number, size_hint), document.pages


def has_picture(invoice: Invoice) -> bool:
    """Whether there is a page of the invoice to be shown, as far as is known without decoding."""
    unseen = invoice.error is not None and invoice.error.code in _UNSEEN
    return invoice.object is not None and not unseen


def as_it_came(data: bytes, *, name: str) -> str | None:
    """The content type under which browsers show these bytes, or None if they can't.

    Raises:
        NotFoundError: it is no picture at all.
    """
    try:
        kind = sniff(data, name=name)
    except FileError as error:
        raise NotFoundError(error.message, code=error.code) from error
    return f"image/{kind}" if kind in ("jpeg", "png") else None


def box(page: "Pixels", reading: Reading) -> "Pixels":
    """The box of the reading and nothing else, upright."""
    return _cut(page, reading, 0)


def crop(page: "Pixels", reading: Reading) -> "Pixels":
    """The box of the reading with a little of what is around it, upright."""
    left, top, right, bottom = reading.box
    line = right - left if reading.turn in (90, 270) else bottom - top
    return _cut(page, reading, max(4, line // 5))


def _cut(page: "Pixels", reading: Reading, margin: int) -> "Pixels":
    import numpy as np  # noqa: PLC0415

    height, width = page.shape[:2]
    left, top, right, bottom = reading.box
    x = slice(_within(left - margin, width), _within(right + margin, width, least=1))
    y = slice(_within(top - margin, height), _within(bottom + margin, height, least=1))
    # It turns the other way than `turn`, which is clockwise.
    return np.ascontiguousarray(np.rot90(page[y, x], reading.turn // 90))


def to_png(pixels: "Pixels") -> bytes:
    import cv2  # noqa: PLC0415

    return bytes(cv2.imencode(".png", pixels)[1])


def to_jpeg(pixels: "Pixels", width: int) -> bytes:
    """A JPEG that is at most `width` pixels wide."""
    import cv2  # noqa: PLC0415

    if pixels.shape[1] > width:
        height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    else:
        small = pixels
    quality = _GLANCE_QUALITY if width <= _GLANCE else _JPEG_QUALITY
    how = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    return bytes(cv2.imencode(".jpg", small, how)[1])


def _within(position: int, end: int, *, least: int = 0) -> int:
    return min(max(position, least), end - 1 + least)
