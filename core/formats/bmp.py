"""BMP: what its headers tell; `core.formats.pillow` decodes it."""

from core.errors import FileError

_HEAD = 26
"""Bytes up to the end of the size in the oldest of its headers."""
_OLDEST = 12
"""Bytes of that header."""
_UNPACKED = (0, 3, 6)
"""Kinds of compression under which rows have the length that the header tells."""


def size(data: bytes, *, name: str) -> tuple[int, int]:
    """Width and height in pixels. Raises FileError `truncated_file` or `corrupt_file`."""
    if len(data) < _HEAD:
        raise FileError(
            f"{name}: is cut off: the end of the picture is missing", code="truncated_file"
        )
    header = int.from_bytes(data[14:18], "little")
    if header == _OLDEST:
        return int.from_bytes(data[18:20], "little"), int.from_bytes(data[20:22], "little")
    width, height = (int.from_bytes(data[at : at + 4], "little", signed=True) for at in (18, 22))
    if header < _OLDEST or width <= 0 or height == 0:
        raise FileError(f"{name}: is damaged: its BMP data makes no sense", code="corrupt_file")
    return width, abs(height)  # a negative height says that the first row is on top


def is_whole(data: bytes) -> bool:
    """Whether all rows are there; other bytes may follow them.

    A file that is damaged before its end counts as whole: no more bytes would mend it.
    """
    try:
        width, height = size(data, name="")
    except FileError as error:
        return error.code != "truncated_file"
    if int.from_bytes(data[14:18], "little") == _OLDEST:
        bits, compression = int.from_bytes(data[24:26], "little"), 0
    else:
        bits = int.from_bytes(data[28:30], "little")
        compression = int.from_bytes(data[30:34], "little")
    if compression not in _UNPACKED:
        return int.from_bytes(data[2:6], "little") <= len(data)
    row = (width * bits + 31) // 32 * 4
    return int.from_bytes(data[10:14], "little") + row * height <= len(data)
