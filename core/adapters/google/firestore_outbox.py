"""What webhooks are to be told, in Firestore: `deliveries/<id>`, found by when each is due."""

from collections.abc import Callable
from datetime import datetime, timedelta

from google.cloud import firestore_v1 as firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from core.adapters.google.firestore_errors import ContentionError, firestore_errors
from core.adapters.google.firestore_pieces import read_pieces
from core.adapters.query import time_key
from core.invoice import Invoice, now
from core.webhooks.notices import STATE, Delivery, came_to_an_end, deliveries

_LOOKED_AT = 5
"""Of what is due: others may be about to take the first of it."""


class FirestoreOutbox:
    """Raises as `FirestoreInvoiceStore` does."""

    def __init__(self, client: firestore.Client) -> None:
        self._client = client
        self._deliveries = client.collection("deliveries")

    def take(self, lease: timedelta) -> Delivery | None:
        at = now()
        with firestore_errors("deliveries"):
            due = self._deliveries.where(filter=FieldFilter("due", "<=", time_key(at)))
            waiting = list(due.order_by("due").limit(_LOOKED_AT).stream())
        for seen in waiting:
            try:
                with firestore_errors("deliveries"):
                    work = firestore.transactional(_taking(seen, at + lease))
                    taken: Delivery | None = work(self._client.transaction())
            except ContentionError:
                continue  # somebody else has it
            if taken is not None:
                return taken
        return None

    def put(self, delivery: Delivery) -> None:
        with firestore_errors("deliveries"):
            self._deliveries.document(delivery.id).set(_document(delivery))

    def drop(self, delivery: Delivery) -> None:
        with firestore_errors("deliveries"):
            self._deliveries.document(delivery.id).delete()


def announcements(
    transaction: firestore.Transaction,
    client: firestore.Client,
    before: Invoice | None,
    after: Invoice,
) -> Callable[[], None]:
    """Reads who is to be told of the change; what it gives writes that, after all has been read."""
    told: list[Delivery] = []
    if came_to_an_end(before, after):
        state = client.collection("state").document(STATE).get(transaction=transaction)
        told = deliveries(read_pieces(state, transaction) if state.exists else None, after)

    def write() -> None:
        for delivery in told:
            document = client.collection("deliveries").document(delivery.id)
            transaction.create(document, _document(delivery))

    return write


def _taking(
    seen: firestore.DocumentSnapshot[firestore.DocumentReference], until: datetime
) -> Callable[[firestore.Transaction], Delivery | None]:
    """Takes the delivery, unless it has changed since it was seen."""

    def work(transaction: firestore.Transaction) -> Delivery | None:
        snapshot = seen.reference.get(transaction=transaction)
        if not snapshot.exists or snapshot.get("due") != seen.get("due"):
            return None
        delivery = Delivery.model_validate_json(snapshot.get("data"))
        taken = delivery.model_copy(update={"due": until, "attempts": delivery.attempts + 1})
        transaction.set(snapshot.reference, _document(taken))
        return taken

    return work


def _document(delivery: Delivery) -> dict[str, str]:
    return {"due": time_key(delivery.due), "data": delivery.model_dump_json()}
