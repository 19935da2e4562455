"""Invoices as a PDF to be looked at: the fields of each with their pictures, and what ails it.

fpdf2 sets the text and HarfBuzz shapes it, so Arabic is joined and runs from right to left, beside
whatever it stands. Short documents are made and joined (`core.export.pdf_join`): the first pages
leave at once.
"""

import io
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice

from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import XPos, YPos

from core.errors import NotFoundError, SetupError
from core.export.pdf_join import joined
from core.invoice import Invoice, Reading
from core.pictures import PageCache, crop, to_jpeg
from core.ports import Adapters
from core.settings import Settings
from core.wording import ENGLISH, Wording, percent

INVOICES_A_PART = 40
"""In memory at a time. Each part loads the font, and carries its letters, about 20 KB."""

_FAMILY = "khana"
_MARGIN, _LINE = 14.0, 5.0
_WIDTHS = (42.0, 62.0, 58.0, 20.0)
"""Of the columns in mm: the field, its value, its picture, how sure the reader was."""
_MOST_PICTURE_HEIGHT = 16.0
_DOT = 25.4 / 150
"""Width of a picture's pixel in mm, unless it has to be smaller."""
_MOST_PIXELS = 800
_GREY, _BLACK = (110,), (0,)

# It tells of each table of a font that it takes over.
logging.getLogger("fontTools").setLevel(logging.WARNING)


def pdf_pieces(
    invoices: Iterable[Invoice], adapters: Adapters, settings: Settings, *, wording: Wording
) -> Iterator[bytes]:
    """The document, piece by piece.

    Raises:
        SetupError: there is no font, or none that can be used (at once, not at the first piece).
    """
    check_font(settings)
    pages = PageCache(adapters, settings)
    return joined(
        _parts(_with_pictures(invoices, pages), settings, wording),
        title=wording.say("Invoices"),
        language=wording.code,
        right_to_left=wording.right_to_left,
    )


def check_font(settings: Settings) -> None:
    """Raises SetupError if no document can be set in the font of the settings."""
    remedy = "install fonts-dejavu-core, or name a TrueType font with Arabic and Latin letters"
    if not settings.font.is_file():
        raise SetupError(
            f"setting font: {settings.font} is not there: {remedy}", code="font_missing"
        )
    try:
        _try_font(settings, settings.font.stat().st_mtime_ns)
    except Exception as error:  # whatever the library stumbles over in a file that is no font
        raise SetupError(
            f"setting font: {settings.font} is no font that can be used: {remedy}",
            code="font_unusable",
        ) from error


@lru_cache(1)
def _try_font(settings: Settings, _modified: int) -> None:
    """Sets a document in the font; once, as long as its file stays what it is."""
    # First from memory: fpdf2 leaves a file open whose tables it can't read.
    with TTFont(io.BytesIO(settings.font.read_bytes())) as font:
        font["head"], font["cmap"]
    _Part(settings, ENGLISH, first_page=1).output()


def _with_pictures(
    invoices: Iterable[Invoice], pages: PageCache
) -> Iterator[tuple[Invoice, "_Pictures"]]:
    """Each with its pictures: a process decodes the next one's page while one is written."""
    ahead: tuple[Invoice, Future[_Pictures]] | None = None
    with ThreadPoolExecutor(1) as cutter:
        for invoice in invoices:
            after = invoice, cutter.submit(_pictures, invoice, pages)
            if ahead is not None:
                yield ahead[0], ahead[1].result()
            ahead = after
        if ahead is not None:
            yield ahead[0], ahead[1].result()


def _parts(
    invoices: Iterator[tuple[Invoice, "_Pictures"]], settings: Settings, wording: Wording
) -> Iterator[bytes]:
    first = 1
    while True:
        some = list(islice(invoices, INVOICES_A_PART))
        if not some and first > 1:
            return
        part = _Part(settings, wording, first_page=first)
        for invoice, pictures in some:
            part.add(invoice, pictures)
        first += part.page_no()
        yield bytes(part.output())
        if not some:
            return


