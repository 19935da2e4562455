"""The web page: the list of invoices, and one invoice beside what was read in it."""

from dataclasses import dataclass

import flask

from core.invoice import Invoice, Status
from core.ports import InvoiceStore, Query
from functions.api import words
from functions.api.context import context
from functions.api.pictures import has_picture

PAGE_SIZE = 50
NEIGHBOURS = 200
"""How far from the start of its list an invoice still knows the one before and the one after."""

site = flask.Blueprint("page", __name__)


@dataclass(frozen=True)
class _Place:
    """A part of the list: as an address has it, and as the store is asked for it."""

    status: Status | None
    page_token: str | None

    @classmethod
    def asked_for(cls) -> "_Place":
        asked = flask.request.args
        status = asked.get("status", type=Status)
        return cls(status, asked.get("page_token") or None)

    def query(self, page_size: int) -> Query:
        return Query(status=self.status, page_size=page_size, page_token=self.page_token)

    @property
    def arguments(self) -> dict[str, str]:
        given = {"status": self.status and self.status.value, "page_token": self.page_token}
        return {key: value for key, value in given.items() if value}


@site.get("/")
def inbox() -> flask.Response:
    here, place = context(), _Place.asked_for()
    store = here.adapters.store
    page = store.list(place.query(PAGE_SIZE))
    return _fresh(
        flask.render_template(
            "inbox.html",
            place=place,
            invoices=page.invoices,
            next_page_token=page.next_page_token,
            counts=store.count_by_status(),
            templates={t.id: t.name or t.id for t in store.list_templates()},
            inbox_dir=here.settings.inbox_dir,
        )
    )


@site.get("/invoices/<invoice_id>")
def invoice(invoice_id: str) -> flask.Response:
    here, place = context(), _Place.asked_for()
    store = here.adapters.store
    shown = store.get(invoice_id)
    before, after = _neighbours(store, shown.id, place)
    return _fresh(
        flask.render_template(
            "invoice.html",
            place=place,
            invoice=shown,
            before=before,
            after=after,
            templates={t.id: t.name or t.id for t in store.list_templates()},
            faults={
                name: [reason for reason in shown.reasons if name in reason.fields]
                for name in shown.fields
            },
        )
    )


def _neighbours(
    store: InvoiceStore, invoice_id: str, place: _Place
) -> tuple[Invoice | None, Invoice | None]:
    """The invoices before and after this one in the list that the reader came from."""
    listed = store.list(place.query(NEIGHBOURS)).invoices
    at = next((i for i, other in enumerate(listed) if other.id == invoice_id), None)
    if at is None:
        return None, None
    return listed[at - 1] if at else None, listed[at + 1] if at + 1 < len(listed) else None


def _fresh(page: str) -> flask.Response:
    """A page that the browser asks for anew each time, and that isn't sent again if unchanged."""
    answer = flask.make_response(page)
    answer.add_etag()
    answer.headers["Cache-Control"] = "private, no-cache"
    return answer.make_conditional(flask.request)  # type: ignore[return-value]  # it is itself


@site.app_context_processor
def _on_every_page() -> dict[str, object]:
    return {"lang": "en", "dir": "ltr", "max_file_bytes": context().settings.max_file_bytes}


@site.record
def _add_words(state: flask.blueprints.BlueprintSetupState) -> None:
    environment = state.app.jinja_env
    environment.globals.update(
        Status=Status,
        STATUS=words.STATUS,
        SOURCES=words.SOURCES,
        REMEDIES=words.REMEDIES,
        has_picture=has_picture,
        lowest_confidence=words.lowest_confidence,
    )
    environment.filters.update(
        label=words.label,
        amount=words.amount,
        percent=words.percent,
        sentence=words.sentence,
        without_name=words.without_name,
    )
