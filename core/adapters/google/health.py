"""Whether this account may use the bucket and the database: asked with one cheap call each."""

from core.adapters.google.backend import open_backend
from core.adapters.google.storage import GoogleObjectStore
from core.settings import Settings


def check_bucket(settings: Settings) -> str:
    """Raises SetupError or TransientError, which say what is wrong and what to do."""
    objects = open_backend(settings).objects
    assert isinstance(objects, GoogleObjectStore)
    objects.check()
    return f"bucket {settings.bucket} answers"


def check_database(settings: Settings) -> str:
    """Raises SetupError or TransientError, which say what is wrong and what to do."""
    open_backend(settings).store.get_state("doctor")
    return f"database {settings.database} answers"
