"""Implementations of `core.ports`: on this machine, and on Google Cloud."""

from core.ports import Adapters
from core.settings import Settings


def connect(settings: Settings) -> Adapters:
    """The adapters of `settings.backend`, ready for use. Call it once per process.

    Raises:
        SetupError: the place where things are kept can't be used; the message says why.
        TransientError: it is busy or out of reach.
    """
    # Imported here so that no process loads the libraries of a backend that it doesn't use.
    if settings.backend == "google":
        from core.adapters.google import backend as google  # noqa: PLC0415

        return google.open_backend(settings)
    from core.adapters.local import backend as local  # noqa: PLC0415

    return local.open_backend(settings).adapters
