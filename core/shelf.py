"""A store's templates, kept at hand: each is fetched once, and again only when it changed."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import NotFoundError, TransientError
from core.template import Template

if TYPE_CHECKING:  # which has a shelf itself
    from core.invoice import Invoice
    from core.ports import InvoiceStore, KnownTemplate


@dataclass(frozen=True, eq=False)
class _Kept:
    """A template whose picture, which is larger than all the rest, is fetched when needed."""

    template: Template
    looks: bytes = field(repr=False)
    store: InvoiceStore = field(repr=False)

    @property
    def reference(self) -> bytes | None:
        try:
            return self.store.get_template(self.template.id, self.template.version).reference
        except NotFoundError as error:
            # Whoever looks at the shelf again doesn't meet it any more.
            raise TransientError(f"{self.template.id}: was deleted meanwhile") from error


class Shelf:
    """The templates of one store, for any thread."""

    def __init__(self, store: InvoiceStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[str, KnownTemplate]] = {}
        self._named: tuple[Mapping[str, str], Mapping[str, str]] = {}, {}

    def all(self) -> Sequence[KnownTemplate]:
        """The latest version of each, by id; the same objects as before if nothing changed.

        Raises:
            TransientError: the store is out of reach.
        """
        revisions = self._store.template_revisions()
        with self._lock:
            kept = {}
            for template_id, revision in sorted(revisions.items()):
                before = self._kept.get(template_id)
                if before is None or before[0] != revision:
                    try:
                        before = revision, self._fetched(template_id)
                    except NotFoundError:
                        continue  # deleted just now
                kept[template_id] = before
            self._kept = kept
            return [each for _, each in kept.values()]

    def names(self) -> Mapping[str, str]:
        """By id, and in its order, what each is called: its name, or its id where it has none.

        No picture and no looks are fetched for these.

        Raises:
            TransientError: the store is out of reach.
        """
        revisions = self._store.template_revisions()
        with self._lock:
            if self._named[0] != revisions:
                named = {each.id: each.name or each.id for each in self._store.list_templates()}
                self._named = revisions, named
            return self._named[1]

    def _fetched(self, template_id: str) -> KnownTemplate:
        stored = self._store.get_template(template_id)
        # Without looks the picture is all that there is to go by.
        return stored if stored.looks is None else _Kept(stored.template, stored.looks, self._store)


def template_of(store: InvoiceStore, invoice: Invoice) -> Template | None:
    """The template that the invoice was read with, or None if there was none or it is gone."""
    if invoice.template is None:
        return None
    try:
        return store.get_template(invoice.template.id, invoice.template.version).template
    except NotFoundError:
        return None
