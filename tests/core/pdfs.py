"""Writes small PDFs by hand, protected ones included, so that no file has to be kept for tests."""

import hashlib
import zlib

_PAD = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
_FILE_ID = bytes(range(16))


def pdf(
    pages: int = 1,
    *,
    size: tuple[float, float] = (595.44, 842.04),
    text: str = "Total 123.45",
    lies: dict[str, str] | None = None,
    scan: bool = False,
    invisible: bool = False,
    password: str | None = None,
) -> bytes:
    """`pages` pages of `size` points with `text` and a black bar near the top left corner.

    `lies` are what the font declares its characters to be instead of what it draws. A `scan` has a
    white picture below all that is drawn; `invisible` text isn't drawn.

    With a password (which may be empty) it is encrypted by the standard security handler,
    revision 2: RC4 with a key of 40 bits.
    """
    kids = " ".join(f"{4 + i} 0 R" for i in range(pages))
    content = (
        f"{f'q {size[0]} 0 0 {size[1]} 0 0 cm /I Do Q ' if scan else ''}"
        f"0 0 0 rg 20 {size[1] - 60} 100 20 re f "
        f"BT {3 if invisible else 0} Tr /F1 12 Tf 20 {size[1] - 30} Td ({text}) Tj ET"
    )
    page = (
        f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {size[0]} {size[1]}]"
        f"/Contents {4 + pages} 0 R/Resources<</Font<</F1 3 0 R>>"
        f"{f'/XObject<</I {5 + pages + bool(lies)} 0 R>>' if scan else ''}>>>>"
    )
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {pages}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica%b>>"
        % (b"/ToUnicode %d 0 R" % (5 + pages) if lies else b""),
        *[page.encode()] * pages,
    ]
    stream = content.encode()
    extra = b""
    if password is not None:
        protection, key = _protect(password)
        number = len(objects) + 1
        salted = hashlib.md5(key + number.to_bytes(3, "little") + b"\0\0").digest()
        stream = _rc4(salted[:10], stream)
        extra = b"/Encrypt %b/ID[<%b><%b>]" % (protection, *[_FILE_ID.hex().encode()] * 2)
    objects.append(b"<</Length %d>>stream\n%b\nendstream" % (len(stream), stream))
    if lies:
        declared = b"".join(b"<%02x><%04x>\n" % (ord(a), ord(b)) for a, b in lies.items())
        table = (
            b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
            b"1 begincodespacerange <00><ff> endcodespacerange\n"
            b"%d beginbfchar\n%bendbfchar\nendcmap end end" % (len(lies), declared)
        )
        objects.append(b"<</Length %d>>stream\n%b\nendstream" % (len(table), table))
    if scan:
        objects.append(
            b"<</Type/XObject/Subtype/Image/Width 1/Height 1/ColorSpace/DeviceGray"
            b"/BitsPerComponent 8/Length 1>>stream\n\xff\nendstream"
        )
    return _file(objects, extra)


def pdf_of_image(width: int, height: int, *, declared: tuple[int, int] | None = None) -> bytes:
    """A page that shows a grey picture; `declared` is the size that it claims to have."""
    pixels = zlib.compress(bytes([128]) * (width * height))
    claimed = declared or (width, height)
    return _file(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents 4 0 R"
            b"/Resources<</XObject<</I 5 0 R>>>>>>",
            b"<</Length 29>>stream\nq 300 0 0 400 0 0 cm /I Do Q \nendstream",
            b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray"
            b"/BitsPerComponent 8/Filter/FlateDecode/Length %d>>stream\n%b\nendstream"
            % (*claimed, len(pixels), pixels),
        ]
    )


def pdf_without_end(times: int = 10, depth: int = 9) -> bytes:
    """A small page that takes years to draw: `times` forms, each of as many, `depth` deep."""
    first = 5
    resources = "/Resources<</XObject<</F %d 0 R>>>>"
    forms = []
    for level in range(depth):
        content = b"/F Do " * times
        forms.append(
            f"<</Type/XObject/Subtype/Form/BBox[0 0 300 400]{resources % (first + level + 1)}"
            f"/Length {len(content)}>>stream\n".encode()
            + content
            + b"\nendstream"
        )
    drawn = b"0 0 m 300 400 l S"
    forms.append(
        b"<</Type/XObject/Subtype/Form/BBox[0 0 300 400]/Length %d>>stream\n%b\nendstream"
        % (len(drawn), drawn)
    )
    return _file(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 400]/Contents 4 0 R"
            f"{resources % first}>>".encode(),
            b"<</Length 5>>stream\n/F Do\nendstream",
            *forms,
        ]
    )


def _file(objects: list[bytes], extra: bytes = b"") -> bytes:
    out = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table)
        + b"trailer<</Size %d/Root 1 0 R%b>>\n" % (len(objects) + 1, extra)
        + b"startxref\n%d\n%%%%EOF\n" % len(out)
    )


def _protect(password: str) -> tuple[bytes, bytes]:
    """The encryption dictionary and the file's key (ISO 32000-1, algorithms 2, 3 and 4)."""
    padded = (password.encode("latin-1") + _PAD)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)
    permissions = (-4).to_bytes(4, "little", signed=True)
    key = hashlib.md5(padded + owner + permissions + _FILE_ID).digest()[:5]
    user = _rc4(key, _PAD)
    return (
        b"<</Filter/Standard/V 1/R 2/P -4/O<%b>/U<%b>>>"
        % (owner.hex().encode(), user.hex().encode()),
        key,
    )


def _rc4(key: bytes, data: bytes) -> bytes:
    state = list(range(256))
    j = 0
    for i in range(256):
        j = (j + state[i] + key[i % len(key)]) % 256
        state[i], state[j] = state[j], state[i]
    out = bytearray()
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + state[i]) % 256
        state[i], state[j] = state[j], state[i]
        out.append(byte ^ state[(state[i] + state[j]) % 256])
    return bytes(out)
