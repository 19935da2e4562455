"""Everything on Google Cloud: a bucket of Cloud Storage, a Firestore database, folders of Drive.

The client libraries sign in with the Application Default Credentials, and turn to an emulator where
the environment names one (STORAGE_EMULATOR_HOST, FIRESTORE_EMULATOR_HOST, DRIVE_EMULATOR_HOST).
"""

from google.auth.exceptions import GoogleAuthError
from google.cloud import firestore_v1 as firestore
from google.cloud import storage

from core.adapters.google.credentials import sign_in_error
from core.adapters.google.drive_connect import open_source
from core.adapters.google.firestore import FirestoreInvoiceStore
from core.adapters.google.firestore_outbox import FirestoreOutbox
from core.adapters.google.storage import GoogleObjectStore
from core.errors import SetupError
from core.ports import Adapters
from core.settings import Settings


def open_backend(settings: Settings) -> Adapters:
    """The adapters of the bucket and database that `settings` name. Nothing is asked of them yet.

    Raises:
        SetupError: no bucket or project is named, there are no credentials, or a folder of Drive is
            named that can't be one.
        TransientError: Google's sign-in is out of reach.
    """
    if settings.bucket is None:
        raise SetupError(
            "setting bucket: name the Cloud Storage bucket that files are kept in",
            code="invalid_setting",
        )
    drive = open_source(settings)
    sources = [] if drive is None else [drive]
    try:
        documents = firestore.Client(project=settings.project, database=settings.database)
        # Buckets are found by their names alone, whatever the project.
        files = storage.Client(project=documents.project)
    except GoogleAuthError as error:
        raise sign_in_error(error) from error
    except OSError as error:
        # So the clients say that neither they nor the credentials know of a project.
        raise SetupError(
            "setting project: name the Google Cloud project; the credentials are of none",
            code="invalid_setting",
        ) from error
    return Adapters(
        sources=sources,
        objects=GoogleObjectStore(files, settings.bucket),
        store=FirestoreInvoiceStore(documents),
        outbox=FirestoreOutbox(documents),
    )
