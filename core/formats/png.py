"""PNG, decoded by OpenCV (libpng)."""

import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import FileError
from core.formats.decoder import Character

_SIGNATURE_BYTES = 8
_ALPHA = 4
"""The bit of the colour type that stands for an alpha channel."""


def size(data: bytes, *, name: str) -> tuple[int, int]:
    """Width and height in pixels. Raises FileError `truncated_file` or `corrupt_file`."""
    kind, content = next(_chunks(data, name=name, checked=False))
    if kind != b"IHDR" or len(content) != 13:
        raise _damaged(name)
    return int.from_bytes(content[:4], "big"), int.from_bytes(content[4:8], "big")


def is_whole(data: bytes) -> bool:
    """Whether the picture's last chunk is there; other bytes may follow it.

    A file that is damaged before its end counts as whole: no more bytes would mend it.
    """
    try:
        for _ in _chunks(data.rstrip(b"\0"), name="", checked=False):
            pass
    except FileError as error:
        return error.code != "truncated_file"
    return True


class PngDecoder:
    """One picture. What is transparent shows white, as on paper; 16 bits become 8."""

    pages = 1

    def __init__(self, data: bytes, *, name: str) -> None:
        """Raises FileError `truncated_file` or `corrupt_file`."""
        self._name = name
        # Zeros at the end are what a file system leaves of a copy that stopped.
        self._data = data.rstrip(b"\0")
        # Checksums are compared here, at 3 % of the time of decoding: libpng would find the same
        # but write to standard error.
        chunks = dict(_chunks(self._data, name=name))
        self._has_alpha = bool(chunks[b"IHDR"][9] & _ALPHA) or b"tRNS" in chunks

    def decode(self, number: int, size_hint: tuple[int, int], *, color: bool) -> NDArray[np.uint8]:
        """H×W grey or H×W×3 BGR. Raises FileError `corrupt_file`."""
        flags = cv2.IMREAD_ANYCOLOR if color else cv2.IMREAD_GRAYSCALE
        if self._has_alpha:
            flags = cv2.IMREAD_UNCHANGED
        try:
            pixels = cv2.imdecode(np.frombuffer(self._data, np.uint8), flags)
        except cv2.error as error:
            raise _damaged(self._name) from error
        if pixels is None:
            raise _damaged(self._name)
        if pixels.dtype == np.uint16:
            pixels = cv2.convertScaleAbs(pixels, alpha=255 / 65535)
        page = pixels.astype(np.uint8, copy=False)
        return _on_white(page, color=color) if self._has_alpha else page

    def characters(self, number: int) -> list[Character]:
        return []

    def close(self) -> None:
        self._data = b""


def _on_white(pixels: NDArray[np.uint8], *, color: bool) -> NDArray[np.uint8]:
    """`pixels`, grey, BGR or BGRA as OpenCV gives them on its own, laid on white paper."""
    if pixels.ndim == 2:  # a grey declared transparent, which OpenCV leaves as it is
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGRA).astype(np.uint8, copy=False)
    seen = cv2.cvtColor(pixels, cv2.COLOR_BGRA2BGR if color else cv2.COLOR_BGRA2GRAY)
    alpha = cv2.extractChannel(pixels, 3)
    if color:
        alpha = cv2.merge((alpha, alpha, alpha))
    # 255 − (255 − seen) · alpha, in whole-array steps of 8 bits that need no wider copy.
    ink = cv2.multiply(cv2.bitwise_not(seen), alpha, scale=1 / 255)
    return cv2.bitwise_not(ink).astype(np.uint8, copy=False)


def _chunks(data: bytes, *, name: str, checked: bool = True) -> Iterator[tuple[bytes, memoryview]]:
    """Kind and content of each chunk up to and with IEND, their checksums compared if `checked`.

    Raises:
        FileError: `truncated_file` or `corrupt_file`.
    """
    view = memoryview(data)
    at = _SIGNATURE_BYTES
    kind = b""
    while kind != b"IEND":
        length = int.from_bytes(view[at : at + 4], "big")
        end = at + 8 + length
        if len(view) < end + 4:
            raise FileError(
                f"{name}: is cut off: the end of the picture is missing", code="truncated_file"
            )
        kind = bytes(view[at + 4 : at + 8])
        if checked and zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise _damaged(name)
        yield kind, view[at + 8 : end]
        at = end + 4


def _damaged(name: str) -> FileError:
    return FileError(f"{name}: is damaged: its PNG data makes no sense", code="corrupt_file")
