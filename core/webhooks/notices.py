"""Who is to be told when an invoice comes to an end, and what is on its way to them.

A delivery is stored in the transaction that brings the invoice there: who crashes after it tells
all the same, and who crashes before it has nothing to tell.
"""

import base64
import secrets
import uuid
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict, TypeAdapter

from core.invoice import Invoice, Status, now

STATE = "webhooks"
"""The state that holds all webhooks of an installation: there are a handful."""

FINAL = tuple(status for status in Status if status.final)


class Webhook(BaseModel):
    """An address that is told of invoices which become one of `events`.

    `secret` signs what is sent. `trouble` is why the last delivery failed, if it did.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    url: str
    events: tuple[Status, ...] = FINAL
    secret: str
    created_at: datetime
    trouble: str | None = None


class Delivery(BaseModel):
    """That one webhook is to be told that one invoice became `status`; tried next when it is `due`.

    Whoever takes it has it until then, and it comes back if they don't end it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    webhook_id: str
    invoice_id: str
    status: Status
    due: datetime
    attempts: int = 0


_WEBHOOKS = TypeAdapter(list[Webhook])


def loaded(kept: str | None) -> list[Webhook]:
    """The webhooks as the state keeps them."""
    return _WEBHOOKS.validate_json(kept) if kept else []


def dumped(webhooks: Sequence[Webhook]) -> str:
    return _WEBHOOKS.dump_json(list(webhooks)).decode()


def new_webhook(url: str, events: Sequence[Status]) -> Webhook:
    """A webhook with a secret of its own, 192 random bits."""
    return Webhook(
        id=secrets.token_hex(4),
        url=url,
        events=tuple(dict.fromkeys(events)) or FINAL,
        secret="whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
        created_at=now(),
    )


def came_to_an_end(before: Invoice | None, after: Invoice) -> bool:
    """Whether somebody may want to know: it has come to an end, or what was read has changed."""
    if not after.status.final:
        return False
    return before is None or (before.status, before.fields) != (after.status, after.fields)


def deliveries(kept: str | None, after: Invoice) -> list[Delivery]:
    """What the webhooks of the state are to be told of the invoice, at once."""
    return [
        Delivery(
            id=f"msg_{uuid.uuid4().hex}",
            webhook_id=webhook.id,
            invoice_id=after.id,
            status=after.status,
            due=now(),
        )
        for webhook in loaded(kept)
        if after.status in webhook.events
    ]
