"""TIFF: its directories, one a page (TIFF 6.0, section 2, and BigTIFF); `core.formats.pillow`
decodes them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.errors import FileError

_BIG = 43
_TYPES = {1: 1, 3: 2, 4: 4, 16: 8}
"""Bytes of whole numbers, by the code of their type."""
_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 322, 323
_PLACES = ((273, 279), (324, 325))
"""Where strips and tiles are, and how many bytes they have."""
_Numbers = NDArray[np.float64]
_WANTED = frozenset((_WIDTH, _HEIGHT, _TILE_WIDTH, _TILE_HEIGHT, *sum(_PLACES, ())))


@dataclass(frozen=True)
class Directory:
    """One page: its size in pixels, that of its tiles (0, 0 if it has none), and the end of its
    data in the file."""

    size: tuple[int, int]
    tile: tuple[int, int]
    end: int


def directories(data: bytes, *, most: int, name: str) -> list[Directory]:
    """The pages of a file, up to `most` of them. Costs little, whatever the file declares.

    Raises:
        FileError: `truncated_file` (a directory or a page's data is not there), `corrupt_file`.
    """
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    big = int.from_bytes(data[2:4], order) == _BIG
    wide = 8 if big else 4
    at = int.from_bytes(data[wide : 2 * wide], order)
    found: list[Directory] = []
    seen: set[int] = set()
    while at and at not in seen and len(found) < most:
        seen.add(at)
        count_bytes, entry = (8, 20) if big else (2, 12)
        count = int.from_bytes(data[at : at + count_bytes], order)
        start, end = at + count_bytes, at + count_bytes + count * entry
        # An empty one is what a file system leaves of a copy that stopped.
        if count == 0 or end + wide > len(data):
            raise _truncated(name)
        table = data[start:end]
        entries = (table[first : first + entry] for first in range(0, len(table), entry))
        values = dict(_values(data, entries, order, wide, name))
        found.append(_directory(values, name))
        at = int.from_bytes(data[end : end + wide], order)
    if not found:
        raise _damaged(name)
    if any(each.end > len(data) for each in found):
        raise _truncated(name)
    return found


def is_whole(data: bytes) -> bool:
    """Whether all pages are there. A file that is damaged counts as whole: no more bytes would
    mend it."""
    try:
        directories(data, most=10_000, name="")
    except FileError as error:
        return error.code != "truncated_file"
    return True


def _values(
    data: bytes, entries: Iterator[bytes], order: Literal["little", "big"], wide: int, name: str
) -> Iterator[tuple[int, _Numbers]]:
    """The tags that matter here, each with its numbers."""
    for entry in entries:
        tag, kind = (int.from_bytes(entry[at : at + 2], order) for at in (0, 2))
        if tag not in _WANTED or kind not in _TYPES:
            continue
        count, length = int.from_bytes(entry[4 : 4 + wide], order), _TYPES[kind]
        place = entry[4 + wide :]
        if count * length > wide:
            at = int.from_bytes(place, order)
            place = data[at : at + count * length]
        if len(place) < count * length:
            raise _truncated(name)
        dtype = f"{'<' if order == 'little' else '>'}u{length}"
        yield tag, np.frombuffer(place, dtype, count).astype(np.float64)


def _directory(values: dict[int, _Numbers], name: str) -> Directory:
    def one(tag: int) -> int:
        return int(values[tag][0]) if len(values.get(tag, ())) else 0

    end = 0
    for offsets, lengths in _PLACES:
        if offsets in values and lengths in values:
            parts = min(len(values[offsets]), len(values[lengths]))
            ends = values[offsets][:parts] + values[lengths][:parts]
            end = max(end, int(ends.max(initial=0)))
    size = one(_WIDTH), one(_HEIGHT)
    if not end or min(size) == 0:
        raise _damaged(name)
    return Directory(size, (one(_TILE_WIDTH), one(_TILE_HEIGHT)), end)


def _truncated(name: str) -> FileError:
    return FileError(f"{name}: is cut off: the end of a page is missing", code="truncated_file")


def _damaged(name: str) -> FileError:
    return FileError(f"{name}: is damaged: its TIFF data makes no sense", code="corrupt_file")
