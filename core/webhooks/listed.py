"""The webhooks that there are: added, listed, removed."""

from collections.abc import Sequence

from core.errors import ConflictError, NotFoundError, RequestError
from core.invoice import Status
from core.ports import InvoiceStore
from core.settings import Settings
from core.webhooks.notices import STATE, Webhook, dumped, loaded, new_webhook
from core.webhooks.outward import resolve

MOST_WEBHOOKS = 20


def add_webhook(
    store: InvoiceStore, url: str, events: Sequence[Status], settings: Settings
) -> Webhook:
    """Has `url` told of invoices that become one of `events` (none: each that is final).

    Raises:
        RequestError: the URL is none, leads into a private network, or there are too many.
        ConflictError: it is told already.
        TransientError: its name can't be looked up.
    """
    resolve(url, private=settings.webhook_private)
    added = new_webhook(url, events)

    def change(kept: str | None) -> str:
        known = loaded(kept)
        if any(each.url == url for each in known):
            raise ConflictError(f"{url}: is told already", code="already_exists")
        if len(known) >= MOST_WEBHOOKS:
            raise RequestError(f"there are {MOST_WEBHOOKS} webhooks, the most there can be")
        return dumped([*known, added])

    store.change_state(STATE, change)
    return added


def list_webhooks(store: InvoiceStore) -> Sequence[Webhook]:
    """All of them, the oldest first."""
    return loaded(store.get_state(STATE))


def remove_webhook(store: InvoiceStore, webhook_id: str) -> None:
    """Ends a webhook, and what is on its way to it. Raises NotFoundError."""

    def change(kept: str | None) -> str:
        known = loaded(kept)
        others = [each for each in known if each.id != webhook_id]
        if len(others) == len(known):
            raise NotFoundError(f"{webhook_id}: there is no such webhook")
        return dumped(others)

    store.change_state(STATE, change)
