"""/v1/webhooks: who is told when an invoice is done, needs review or has failed."""

from typing import Any

from core.webhooks.listed import add_webhook, list_webhooks, remove_webhook
from functions.api.context import context
from functions.api.routes import blueprint
from functions.api.schemas import ErrorBody
from functions.api.webhook_schemas import (
    NewWebhook,
    WebhookList,
    WebhookPath,
    WebhookRequest,
    shown,
)

api = blueprint("webhooks")


@api.get("/v1/webhooks", responses={200: WebhookList})
def get_webhooks() -> Any:
    """Lists the webhooks, the oldest first, without their secrets."""
    return {"webhooks": [shown(each) for each in list_webhooks(context().adapters.store)]}


@api.post("/v1/webhooks", responses={201: NewWebhook, 409: ErrorBody})
def create_webhook(body: WebhookRequest) -> Any:
    """Has an address told. The answer alone holds the secret that signs what is sent there."""
    here = context()
    made = add_webhook(here.adapters.store, body.url, body.statuses, here.settings)
    return shown(made) | {"secret": made.secret}, 201


@api.delete("/v1/webhooks/<string:webhook_id>", responses={204: None, 404: ErrorBody})
def delete_webhook(path: WebhookPath) -> Any:
    """Ends a webhook, and what is on its way to it."""
    remove_webhook(context().adapters.store, path.webhook_id)
    return "", 204
