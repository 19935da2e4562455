"""Files that a source could not give: later looks try them again, while the others go on.

Drive may stumble over one file for hours. Waited for at its place, it would keep back all that came
after it; passed over, it would be lost. So it is noted here, in a transaction, before the cursor
moves on.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, TypeAdapter

from core.invoice import SourceRef, now
from core.ports import InvoiceStore, SourceFile

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=2), timedelta(hours=6)
"""The next look is the second try; waits double from there."""
TOLD_AFTER, MOST_TRIES = 12, 40
"""After most of a day the file is a `failed` invoice, after a week it is tried no more."""

MOST = 500
"""Files of one source that are noted at once. More of them are the source's fault."""


class _Late(BaseModel):
    """A file as `SourceFile` has it, tried so often, and next when it is `due`."""

    model_config = ConfigDict(extra="forbid")

    ref: SourceRef
    revision: str
    size: int
    folder: str = ""
    tries: int = 0
    due: datetime


_JSON = TypeAdapter(dict[str, _Late])


class LateFiles:
    """Those of the source called `source`. Every method raises what the store does."""

    def __init__(self, store: InvoiceStore, source: str) -> None:
        self._store = store
        self._key = late_key(source)
        self._known = _load(store.get_state(self._key))

    def __contains__(self, file: SourceFile) -> bool:
        """Whether this revision of the file is noted."""
        late = self._known.get(file.ref.file_id)
        return late is not None and late.revision == file.revision

    def waits(self, file: SourceFile) -> bool:
        """Whether this revision of the file is noted, and not due yet."""
        return file in self and now() < self._known[file.ref.file_id].due

    def due(self) -> Sequence[SourceFile]:
        """The files that are to be tried now, first those that wait for the longest time."""
        due = sorted((each for each in self._known.values() if each.due <= now()), key=_due)
        return [SourceFile(each.ref, each.revision, each.size, each.folder) for each in due]

    def note(self, file: SourceFile) -> int | None:
        """Notes that the file could not be had once more, and gives how often that was; None if
        there is no room for it."""
        tries = None

        def change(known: dict[str, _Late]) -> None:
            nonlocal tries
            before = known.get(file.ref.file_id)
            tries = None
            if before is None and len(known) >= MOST:
                return
            tries = 1 + (before.tries if before and before.revision == file.revision else 0)
            # While all of the source is away no try is the last, and doubling has to have an end.
            doubled = FIRST_WAIT * 2 ** (min(tries, MOST_TRIES) - 2)
            wait = min(doubled, LONGEST_WAIT) if tries > 1 else timedelta()
            known[file.ref.file_id] = _Late(
                ref=file.ref,
                revision=file.revision,
                size=file.size,
                folder=file.folder,
                tries=tries,
                due=now() + wait,
            )

        self._change(change)
        return tries

    def forget(self, file_id: str) -> None:
        """Notes that nothing is to be done for the file any more."""
        if file_id in self._known:
            self._change(lambda known: known.pop(file_id, None))

    def _change(self, change: Callable[[dict[str, _Late]], object]) -> None:
        # In a transaction: what somebody else has noted meanwhile is nowhere else.
        def changed(value: str | None) -> str:
            known = _load(value)
            change(known)
            return _JSON.dump_json(known).decode()

        self._known = _load(self._store.change_state(self._key, changed))


def late_key(source: str) -> str:
    """The state that keeps them."""
    return f"late:{source}"


def _load(value: str | None) -> dict[str, _Late]:
    return _JSON.validate_json(value) if value else {}


def _due(late: _Late) -> datetime:
    return late.due
