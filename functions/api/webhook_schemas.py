"""What comes in and goes out of /v1/webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from core.invoice import Status
from core.webhooks.notices import Webhook

Event = Literal["done", "needs_review", "failed"]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WebhookPath(_Model):
    webhook_id: str


class WebhookRequest(_Model):
    """An address to be told of invoices."""

    url: Annotated[str, StringConstraints(min_length=1, max_length=2000)] = Field(
        description="https://…, of a host of the internet"
    )
    events: list[Event] = Field(
        [], max_length=10, description="what an invoice becomes; all three if there are none"
    )

    @property
    def statuses(self) -> Sequence[Status]:
        return [Status(event) for event in self.events]


class WebhookBody(_Model):
    """An address that is told of invoices. `trouble` is why the last message did not arrive."""

    id: str
    url: str
    events: list[Event]
    created_at: datetime
    trouble: str | None


class NewWebhook(WebhookBody):
    """With the secret that signs its messages, which is shown this once."""

    secret: str


class WebhookList(_Model):
    webhooks: list[WebhookBody]


def shown(webhook: Webhook) -> dict[str, object]:
    """The webhook without its secret."""
    return webhook.model_dump(mode="json", exclude={"secret"})