class _Part(FPDF):
    """A few invoices; pages are numbered from `first_page`."""

    def __init__(self, settings: Settings, wording: Wording, *, first_page: int) -> None:
        super().__init__(format="A4")
        self._say = wording
        self._first_page = first_page
        self._start = "R" if wording.right_to_left else "L"
        self.add_font(_FAMILY, fname=settings.font)
        self.set_font(_FAMILY, size=9)
        self.set_text_shaping(True)
        self.set_margin(_MARGIN)
        self.set_auto_page_break(True, margin=_MARGIN + 4)
        self.add_page()

    def footer(self) -> None:
        """Called by the library at the end of each page."""
        self.set_y(-_MARGIN)
        self._ink(_GREY, 8)
        self.cell(w=0, text=str(self._first_page + self.page_no() - 1), align="C")

    def add(self, invoice: Invoice, pictures: "_Pictures") -> None:
        """The invoice below what is there, on one page if it fits on one."""
        heights = {name: self._height(invoice.fields[name], pictures[name]) for name in pictures}
        if self.will_page_break(22 + sum(heights.values())) and self.get_y() > _MARGIN + 1:
            self.add_page()
        self._head(invoice)
        for name, reading in invoice.fields.items():
            self._field(name, reading, pictures[name], heights[name])
        for sentence in self._say.why(invoice):
            self._text(f"• {sentence}", 0)
        self.ln(_LINE)

    def _head(self, invoice: Invoice) -> None:
        self._ink(_BLACK, 12)
        self._text(invoice.source.name, 0, height=7)
        self._ink(_GREY, 8)
        part, which = invoice.part, self._say.say("page {number} of {all}")
        about = [
            which.format(number=part.page, all=len(part.ids)) if part else "",
            self._say.label(invoice.status.value),
            invoice.template.id if invoice.template else "",
            # After Arabic the numbers of a date would stand the other way round.
            f"\N{LEFT-TO-RIGHT MARK}{invoice.received_at:%Y-%m-%d %H:%M} UTC",
            invoice.id,
        ]
        self._text("  ·  ".join(filter(None, about)), 0)
        self.set_draw_color(200)
        self.line(_MARGIN, self.get_y(), self.w - _MARGIN, self.get_y())
        self._ink(_BLACK, 9)

    def _field(self, name: str, reading: Reading, picture: "_Picture", height: float) -> None:
        if self.will_page_break(height):
            self.add_page()
        top = self.get_y() + 1
        for text, column, size in (
            (self._say.label(name), 0, 9),
            (reading.value or "—", 1, 9),
            (percent(reading.confidence), 3, 8),
        ):
            self.set_xy(self._left(column), top)
            self._ink(_GREY if column != 1 else _BLACK, size)
            self._text(text, _WIDTHS[column])
        if picture is not None:
            data, width, tall = picture
            left = self._left(2)
            if self._say.right_to_left:
                left += _WIDTHS[2] - width
            self.image(io.BytesIO(data), x=left, y=top, w=width, h=tall)
        self._ink(_BLACK, 9)
        self.set_xy(_MARGIN, top - 1 + height)

    def _left(self, column: int) -> float:
        """Where a column begins; from right to left they stand the other way round."""
        if self._say.right_to_left:
            return self.w - _MARGIN - sum(_WIDTHS[: column + 1])
        return _MARGIN + sum(_WIDTHS[:column])

    def _height(self, reading: Reading, picture: "_Picture") -> float:
        value = reading.value or "—"
        text = _LINE
        if not self._on_one_line(value, _WIDTHS[1]):
            lines = self.multi_cell(
                w=_WIDTHS[1], h=_LINE, text=value, dry_run=True, output="HEIGHT"
            )
            assert isinstance(lines, float)
            text = lines
        return 2 + max(text, picture[2] if picture else 0)

    def _text(self, text: str, width: float, *, height: float = _LINE) -> None:
        # Looking for places to break lines shapes letter by letter, which takes five times as long.
        write = self.cell if self._on_one_line(text, width or self.epw) else self.multi_cell
        write(w=width, h=height, text=text, align=self._start, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _on_one_line(self, text: str, width: float) -> bool:
        return "\n" not in text and self.get_string_width(text) < width - 2 * self.c_margin

    def _ink(self, color: tuple[int, ...], size: float) -> None:
        self.set_text_color(*color)
        self.set_font_size(size)


_Picture = tuple[bytes, float, float] | None
"""A JPEG with its width and height on paper in mm."""


_Pictures = dict[str, _Picture]
"""By field."""


def _pictures(invoice: Invoice, pages: PageCache) -> _Pictures:
    return {name: _picture(invoice, r, pages) for name, r in invoice.fields.items()}


def _picture(invoice: Invoice, reading: Reading, pages: PageCache) -> _Picture:
    """What is in the reading's box; None where there is no page any more to cut it from."""
    try:
        pixels = crop(pages.page(invoice, reading.page), reading)
    except NotFoundError:
        return None
    height, width = pixels.shape[:2]
    scale = min(_DOT, (_WIDTHS[2] - 2) / width, _MOST_PICTURE_HEIGHT / height)
    return to_jpeg(pixels, _MOST_PIXELS), width * scale, height * scale
