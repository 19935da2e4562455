"""Whether this account may use the bucket, the database and the folders of Drive: asked with one
cheap call each."""

from core.adapters.google.backend import open_backend
from core.adapters.google.drive_status import findings
from core.adapters.google.storage import GoogleObjectStore
from core.errors import SetupError
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


def check_drive(settings: Settings) -> str:
    """Raises SetupError or TransientError, which say what is wrong and what to do."""
    found = list(findings(settings, open_backend(settings).store))
    if troubles := [finding.said for finding in found if not finding.fine]:
        raise SetupError("; ".join(troubles), code="drive_unusable")
    return "; ".join(finding.said for finding in found)
