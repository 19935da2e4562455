"""From bytes to outcome: decode ▸ choose template ▸ align ▸ crop ▸ read ▸ parse ▸ check."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from importlib.metadata import version
from typing import cast

from core import decoding, quality
from core.align import Alignment, crop, page_box, scale_only, turn
from core.checks import check
from core.errors import FileError
from core.find import align
from core.formats.decoder import Character
from core.geometry import Gray, Picture
from core.invoice import ErrorInfo, Outcome, Reading, Reason, Status, TemplateRef
from core.learn import Lessons
from core.moved import followed
from core.own_text import Verdict, compared
from core.page import Document, Limits, open_document
from core.ports import KnownTemplate
from core.reach import cut_off
from core.reading.colored import past_stamps
from core.reading.grammar import Kind as NumericKind
from core.reading.habit import habit_of
from core.reading.numeric import LineReading, NumericReader
from core.reading.text import TextReader
from core.settings import Settings
from core.stopwatch import Stopwatch
from core.template import Box, Field, Kind, Template, Turn
from core.values import parse_value, value_in
from core.vouching import vouched


class Extractor:
    """Reads files. One per process: it holds the model and what it has learned of references.

    Raises:
        SetupError: the model is missing or damaged.
    """

    def __init__(self, settings: Settings) -> None:
        decoding.start()  # while the model is loaded
        self._limits = Limits.of(settings)
        self._numeric = NumericReader(threads=settings.threads)
        self._text = TextReader(self._numeric, settings.tesseract)
        self._lessons = Lessons(self._limits)
        self._threshold = (
            self._numeric.review_threshold
            if settings.review_threshold is None
            else settings.review_threshold
        )
        self.reader = f"khana-{version('khana')} {self._numeric.version}"

    def extract(
        self,
        data: bytes,
        templates: Sequence[KnownTemplate],
        *,
        name: str,
        page: int | None = None,
    ) -> Outcome:
        """What the file `data`, called `name`, holds in the boxes of the template that fits it.

        page: where it isn't None, this page of the file is read as if there were no other. A file
        that can't be read is a `failed` outcome.

        Raises:
            TemplateError: a template's reference picture can't be used.
            TransientError: an outside program failed; trying again may help.
            SetupError: an outside program is missing.
        """
        clock = Stopwatch()
        invoices = 1
        try:
            with open_document(data, self._limits, name=name, page=page) as document:
                if len(templates) == 1:
                    # Known also if its first page can't be read: the others may be.
                    invoices = _invoices(templates[0].template, document)
                outcome = self._extract(document, templates, name, clock)
        except FileError as error:
            outcome = Outcome(status=Status.FAILED, error=ErrorInfo.of(error), invoices=invoices)
        return outcome.model_copy(update={"timings_ms": clock.timings_ms})

    def _extract(
        self,
        document: Document,
        templates: Sequence[KnownTemplate],
        name: str,
        clock: Stopwatch,
    ) -> Outcome:
        pages = Pages(document, templates, clock)
        chosen = self._choose(templates, pages, clock)
        if isinstance(chosen, Reason):
            return Outcome(status=Status.NEEDS_REVIEW, reasons=(chosen,))
        template, alignment = chosen
        with clock("align"):
            template, moved = self._followed(template, alignment, templates, pages)
        alignments = {template.page: alignment}
        for number in {template.page_of(field) for field in template.fields} - {template.page}:
            # The reference is a picture of the template's own page; the others are only scaled.
            alignments[number] = scale_only(pages[number].shape, template.page_size)
        with clock("crop"):
            crops = [
                crop(pages[number], field.box, alignments[number])
                for field in template.fields
                for number in [template.page_of(field)]
            ]
        boxes = [
            page_box(field.box, alignments[number], pages[number].shape)
            for field in template.fields
            for number in [template.page_of(field)]
        ]
        turns = [turn(f.box, alignments[template.page_of(f)]) for f in template.fields]
        seen = self._read(template.fields, crops, clock)
        self._look_past_stamps(template, seen, alignments, pages, clock)
        own = {number: pages.characters(number) for number in alignments}
        with clock("check"):
            verdicts = [
                compared(field, line, own[number], box, pages.sizes[number], template)
                for field, line, box in zip(template.fields, seen, boxes, strict=True)
                for number in [template.page_of(field)]
            ]
            lines = [verdict.line for verdict in verdicts]
            fields = {
                field.name: _reading(field, verdict, template, box, turned)
                for field, verdict, box, turned in zip(
                    template.fields, verdicts, boxes, turns, strict=True
                )
            }
            next_best = {
                field.name: line.alternatives
                for field, line in zip(template.fields, lines, strict=True)
            }
            today = date.today()
            fields = vouched(template, fields, today=today, next_best=next_best)
            reasons = [_misaligned(n, a) for n, a in sorted(alignments.items()) if not a.good]
            reasons += [_again(n) for n, a in sorted(alignments.items()) if a.again]
            reasons += moved
            reasons += _differing(template, verdicts)
            reasons += cut_off(
                self._numeric,
                [
                    (field, line, pages[number], alignments[number])
                    for field, line in zip(template.fields, lines, strict=True)
                    for number in [template.page_of(field)]
                ],
            )
            reasons += _faults_of_pictures(template, crops, lines, pages)
            reasons += check(
                template,
                fields,
                threshold=self._threshold,
                today=today,
                next_best={name: [text for text, _ in more] for name, more in next_best.items()},
            )
        return Outcome(
            status=Status.NEEDS_REVIEW if reasons else Status.DONE,
            template=TemplateRef(id=template.id, version=template.version),
            fields=fields,
            page_sizes=pages.sizes,
            reasons=tuple(reasons),
            invoices=_invoices(template, document),
        )

    def _choose(
        self, templates: Sequence[KnownTemplate], pages: "Pages", clock: Stopwatch
    ) -> tuple[Template, Alignment] | Reason:
        if not templates:
            return _no_template(templates)
        if len(templates) == 1:
            # Somebody named this template, or there is no other: the page is held against it, and
            # an alignment that isn't good is a reason for review, not for reading nothing.
            template = templates[0].template
            page = pages[template.page]
            with clock("align"):
                reference = self._lessons.reference(templates[0])
                if reference is None:
                    return template, scale_only(page.shape, template.page_size)
                return template, align(page, reference)
        page = pages[1]
        with clock("align"):
            forms = self._lessons.forms(templates)
            matches = forms.fitting(page, lambda index: self._lessons.reference(templates[index]))
        match matches:
            case []:
                return _no_template(templates)
            case [only]:
                return templates[only.index].template, only.alignment
            case _:
                return _alike(sorted(templates[each.index].template.id for each in matches))

    def _followed(
        self,
        template: Template,
        alignment: Alignment,
        templates: Sequence[KnownTemplate],
        pages: "Pages",
    ) -> tuple[Template, tuple[Reason, ...]]:
        """As `followed`, of a page that is aligned to a reference."""
        known = next(each for each in templates if each.template is template)
        reference = self._lessons.reference(known) if alignment.method == "features" else None
        if reference is None or not alignment.good:
            return template, ()
        return followed(template, pages[template.page], reference, alignment)

    def _read(
        self, fields: Sequence[Field], crops: Sequence[Gray], clock: Stopwatch
    ) -> list[LineReading]:
        """What is in each crop: numeric ones by the network, the others by Tesseract."""
        results: dict[int, LineReading] = {}
        numeric = [i for i, field in enumerate(fields) if field.kind is not Kind.TEXT]
        if numeric:
            with clock("read_numeric"):
                lines = self._numeric.read(
                    [crops[i] for i in numeric],
                    [cast(NumericKind, fields[i].kind.value) for i in numeric],
                    [fields[i].example for i in numeric],
                )
            results |= dict(zip(numeric, lines, strict=True))
        worded = [i for i, field in enumerate(fields) if field.kind is Kind.TEXT]
        # The numeric reader sees no letters: a month's name is a gap to it.
        named = [i for i in numeric if _may_name_its_month(fields[i], results[i])]
        if worded or named:
            with clock("read_text"):
                texts = self._text.read(
                    [crops[i] for i in (*worded, *named)],
                    [fields[i].languages for i in (*worded, *named)],
                )
            words = [LineReading(x.text, x.confidence) for x in texts]
            results |= dict(zip(worded, words[: len(worded)], strict=True))
            results |= {
                i: line
                for i, line in zip(named, words[len(worded) :], strict=True)
                if parse_value(Kind.DATE, line.text).value is not None
            }
        return [results[i] for i in range(len(fields))]

    def _look_past_stamps(
        self,
        template: Template,
        lines: list[LineReading],
        alignments: Mapping[int, Alignment],
        pages: "Pages",
        clock: Stopwatch,
    ) -> None:
        """Puts into `lines` what numbers in doubt are without the coloured ink over them."""
        doubtful = [
            (i, field, template.page_of(field))
            for i, (field, line) in enumerate(zip(template.fields, lines, strict=True))
            if field.kind is not Kind.TEXT and line.confidence < self._threshold
        ]
        colored = {number: pages.color(number) for number in {n for _, _, n in doubtful}}
        with clock("crop"):
            boxes = [crop(colored[n], field.box, alignments[n]) for _, field, n in doubtful]
        with clock("read_numeric"):
            kinds = [cast(NumericKind, field.kind.value) for _, field, _ in doubtful]
            known = [lines[i] for i, _, _ in doubtful]
            examples = [field.example for _, field, _ in doubtful]
            again = past_stamps(self._numeric, boxes, kinds, known, examples)
        for (i, _, _), line in zip(doubtful, again, strict=True):
            lines[i] = line


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


def _invoices(template: Template, document: Document) -> int:
    """How many invoices the document holds whose first page is of the template's form."""
    return document.pages if template.split == "pages" else 1


