"""Many small PDF documents as one large one, of which only the places of its objects are kept.

The library that sets text keeps a document in memory until it is whole. So it makes short ones, and
here their objects follow one another under new numbers, below one tree of pages (ISO 32000-1, 7.5
and 7.7.3). The documents are those of `core.export.pdf`: written by fpdf2, with a plain table of
objects and no references in texts.
"""

import re
from array import array
from collections.abc import Iterable, Iterator

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_REFERENCE = re.compile(rb"\b(\d+) 0 R\b")
_CATALOG, _PAGES, _INFO = 1, 2, 3
"""Numbers of the joined document's own objects."""


def joined(
    documents: Iterable[bytes], *, title: str, language: str, right_to_left: bool
) -> Iterator[bytes]:
    """One document with the pages of all, in order: a piece for each, and the end."""
    head = b"%PDF-1.4\n%\xe9\xeb\xf1\xbf\n"
    yield head
    at = len(head)
    places = array("Q", [0, 0, 0, 0])  # by number of the object; 0 for one that isn't there
    roots: list[int] = []
    pages = 0
    for document in documents:
        base = len(places) - 1
        parts = _objects(document)
        places.extend([0] * max(parts))
        piece = bytearray()
        trailer = document[document.rindex(b"trailer") :]
        catalog = parts.pop(_number_after(rb"/Root", trailer))
        parts.pop(_number_after(rb"/Info", trailer))
        root = _number_after(rb"/Pages", catalog)
        pages += _number_after(rb"/Count", parts[root])
        roots.append(root + base)
        for number, body in parts.items():
            places[number + base] = at + len(piece)
            shown, stream, data = body.partition(b"stream\n")
            shown = _moved(shown, base)
            if number == root:
                shown = shown.replace(b"<<", b"<<\n/Parent %d 0 R" % _PAGES, 1)
            piece += b"%d 0 obj\n" % (number + base) + shown + stream + data
        at += len(piece)
        yield bytes(piece)
    yield _end(at, places, roots, pages, (title, language, right_to_left))


def _end(
    at: int, places: "array[int]", roots: list[int], pages: int, about: tuple[str, str, bool]
) -> bytes:
    """What the whole document needs besides the parts: it begins at the place `at`."""
    title, language, right_to_left = about
    kids = b" ".join(b"%d 0 R" % root for root in roots)
    direction = b"R2L" if right_to_left else b"L2R"
    own = {
        _CATALOG: b"<<\n/Type /Catalog\n/Pages %d 0 R\n/Lang (%s)\n"
        b"/ViewerPreferences <</Direction /%s /DisplayDocTitle true>>\n>>"
        % (_PAGES, language.encode(), direction),
        _PAGES: b"<<\n/Type /Pages\n/Count %d\n/Kids [%s]\n>>" % (pages, kids),
        _INFO: b"<<\n/Title <%s>\n/Producer (Khana)\n>>"
        % title.encode("utf-16").hex().upper().encode(),
    }
    end = bytearray()
    for number, body in own.items():
        places[number] = at + len(end)
        end += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = at + len(end)
    end += b"xref\n0 %d\n" % len(places)
    end += b"".join(
        b"%010d 00000 n \n" % place if place else b"0000000000 65535 f \n" for place in places
    )
    end += b"trailer\n<<\n/Size %d\n/Root %d 0 R\n/Info %d 0 R\n>>\n" % (
        len(places),
        _CATALOG,
        _INFO,
    )
    end += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(end)


def _objects(document: bytes) -> dict[int, bytes]:
    """What stands after `N 0 obj` up to the next object, by number."""
    start = _START.search(document[-64:])
    assert start is not None, "fpdf2 wrote no table of objects"
    table = int(start[1])
    lines = document[table : document.rindex(b"trailer")].splitlines()[3:]
    places = [int(line.split()[0]) for line in lines]
    ends = dict(zip(sorted(places), [*sorted(places)[1:], table], strict=True))
    objects = {}
    for number, place in enumerate(places, start=1):
        head = b"%d 0 obj\n" % number
        assert document.startswith(head, place), "fpdf2's table of objects is another"
        objects[number] = document[place + len(head) : ends[place]]
    return objects


def _moved(text: bytes, base: int) -> bytes:
    """The text with each reference in it to the object that is `base` numbers further on."""
    return _REFERENCE.sub(lambda found: b"%d 0 R" % (int(found[1]) + base), text)


def _number_after(name: bytes, text: bytes) -> int:
    found = re.search(name + rb"\s+(\d+)", text)
    assert found is not None, name
    return int(found[1])
