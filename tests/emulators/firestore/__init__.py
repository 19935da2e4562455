"""A double of Firestore: Google's own client library talks to it as to the service.

It serves documents, queries, aggregation, transactions and listening from memory, and refuses what
the service refuses: broken preconditions, documents over 1 MiB, queries that no index serves,
transactions that have to give way. `tests/emulators/conformance.py` holds it to Google's own tests.
"""

from .clients import LONG_LOCKS, VARIABLE, connected, emulator
from .server import FirestoreDouble

__all__ = ["LONG_LOCKS", "VARIABLE", "FirestoreDouble", "connected", "emulator"]
