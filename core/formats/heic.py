"""HEIC, what phones take photos in: what its container tells (ISO/IEC 14496-12, boxes);
`core.formats.pillow` decodes it."""

_MOST_BOXES = 1_000
"""At the top; photos have some five."""
_PADDING = 64
"""Zeros at the end of a whole picture; more are what a file system leaves of a stopped copy."""


def is_whole(data: bytes) -> bool:
    """Whether the last box is there in full, and the picture's own among them."""
    at, kinds = 0, set()
    for _ in range(_MOST_BOXES):
        if len(data) - at < 8:
            break
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if length == 1:
            length = int.from_bytes(data[at + 8 : at + 16], "big")
        elif length == 0:  # to the end of the file
            length = len(data) - at
        if length < 8 or at + length > len(data):
            # Nothing of a box, or a part of one; other bytes behind the last one make no box.
            break
        kinds.add(kind)
        at += length
    return {b"ftyp", b"meta", b"mdat"} <= kinds and len(data[:at].rstrip(b"\0")) > at - _PADDING
