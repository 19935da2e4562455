"""JPEG, decoded by OpenCV (libjpeg-turbo)."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import FileError
from core.formats.decoder import Character

_END = b"\xff\xd9"
_END_MARKER = 0xD9
_SCAN_MARKER = 0xDA
_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Start of frame, in its kinds; C4, C8 and CC amid them mean other things."""
_SEQUENTIAL_MARKERS = frozenset((0xC0, 0xC1))
_DEEPER = frozenset((12, 16))
"""Bits of a sample that the standard knows, and libjpeg-turbo doesn't decode as a page."""
_BARE_MARKERS = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length."""
_MAX_SEGMENTS = 2_000
"""Real files have some dozens; walking millions of empty ones would take seconds at the door."""
_LOOKAHEAD = bytes(8)
"""libjpeg-turbo fills a 64-bit buffer ahead of what it decodes. Measured on 300 pictures: with 8
zero bytes behind the data all whole ones are decoded, with 6 a tenth of them is not."""


def size(data: bytes, *, name: str) -> tuple[int, int]:
    """Width and height in pixels, as stored: before EXIF orientation.

    Raises:
        FileError: `truncated_file`, `corrupt_file` or `unsupported_format`.
    """
    for marker, segment, _ in _segments(data, name=name):
        if marker in _FRAME_MARKERS and len(segment) >= 6:
            if segment[0] in _DEEPER:
                raise FileError(
                    f"{name}: is a JPEG of {segment[0]} bits a colour, and only those of 8 can be "
                    "read",
                    code="unsupported_format",
                )
            return int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[1:3], "big")
    raise _damaged(name)


def is_whole(data: bytes) -> bool:
    """Whether the picture's end is there; other bytes may follow it, as some phones append them.

    A file that is damaged before its end counts as whole: no more bytes would mend it.
    """
    try:
        start, _ = _scan(data, name="")
    except FileError as error:
        return error.code != "truncated_file"
    return data.find(_END, start) >= 0


class JpegDecoder:
    """One picture. EXIF orientation is applied; CMYK is converted."""

    pages = 1

    def __init__(self, data: bytes, *, name: str) -> None:
        """Raises FileError `truncated_file` or `corrupt_file`."""
        self._name = name
        start, only_scan = _scan(data, name=name)
        end = data.find(_END, start)
        self._ends = end >= 0
        if only_scan:
            # OpenCV fills what is missing before an end marker with grey and says nothing, but
            # refuses data that runs out without one. So the marker goes: then a picture that was
            # cut and closed again is refused, and one that merely lacks its marker is read. Zeros
            # at the end are what a file system leaves of a copy that stopped.
            coded = data[:end] if self._ends else data.rstrip(b"\0")
            self._data = coded + _LOOKAHEAD
        elif self._ends:
            self._data = data
        else:
            # A picture of many scans is there in full, but rough, long before its last scan.
            raise _truncated(name)

    def decode(self, number: int, size_hint: tuple[int, int], *, color: bool) -> NDArray[np.uint8]:
        """H×W grey or H×W×3 BGR. Raises FileError `truncated_file` or `corrupt_file`."""
        flags = cv2.IMREAD_ANYCOLOR if color else cv2.IMREAD_GRAYSCALE
        try:
            pixels = cv2.imdecode(np.frombuffer(self._data, np.uint8), flags)
        except cv2.error as error:
            raise _damaged(self._name) from error
        if pixels is None:
            raise _damaged(self._name) if self._ends else _truncated(self._name)
        return pixels.astype(np.uint8, copy=False)

    def characters(self, number: int) -> list[Character]:
        return []

    def close(self) -> None:
        self._data = b""


def _scan(data: bytes, *, name: str) -> tuple[int, bool]:
    """Where the coded data starts, and whether it is a sequential picture in this one scan."""
    sequential = False
    components = 0
    for marker, segment, end in _segments(data, name=name):
        if marker in _FRAME_MARKERS and len(segment) >= 6:
            sequential, components = marker in _SEQUENTIAL_MARKERS, segment[5]
        elif marker == _SCAN_MARKER and segment:
            return end, sequential and segment[0] == components
    raise _damaged(name)


def _segments(data: bytes, *, name: str) -> Iterator[tuple[int, bytes, int]]:
    """Marker, content and end of each segment, up to the first scan's header.

    Raises:
        FileError: `truncated_file` or `corrupt_file`.
    """
    at = 2
    for _ in range(_MAX_SEGMENTS):
        if len(data) < at + 4:
            raise _truncated(name)
        mark, marker = data[at], data[at + 1]
        if mark != 0xFF or marker == _END_MARKER:
            return
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _BARE_MARKERS:
            at += 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if len(data) < end:
                raise _truncated(name)
            yield marker, data[at + 4 : end], end
            if marker == _SCAN_MARKER:
                return
            at = end


def _truncated(name: str) -> FileError:
    return FileError(
        f"{name}: is cut off: the end of the picture is missing", code="truncated_file"
    )


def _damaged(name: str) -> FileError:
    return FileError(f"{name}: is damaged: its JPEG data makes no sense", code="corrupt_file")
