"""/v1/drive:sync, and the answer that says that all is well."""

from dataclasses import asdict
from typing import Any

from core.watch import watch
from functions.api.context import context
from functions.api.routes import blueprint
from functions.api.schemas import Health, SyncReport

api = blueprint("service")


@api.post("/v1/drive:sync", responses={200: SyncReport})
def sync_drive() -> Any:
    """Looks now at where files come from, and takes in what is new."""
    here = context()
    return asdict(watch(here.adapters, here.settings))


@api.get("/healthz", responses={200: Health})
def check_health() -> Any:
    """Says that requests are answered and the store is in reach."""
    context().adapters.store.get_state("healthz")
    return {"status": "ok"}