def _reading(field: Field, verdict: Verdict, template: Template, box: Box, turned: Turn) -> Reading:
    line = verdict.line
    value = value_in(template, field, line.text)
    return Reading(
        text=line.text,
        value=value.value,
        kind=field.kind,
        confidence=round(line.confidence, 4),
        box=box,
        turn=turned,
        page=template.page_of(field),
        hijri=value.hijri,
        exact=verdict.exact,
    )


def _may_name_its_month(field: Field, line: LineReading) -> bool:
    return (
        field.kind is Kind.DATE
        and habit_of(field.example, "date") is None  # an example in digits says that it doesn't
        and bool(line.text)
        and parse_value(Kind.DATE, line.text, date_order="dmy").value is None
    )


def _differing(template: Template, verdicts: Sequence[Verdict]) -> Iterator[Reason]:
    for field, verdict in zip(template.fields, verdicts, strict=True):
        if verdict.differing is not None:
            yield Reason(
                code="text_differs",
                message=f"{field.name}: the file's own text says “{verdict.differing}”, but "
                f"“{verdict.line.text}” is seen: compare it",
                fields=(field.name,),
            )


def _faults_of_pictures(
    template: Template, crops: Sequence[Gray], lines: Sequence[LineReading], pages: Pages
) -> Iterator[Reason]:
    """What keeps boxes from being read, whatever the reader makes of them."""
    papers = {number: quality.paper(pages[number]) for number in pages.sizes}
    for field, crop_, line in zip(template.fields, crops, lines, strict=True):
        printed = field.kind is not Kind.TEXT and _is_tall(line.text, field)
        page_paper = papers[template.page_of(field)]
        found = quality.fault(crop_, page_paper, printed=printed)
        if found is not None:
            yield Reason(
                code=found.code, message=f"{field.name}: {found.message}", fields=(field.name,)
            )


def _is_tall(text: str, field: Field) -> bool:
    """Whether what is, or ought to be, in a box has characters of full height."""
    return any(c.isdecimal() and c != "٠" for c in text) if text else field.required


def _no_template(templates: Sequence[KnownTemplate]) -> Reason:
    if not templates:
        return Reason(
            code="no_template", message="there is no template yet: draw one for this form"
        )
    return Reason(
        code="no_template",
        message="the page looks like none of the known forms: choose its template",
    )


def _alike(ids: Sequence[str]) -> Reason:
    return Reason(
        code="templates_alike",
        message=f"the page fits several templates alike ({', '.join(ids)}): choose its template, "
        "and delete those that are not needed",
    )


def _misaligned(number: int, alignment: Alignment) -> Reason:
    return Reason(
        code="not_aligned",
        message=f"page {number} does not fit the template's form (score {alignment.score:.2f}): "
        "boxes may lie in the wrong place",
    )


def _again(number: int) -> Reason:
    return Reason(
        code="form_again",
        message=f"page {number} shows the form more than once: another invoice may be on it; scan "
        "each by itself",
    )
