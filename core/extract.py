"""From bytes to outcome: decode ▸ choose template ▸ align ▸ crop ▸ read ▸ parse ▸ check."""

from collections.abc import Sequence
from datetime import date
from importlib.metadata import version

from core.alignment.align import Alignment, crop, scale_only
from core.alignment.find import align
from core.alignment.learn import Lessons
from core.alignment.reference import Reference
from core.boxes import FieldBox, Pages, alignments_of, found
from core.checking.checks import check
from core.checking.hidden import hidden
from core.checking.lettered import in_doubt, languages, may_have_letters, may_hold, with_letters
from core.checking.moved import followed
from core.checking.own_text import Verdict, compared, differing
from core.checking.quality import faults
from core.checking.reach import cut_off
from core.checking.vouching import vouched
from core.errors import FileError
from core.formats import decoding
from core.invoice import ErrorInfo, Outcome, Reading, Reason, Status, TemplateRef
from core.page import Document, Limits, open_document
from core.ports import KnownTemplate
from core.reading.colored import past_stamps
from core.reading.numeric import LineReading, NumericReader
from core.reading.text import TextReader
from core.settings import Settings
from core.stopwatch import Stopwatch
from core.template import Kind, Template
from core.values.parse import value_in


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
                outcome = self._extract(document, templates, clock)
        except FileError as error:
            outcome = Outcome(status=Status.FAILED, error=ErrorInfo.of(error), invoices=invoices)
        return outcome.model_copy(update={"timings_ms": clock.timings_ms})

    def _extract(
        self, document: Document, templates: Sequence[KnownTemplate], clock: Stopwatch
    ) -> Outcome:
        pages = Pages(document, templates, clock)
        chosen = self._choose(templates, pages, clock)
        if isinstance(chosen, Reason):
            return Outcome(status=Status.NEEDS_REVIEW, reasons=(chosen,))
        known, alignment = chosen
        with clock("align"):
            template, moved = self._followed(known, alignment, pages)
        alignments = alignments_of(template, alignment, pages)
        with clock("crop"):
            boxes = [found(field, template, alignments, pages) for field in template.fields]
        lines = self._read(boxes, clock)
        self._look_past_stamps(boxes, lines, pages, clock)
        own = {number: pages.characters(number) for number in alignments}
        with clock("check"):
            verdicts = [
                compared(
                    box.field,
                    line,
                    own[box.number],
                    box.bounds,
                    pages.sizes[box.number],
                    template,
                    box.turn,
                )
                for box, line in zip(boxes, lines, strict=True)
            ]
            # What has moved is looked at anyway, and lies elsewhere on the form.
            form = None if moved else self._form(known, alignment)
            fields, doubts = self._judged(template, boxes, verdicts, form)
        reasons = (
            *(_misaligned(n, a) for n, a in sorted(alignments.items()) if not a.good),
            *(_again(n) for n, a in sorted(alignments.items()) if a.again),
            *moved,
            *doubts,
        )
        return Outcome(
            status=Status.NEEDS_REVIEW if reasons else Status.DONE,
            template=TemplateRef(id=template.id, version=template.version),
            fields=fields,
            page_sizes=pages.sizes,
            reasons=reasons,
            invoices=_invoices(template, document),
        )

    def _choose(
        self, templates: Sequence[KnownTemplate], pages: Pages, clock: Stopwatch
    ) -> tuple[KnownTemplate, Alignment] | Reason:
        if not templates:
            return _no_template(templates)
        if len(templates) == 1:
            # Somebody named this template, or there is no other: the page is held against it, and
            # an alignment that isn't good is a reason for review, not for reading nothing.
            return templates[0], self._aligned(templates[0], pages, clock)
        page = pages[1]
        with clock("align"):
            forms = self._lessons.forms(templates)
            matches = forms.fitting(page, lambda index: self._lessons.reference(templates[index]))
        match matches:
            case []:
                return _no_template(templates)
            case [only]:
                known, alignment = templates[only.index], only.alignment
                if known.template.page != 1:
                    alignment = self._aligned(known, pages, clock)
                return known, alignment
            case _:
                return _alike(sorted(templates[each.index].template.id for each in matches))

    def _aligned(self, known: KnownTemplate, pages: Pages, clock: Stopwatch) -> Alignment:
        """How the page that the template is of is aligned."""
        page = pages[known.template.page]
        with clock("align"):
            reference = self._lessons.reference(known)
            if reference is None:
                return scale_only(page.shape, known.template.page_size)
            return align(page, reference)

    def _followed(
        self, known: KnownTemplate, alignment: Alignment, pages: Pages
    ) -> tuple[Template, tuple[Reason, ...]]:
        """As `followed`, of a page that is aligned to a reference."""
        template, form = known.template, self._form(known, alignment)
        if form is None:
            return template, ()
        return followed(template, pages[template.page], form, alignment)

    def _form(self, known: KnownTemplate, alignment: Alignment) -> Reference | None:
        """What the page was aligned to, if it lies well on that."""
        if alignment.method != "features" or not alignment.good:
            return None
        return self._lessons.reference(known)

    def _read(self, boxes: Sequence[FieldBox], clock: Stopwatch) -> list[LineReading]:
        """What is in each box: numeric ones by the network, the others by Tesseract."""
        results: dict[int, LineReading] = {}
        numeric = [i for i, box in enumerate(boxes) if box.field.kind is not Kind.TEXT]
        if numeric:
            with clock("read_numeric"):
                lines = self._numeric.read(
                    [boxes[i].crop for i in numeric],
                    [boxes[i].numeric_kind for i in numeric],
                    [boxes[i].field.example for i in numeric],
                )
            results |= {
                i: in_doubt(boxes[i].field, line) for i, line in zip(numeric, lines, strict=True)
            }
        worded = [i for i, box in enumerate(boxes) if box.field.kind is Kind.TEXT]
        lettered = [
            i for i in numeric if may_have_letters(boxes[i].field, results[i], self._threshold)
        ]
        if worded or lettered:
            with clock("read_text"):
                texts = self._text.read(
                    [boxes[i].crop for i in (*worded, *lettered)],
                    [languages(boxes[i].field) for i in (*worded, *lettered)],
                )
            words = [LineReading(x.text, x.confidence) for x in texts]
            results |= dict(zip(worded, words[: len(worded)], strict=True))
            for i, line in zip(lettered, words[len(worded) :], strict=True):
                results[i] = with_letters(boxes[i].field, results[i], line)
        return [results[i] for i in range(len(boxes))]

    def _look_past_stamps(
        self, boxes: Sequence[FieldBox], lines: list[LineReading], pages: Pages, clock: Stopwatch
    ) -> None:
        """Puts into `lines` what numbers in doubt are without the coloured ink over them."""
        doubtful = [
            (i, box)
            for i, (box, line) in enumerate(zip(boxes, lines, strict=True))
            if box.field.kind is not Kind.TEXT and line.confidence < self._threshold
        ]
        colored = {number: pages.color(number) for number in {box.number for _, box in doubtful}}
        with clock("crop"):
            crops = [crop(colored[box.number], box.field.box, box.alignment) for _, box in doubtful]
        with clock("read_numeric"):
            again = past_stamps(
                self._numeric,
                crops,
                [box.numeric_kind for _, box in doubtful],
                [lines[i] for i, _ in doubtful],
                [box.field.example for _, box in doubtful],
            )
        for (i, box), line in zip(doubtful, again, strict=True):
            if line is not lines[i] and may_hold(box.field, lines[i], line, self._threshold):
                lines[i] = in_doubt(box.field, line)

    def _judged(
        self,
        template: Template,
        boxes: Sequence[FieldBox],
        verdicts: Sequence[Verdict],
        form: Reference | None,
    ) -> tuple[dict[str, Reading], list[Reason]]:
        """The fields with what was read, and why a person should look at them. form: the picture
        of it that the template's page is aligned to."""
        read = {box.field.name: verdict.line for box, verdict in zip(boxes, verdicts, strict=True)}
        next_best = {name: line.alternatives for name, line in read.items()}
        today = date.today()
        fields = vouched(
            template,
            {
                box.field.name: _reading(box, verdict, template)
                for box, verdict in zip(boxes, verdicts, strict=True)
            },
            today=today,
            next_best=next_best,
        )
        return fields, [
            *differing(boxes, verdicts),
            *cut_off(self._numeric, boxes, [verdict.line for verdict in verdicts], form),
            *faults(boxes, [verdict.line.text for verdict in verdicts]),
            *(hidden(boxes, form) if form is not None else ()),
            *check(
                template,
                fields,
                threshold=self._threshold,
                today=today,
                next_best={name: [text for text, _ in more] for name, more in next_best.items()},
            ),
        ]


def _invoices(template: Template, document: Document) -> int:
    """How many invoices the document holds whose first page is of the template's form."""
    return document.pages if template.split == "pages" else 1


def _reading(box: FieldBox, verdict: Verdict, template: Template) -> Reading:
    line = verdict.line
    value = value_in(template, box.field, line.text)
    return Reading(
        text=line.text,
        value=value.value,
        kind=box.field.kind,
        confidence=round(line.confidence, 4),
        box=box.bounds,
        turn=box.turn,
        page=box.number,
        hijri=value.hijri,
        exact=verdict.exact,
    )


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
