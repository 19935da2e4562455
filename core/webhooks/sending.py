"""Telling webhooks that an invoice is done, needs review or has failed.

A POST with JSON in the form of the Standard Webhooks (https://www.standardwebhooks.com), whose
libraries check the signature: `webhook-id` is the same however often it is sent,
`webhook-timestamp` the second of this try, `webhook-signature` an HMAC-SHA256 of both and the body.
"""

import base64
import hashlib
import hmac
import json
import logging
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from core.errors import KhanaError, NotFoundError
from core.invoice import Invoice, now, public
from core.observe import tell
from core.ports import Adapters, InvoiceStore
from core.settings import Settings
from core.webhooks.listed import list_webhooks
from core.webhooks.notices import STATE, Delivery, Webhook, dumped, loaded
from core.webhooks.outward import post

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 24
FIRST_WAIT_S, LONGEST_WAIT_S = 10.0, 6 * 3600.0
"""Waits double from the first to the longest: with so many attempts, three days in all."""

LEASE = timedelta(minutes=2)
"""How long one try may take; should whoever makes it die, it is made again after that."""

Post = Callable[[str, bytes, Mapping[str, str]], int]


@dataclass
class Told:
    """What one round of deliveries came to."""

    delivered: int = 0
    failed: int = 0
    given_up: int = 0


def deliver(
    adapters: Adapters, settings: Settings, *, deadline: float, send: Post | None = None
) -> Told:
    """Sends what is due, until nothing is or `deadline` (of `time.monotonic`) has come.

    Raises:
        TransientError: a store is out of reach; what was taken comes back.
    """

    def outward(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return post(url, body, headers, private=settings.webhook_private)

    told, failing = Told(), set[str]()
    webhooks: dict[str, Webhook] | None = None
    while time.monotonic() < deadline:
        delivery = adapters.outbox.take(LEASE)
        if delivery is None:
            break
        if webhooks is None:
            webhooks = {each.id: each for each in list_webhooks(adapters.store)}
        webhook = webhooks.get(delivery.webhook_id)
        invoice = _invoice(adapters.store, delivery)
        if webhook is None or invoice is None:
            adapters.outbox.drop(delivery)
        elif webhook.id in failing:
            # As if it had been tried, too: of a webhook that is gone for good each minute would
            # have all that wait looked at. Only a try of its own is the last one.
            _wait(adapters, delivery, min(delivery.attempts, MOST_ATTEMPTS - 1))
        else:
            begun = time.monotonic()
            trouble = _try(webhook, delivery, invoice, send or outward)
            _note(adapters.store, webhook, trouble)
            if trouble is None:
                told.delivered += 1
                adapters.outbox.drop(delivery)
                tell(
                    "told",
                    invoice=invoice.id,
                    webhook=webhook.id,
                    tries=delivery.attempts,
                    ms=1e3 * (time.monotonic() - begun),
                )
            else:
                failing.add(webhook.id)
                _failed(adapters, webhook, delivery, trouble, told)
    return told


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """What `webhook-signature` says of a message."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _invoice(store: InvoiceStore, delivery: Delivery) -> Invoice | None:
    """The invoice as it is now; None if it is gone, or has gone on, which is told by itself."""
    try:
        invoice = store.get(delivery.invoice_id)
    except NotFoundError:
        return None
    return invoice if invoice.status is delivery.status else None


def _try(webhook: Webhook, delivery: Delivery, invoice: Invoice, send: Post) -> str | None:
    """Sends it once; what went wrong, if anything did."""
    at = int(time.time())
    message = {
        "type": f"invoice.{delivery.status.value}",
        "timestamp": now().isoformat(timespec="seconds"),
        "data": public(invoice),
    }
    body = json.dumps(message, ensure_ascii=False).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Khana",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(webhook.secret, delivery.id, at, body),
    }
    # The rest of the address is for many receivers their secret, and this goes into the log.
    host = urlsplit(webhook.url).netloc
    try:
        code = send(webhook.url, body, headers)
    except KhanaError as error:
        return error.message.replace(webhook.url, host)
    return None if 200 <= code < 300 else f"{host}: answers {code}"


def _failed(
    adapters: Adapters, webhook: Webhook, delivery: Delivery, trouble: str, told: Told
) -> None:
    told.failed += 1
    said = "webhook %s, %s, try %d: %s"
    log.warning(said, webhook.id, delivery.invoice_id, delivery.attempts, trouble)
    if delivery.attempts >= MOST_ATTEMPTS:
        told.given_up += 1
        log.error("webhook %s: %s is not told any more", webhook.id, delivery.invoice_id)
        adapters.outbox.drop(delivery)
        return
    _wait(adapters, delivery, delivery.attempts)


def _wait(adapters: Adapters, delivery: Delivery, attempts: int) -> None:
    """Has the delivery wait for as long as it does after so many attempts."""
    doubled = min(FIRST_WAIT_S * 2.0 ** (attempts - 1), LONGEST_WAIT_S)
    # Jitter, so that what failed together doesn't come back together.
    wait = timedelta(seconds=doubled * random.uniform(0.75, 1.0))
    adapters.outbox.put(delivery.model_copy(update={"due": now() + wait, "attempts": attempts}))


def _note(store: InvoiceStore, webhook: Webhook, trouble: str | None) -> None:
    """Keeps how the webhook does, for people to see; written only when that changes."""

    def change(kept: str | None) -> str | None:
        known = loaded(kept)
        if all(each.id != webhook.id or each.trouble == trouble for each in known):
            return None
        return dumped(
            [
                each.model_copy(update={"trouble": trouble}) if each.id == webhook.id else each
                for each in known
            ]
        )

    # Looked at first: a transaction for each message would have them wait for one another.
    if any(each.id == webhook.id and each.trouble != trouble for each in list_webhooks(store)):
        store.change_state(STATE, change)
