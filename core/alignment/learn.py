"""Learns forms from the pictures of templates, once each."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from core.alignment.looks import Looks
from core.alignment.match import Forms
from core.alignment.reference import Reference
from core.errors import FileError, TemplateError
from core.page import Limits, open_document
from core.ports import KnownTemplate, StoredTemplate
from core.settings import Settings
from core.template import Template

_LEARNED = 48
"""References that are kept, some 4.1 MB each; the looks of all forms are 22 KB each."""

_Key = tuple[str, int, tuple[int, int], int]


def learn(
    picture: bytes,
    template: Template,
    limits: Limits,
    *,
    where: str,
    learned_before: bool = False,
) -> Reference:
    """What pages of the template are aligned to, from the bytes of its reference picture.

    learned_before: The picture is known to be usable.

    Raises:
        FileError: the picture can't be read.
        TemplateError: `reference_unusable`: it is too small, of another shape, or too empty.
    """
    with open_document(picture, limits, name=where) as document:
        gray = document.gray(1, template.page_size)
    return Reference.from_image(
        gray, template.page_size, where=where, learned_before=learned_before
    )


def with_looks(stored: StoredTemplate, settings: Settings, *, where: str) -> StoredTemplate:
    """The template as it is to be stored: what its picture is found by is made once, here.

    Raises as `learn` does.
    """
    if stored.reference is None:
        return stored
    learned = learn(stored.reference, stored.template, Limits.of(settings), where=where)
    return replace(stored, looks=Looks.of_form(learned).to_bytes())


class Lessons:
    """What one process has learned of forms."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._references: OrderedDict[_Key, Reference] = OrderedDict()
        self._looks: dict[_Key, Looks] = {}
        self._forms: tuple[list[_Key | None], Forms] | None = None

    def reference(self, known: KnownTemplate) -> Reference | None:
        """What pages of the template are aligned to; None if it has no picture.

        Raises:
            TemplateError: `reference_unusable`.
        """
        key = _key(known)
        if key is None:
            return None
        if key in self._references:
            self._references.move_to_end(key)
            return self._references[key]
        picture = known.reference
        if picture is None:
            return None
        where = f"reference of template {known.template.id}"
        try:
            learned = learn(
                picture,
                known.template,
                self._limits,
                where=where,
                learned_before=known.looks is not None,
            )
        except FileError as error:
            raise TemplateError(error.message, code="reference_unusable") from error
        self._references[key] = learned
        if len(self._references) > _LEARNED:
            self._references.popitem(last=False)
        return learned

    def forms(self, templates: Sequence[KnownTemplate]) -> Forms:
        """All of them, to choose among.

        Raises:
            TemplateError: `reference_unusable`.
        """
        keys = [_key(known) for known in templates]
        if self._forms is None or self._forms[0] != keys:
            forms = Forms(
                [self._looks_of(known, key) for known, key in zip(templates, keys, strict=True)]
            )
            known_now = set(keys)
            self._looks = {key: look for key, look in self._looks.items() if key in known_now}
            self._forms = keys, forms
        return self._forms[1]

    def _looks_of(self, known: KnownTemplate, key: _Key | None) -> Looks | None:
        if key is None:
            return None
        if key not in self._looks:
            looks = None if known.looks is None else Looks.from_bytes(known.looks)
            if looks is None and (reference := self.reference(known)) is not None:
                looks = Looks.of_form(reference)
            if looks is None:
                return None
            self._looks[key] = looks
        return self._looks[key]


def _key(known: KnownTemplate) -> _Key | None:
    """What a template's picture is told by, without fetching it; None if it has none."""
    data = known.reference if known.looks is None else known.looks
    template = known.template
    return None if data is None else (template.id, template.version, template.page_size, hash(data))
