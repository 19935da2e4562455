"""How the last look at a source went, kept for people to see."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from core.ports import InvoiceStore


class LastLook(BaseModel):
    """How the last look at a source went, for people: when it ended, what it took in and what it
    could not, and why it ended early if it did. `came_at` is when something was last taken in."""

    model_config = ConfigDict(extra="forbid")

    at: datetime
    received: int = 0
    failed: list[str] = []
    finished: bool = True
    error: str | None = None
    came_at: datetime | None = None


MOST_FAILURES = 50
"""Of one look that are kept."""


def last_look(store: InvoiceStore, source: str) -> LastLook | None:
    """How the last look at the source of this name went; None if nobody has looked."""
    kept = store.get_state(_key(source))
    return LastLook.model_validate_json(kept) if kept else None


def keep_look(store: InvoiceStore, source: str, look: LastLook) -> None:
    """Keeps how a look at the source of this name went, in the place of the one before."""
    kept = look.model_copy(update={"failed": look.failed[:MOST_FAILURES]})
    store.set_state(_key(source), kept.model_dump_json())


def _key(source: str) -> str:
    return f"look:{source}"
