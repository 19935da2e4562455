"""Which format a file is in, by its bytes and never by its name."""

import re
from typing import Literal

from core.errors import FileError

Format = Literal["jpeg", "png", "pdf", "tiff", "webp", "bmp", "heic"]

READABLE = "JPEG, PNG, TIFF, WebP, HEIC, BMP or PDF"
"""For people."""

_READABLE: tuple[tuple[bytes, Format], ...] = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"%PDF-", "pdf"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),  # BigTIFF, of which Pillow opens this kind alone
)
_BMP_HEADERS = frozenset((12, 40, 52, 56, 64, 108, 124))
"""Lengths of the header that follows; "BM" alone may start any text."""
_HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))

_FOREIGN = (
    (b"GIF8", "a GIF picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"MM\0+", "a BigTIFF of the kind that begins with the high byte"),
    (b"PK\x03\x04", "a ZIP archive or an Office document"),
    (b"\xd0\xcf\x11\xe0", "an older Office document or a message of Outlook"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
)

_EMAIL = re.compile(
    rb"(?i)(return-path|received|delivered-to|from|to|subject|date|message-id|mime-version|x-[\w-]+):"
    rb" [^\r\n]*(\r?\n[ \t][^\r\n]*)*\r?\n[\w-]+:[ \t\r\n]"
)
"""Two lines of its header, the first of a kind that letters in plain text rarely begin with."""
_PDF_HEADER_BYTES = 1024
"""PDF readers accept other bytes before the header, up to this many (ISO 32000-1, annex H.3)."""


def sniff(data: bytes, *, name: str = "file") -> Format:
    """The format of a file of which `data` holds at least the first kilobyte (or all of it).

    Raises:
        FileError: `unsupported_format`; the message says what the file looks like, where known.
    """
    for magic, known in _READABLE:
        if data.startswith(magic):
            return known
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    if data[:2] == b"BM" and int.from_bytes(data[14:18], "little") in _BMP_HEADERS:
        return "bmp"
    if data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS and b"avif" not in data[16:64]:
        return "heic"
    looks_like = _foreign(data)
    if looks_like is None and b"%PDF-" in data[:_PDF_HEADER_BYTES]:
        return "pdf"
    reason = f"looks like {looks_like}" if looks_like else "is of no known format"
    raise FileError(f"{name}: {reason}; give a {READABLE}", code="unsupported_format")


def _foreign(data: bytes) -> str | None:
    """What a file of no format that can be read is, in words."""
    for magic, words in _FOREIGN:
        if data.startswith(magic):
            return words
    if data[4:8] == b"ftyp":
        return "an AVIF picture" if b"avif" in data[8:64] else "a video"
    head = data[:_PDF_HEADER_BYTES]
    return "an e-mail" if _EMAIL.match(head) else _text(head)


def _text(head: bytes) -> str | None:
    if b"%PDF-" in head or any(byte < 0x20 and byte not in b"\t\n\r\f" for byte in head):
        return None
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a letter is cut off at the end of the head
            return None
        text = head[: error.start].decode("utf-8")
    start = text.lstrip("\ufeff \t\r\n").lower()
    if start.startswith(("<!doctype html", "<html")):
        return "a web page"
    if start.startswith(("<?xml", "<svg")):
        return "XML"
    return "plain text"
