"""What tests ask of a source's batches."""

from collections.abc import Iterable

from core.ports import Batch, Source, SourceFile


def files_of(batches: Iterable[Batch]) -> list[SourceFile]:
    return [file for batch in batches for file in batch.files]


def names(batches: Iterable[Batch]) -> list[str]:
    return [file.ref.name for file in files_of(batches)]


def gone_of(batches: Iterable[Batch]) -> list[tuple[str, str]]:
    """The ids of the files that are gone, and how they went."""
    return [(gone.ref.file_id, gone.how) for batch in batches for gone in batch.gone]


def follow(source: Source, cursor: str | None = None) -> tuple[list[str], str | None]:
    """The names that one run gives, and where the next goes on."""
    found = []
    for batch in source.batches(cursor):
        found += [file.ref.name for file in batch.files]
        cursor = batch.cursor
    return found, cursor
