"""Where the boxes of a template lie on the pages of a document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from core.alignment.align import Alignment, crop, page_box, scale_only, turn
from core.formats.decoder import Character
from core.geometry import Gray, Picture
from core.page import Document
from core.ports import KnownTemplate
from core.reading.grammar import Kind as NumericKind
from core.stopwatch import Stopwatch
from core.template import Box, Field, Template, Turn


class Pages:
    """The pages of a document in grey, each decoded once and only when it is asked for."""

    def __init__(
        self, document: Document, templates: Sequence[KnownTemplate], clock: Stopwatch
    ) -> None:
        sizes = [stored.template.page_size for stored in templates] or [(1, 1)]
        self._hint = (max(w for w, _ in sizes), max(h for _, h in sizes))
        self._document = document
        self._clock = clock
        self._gray: dict[int, Gray] = {}

    def __getitem__(self, number: int) -> Gray:
        """Raises FileError `no_such_page`."""
        if number not in self._gray:
            with self._clock("decode"):
                self._gray[number] = self._document.gray(number, self._hint)
        return self._gray[number]

    def color(self, number: int) -> Picture:
        """As `Document.color`; decoded anew each time."""
        with self._clock("decode"):
            return self._document.color(number, self._hint)

    def characters(self, number: int) -> list[Character]:
        """The page's own text."""
        with self._clock("decode"):
            return self._document.characters(number)

    @property
    def sizes(self) -> dict[int, tuple[int, int]]:
        """Width and height in pixels of the pages that were asked for, by number."""
        return {n: (gray.shape[1], gray.shape[0]) for n, gray in sorted(self._gray.items())}


@dataclass(frozen=True, eq=False)
class FieldBox:
    """The box of a field, on page `number` of the document, H×W, which is aligned so.

    crop: what is in it, upright. bounds: the upright rectangle around it, in pixels of the page.
    turn: by how much what is in it lies turned.
    """

    field: Field
    number: int
    page: Gray
    alignment: Alignment
    crop: Gray
    bounds: Box
    turn: Turn

    @property
    def numeric_kind(self) -> NumericKind:
        """Of one that holds no text."""
        return cast(NumericKind, self.field.kind.value)


def alignments_of(template: Template, alignment: Alignment, pages: Pages) -> dict[int, Alignment]:
    """Of each page that has fields, and of the template's own, how it is aligned."""
    others = {template.page_of(field) for field in template.fields} - {template.page}
    # The reference is a picture of the template's own page; the others are only scaled.
    return {template.page: alignment} | {
        number: scale_only(pages[number].shape, template.page_size) for number in others
    }


def found(
    field: Field, template: Template, alignments: Mapping[int, Alignment], pages: Pages
) -> FieldBox:
    """The box of a field of the template on pages that are aligned so."""
    number = template.page_of(field)
    page, alignment = pages[number], alignments[number]
    return FieldBox(
        field=field,
        number=number,
        page=page,
        alignment=alignment,
        crop=crop(page, field.box, alignment),
        bounds=page_box(field.box, alignment, page.shape),
        turn=turn(field.box, alignment),
    )
