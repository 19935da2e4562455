"""WebP: what its container tells (RFC 9649); `core.formats.pillow` decodes it."""

from core.errors import FileError

_HEAD = 30
"""Bytes that tell the size in each of its three kinds."""
_PADDING = 64
"""Zeros at the end of a whole picture; more are what a file system leaves of a stopped copy."""


def size(data: bytes, *, name: str) -> tuple[int, int]:
    """Width and height in pixels, before EXIF orientation.

    Raises:
        FileError: `truncated_file` or `corrupt_file`.
    """
    if len(data) < _HEAD:
        raise FileError(
            f"{name}: is cut off: the end of the picture is missing", code="truncated_file"
        )
    match data[12:16]:
        case b"VP8X":
            width, height = (int.from_bytes(data[at : at + 3], "little") for at in (24, 27))
            return width + 1, height + 1
        case b"VP8L" if data[20] == 0x2F:
            bits = int.from_bytes(data[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if data[23:26] == b"\x9d\x01\x2a":
            width, height = (int.from_bytes(data[at : at + 2], "little") for at in (26, 28))
            return width & 0x3FFF, height & 0x3FFF
    raise FileError(f"{name}: is damaged: its WebP data makes no sense", code="corrupt_file")


def is_whole(data: bytes) -> bool:
    """Whether the container is there in full; other bytes may follow it."""
    end = 8 + int.from_bytes(data[4:8], "little")
    return end <= len(data) and len(data[:end].rstrip(b"\0")) > end - _PADDING
