"""PDF, rendered by pypdfium2 (PDFium)."""

import ctypes
import math
from collections.abc import Iterator
from contextlib import closing, contextmanager

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray
from pypdfium2 import raw

from core.errors import FileError
from core.formats.decoder import Character

DPI = 200
"""Small print of invoices (6 pt) is 10 px tall in digits at this resolution."""
_POINTS = 72
_END_BYTES = 1024
"""Readers look for the end marker in the last kilobyte (ISO 32000-1, annex H.3)."""
_PADDING = b"\0\t\n\f\r "

_HAIR_LESS = 1 - 1e-6

_SCAN = 0.5
"""Share of a page from which a picture on it makes it a scan."""
_UNSEEN = (raw.FPDF_TEXTRENDERMODE_INVISIBLE, raw.FPDF_TEXTRENDERMODE_CLIP)
_MOST_CHARACTERS = 100_000
_NO_CHARACTERS = frozenset((0, *range(0xD800, 0xE000)))
"""Codes that a font may declare: a text with half of a pair of UTF-16 can't be stored."""
_FINE = 1_000_000
"""Steps in a page's width, in which PDFium gives places."""


def is_whole(data: bytes) -> bool:
    """Whether the end marker is where it belongs."""
    return b"%%EOF" in data.rstrip(_PADDING)[-_END_BYTES:]


class PdfDecoder:
    """A document's pages, filled-in forms and annotations included.

    PDFium holds state for the whole process and is not thread-safe: one call at a time.
    """

    def __init__(self, data: bytes, *, name: str, max_pages: int, max_pixels: int) -> None:
        """Raises FileError: truncated_file, corrupt_file, password_needed, too_many_pages."""
        self._name = name
        self._max_pixels = max_pixels
        if not is_whole(data):
            # PDFium rebuilds what it can of such a file, with pages blank or gone.
            raise FileError(
                f"{name}: is cut off: the end of the document is missing", code="truncated_file"
            )
        try:
            # Without a password PDFium tries the empty one.
            self._document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise _refused(name, data, error) from error
        self.pages: int = len(self._document)
        if self.pages > max_pages:
            self._document.close()
            raise FileError(
                f"{name}: has {self.pages} pages, more than the limit of {max_pages}",
                code="too_many_pages",
            )
        self._document.init_forms()

    def decode(self, number: int, size_hint: tuple[int, int], *, color: bool) -> NDArray[np.uint8]:
        """Page `number` (1 is the first), H×W grey or H×W×3 BGR.

        At 200 dpi, or more if that is what `size_hint` (width, height) needs, or less if
        `max_pixels` doesn't allow it.

        Raises:
            FileError: corrupt_file, image_too_small, image_too_large.
        """
        with self._page(number) as page:
            self._check_images(page, number)
            scale = self._scale(page.get_size(), size_hint)
            with closing(page.render(scale=scale)) as bitmap:
                # PDFium's own grey takes twice the time on a scanned page, and leaves out
                # some pictures.
                bgr: NDArray[np.uint8] = bitmap.to_numpy()
                pixels = bgr.copy() if color else cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY)
        return pixels.astype(np.uint8, copy=False)

    def characters(self, number: int) -> list[Character]:
        """The text that is drawn on a page, in the document's order.

        Nothing of a page that is a scan: what is said there was read by a machine, too.

        Raises:
            FileError: corrupt_file.
        """
        with self._page(number) as page:
            if _is_scan(page):
                return []
            with closing(page.get_textpage()) as text:
                return list(_characters(page, text))

    def close(self) -> None:
        self._document.close()

    @contextmanager
    def _page(self, number: int) -> Iterator[pypdfium2.PdfPage]:
        try:
            with closing(self._document[number - 1]) as page:
                yield page
        except pypdfium2.PdfiumError as error:
            raise FileError(f"{self._name}: page {number} is damaged: {error}") from error

    def _check_images(self, page: pypdfium2.PdfPage, number: int) -> None:
        """Refuses a picture in the page that is a bomb, by the size that it declares."""
        for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
            width, height = image.get_px_size()
            if width * height > self._max_pixels:
                raise FileError(
                    f"{self._name}: page {number} holds a picture of {width} x {height} pixels, "
                    f"more than the limit of {self._max_pixels:,}",
                    code="image_too_large",
                )

    def _scale(self, size: tuple[float, float], size_hint: tuple[int, int]) -> float:
        """Pixels per point."""
        width, height = size
        if width <= 0 or height <= 0:
            raise FileError(f"{self._name}: is damaged: a page has no size")
        wanted = max(DPI / _POINTS, size_hint[0] / width, size_hint[1] / height)
        allowed = 0.999 * math.sqrt(self._max_pixels / (width * height))
        # Sides are rounded up to whole pixels: a hair less keeps 1654.0000001 from becoming 1655.
        return min(wanted * _HAIR_LESS, allowed)


def _is_scan(page: pypdfium2.PdfPage) -> bool:
    """Whether a picture covers most of the page."""
    width, height = page.get_size()
    for image in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = image.get_bounds()
        if abs((right - left) * (top - bottom)) > _SCAN * width * height:
            return True
    return False


def _characters(page: pypdfium2.PdfPage, text: pypdfium2.PdfTextPage) -> Iterator[Character]:
    x, y = ctypes.c_int(), ctypes.c_int()
    for index in range(min(text.count_chars(), _MOST_CHARACTERS)):
        code = raw.FPDFText_GetUnicode(text, index)
        drawn = raw.FPDFText_GetTextObject(text, index)
        # Spaces between words are PDFium's own and not drawn.
        seen = not drawn or raw.FPDFTextObj_GetTextRenderMode(drawn) not in _UNSEEN
        if code in _NO_CHARACTERS or not seen:
            continue
        left, bottom, right, top = text.get_charbox(index, loose=True)
        raw.FPDF_PageToDevice(
            page, 0, 0, _FINE, _FINE, 0, (left + right) / 2, (bottom + top) / 2, x, y
        )
        yield Character(chr(code), x.value / _FINE, y.value / _FINE)


def _refused(name: str, data: bytes, error: pypdfium2.PdfiumError) -> FileError:
    # One that opens but has no pages is refused, too, with the code of whatever failed before it.
    if document := raw.FPDF_LoadMemDocument64(data, len(data), None):
        raw.FPDF_CloseDocument(document)
        return FileError(f"{name}: is damaged: it has no pages")
    if error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY):
        return FileError(
            f"{name}: is protected by a password; save it without one", code="password_needed"
        )
    return FileError(f"{name}: is damaged: {error}")
