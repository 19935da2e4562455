"""What is there already: commands that only look at a store make none of a mistyped name."""

from core.adapters.local.health import check_store
from core.ports import Adapters
from core.settings import Settings


def stored(settings: Settings) -> Adapters:
    """The adapters of an installation that is in use.

    Raises:
        NotFoundError: the data folder holds no store.
        SetupError, TransientError: as `core.adapters.connect`.
    """
    from core.adapters import connect  # noqa: PLC0415  # `khana config` must not wait for it

    if settings.backend == "local":
        check_store(settings.data)
    return connect(settings)
