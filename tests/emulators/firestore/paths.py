"""Names of documents and of the fields in them.

A document's name is `projects/P/databases/D/documents/` and its path: collection, document,
collection, document, …. https://firebase.google.com/docs/firestore/quotas gives the limits.
"""

import re
from functools import lru_cache

from .refusals import invalid

Path = tuple[str, ...]
FieldPath = tuple[str, ...]

MAX_ID_BYTES = 1500
_NUMERIC_ID = re.compile(r"__id(-?\d+)__")
_FIELD_NAME = re.compile(r"([^.`\\]+)|`((?:[^`\\]|\\.)*)`")


def split_name(name: str) -> tuple[str, Path]:
    """The database and the path that a document's or parent's full name is made of."""
    database, found, rest = name.partition("/documents")
    if not found:
        raise invalid(f'Document name "{name}" lacks "/documents".')
    return database, tuple(rest[1:].split("/")) if rest else ()


def document_path(name: str, database: str) -> Path:
    """The path of a document, whose name must be a document's and of this database."""
    found, path = split_name(name)
    if found != database:
        raise invalid(f'Document name "{name}" is not of database "{database}".')
    if not path or len(path) % 2:
        raise invalid(f'Document name "{name}" names no document.')
    for segment in path:
        if not segment or segment in {".", ".."} or len(segment.encode()) > MAX_ID_BYTES:
            raise invalid(f'Document name "{name}" has a segment that can\'t be.')
        if re.fullmatch(r"__.*__", segment) and not _NUMERIC_ID.fullmatch(segment):
            raise invalid(f'Resource id "{segment}" is invalid because it is reserved.')
    return path


@lru_cache(maxsize=100_000)
def path_key(path: Path) -> tuple[tuple[int, int | str], ...]:
    """Sorts paths as Firestore does: segment by segment, numeric ids before the others."""
    return tuple(
        (0, int(match[1])) if (match := _NUMERIC_ID.fullmatch(segment)) else (1, segment)
        for segment in path
    )


@lru_cache(maxsize=10_000)
def field_path(text: str) -> FieldPath:
    """Splits a field path at its dots; a name in backticks may hold anything."""
    names = []
    position = 0
    while match := _FIELD_NAME.match(text, position):
        plain, quoted = match.groups()
        names.append(plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        position = match.end() + 1
        if match.end() == len(text):
            return tuple(names)
        if text[match.end()] != ".":
            break
    raise invalid(f'Property path "{text}" is invalid.')
