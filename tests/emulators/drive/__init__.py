"""A double of Google Drive v3, with the sign-in before it, on a port of loopback.

It serves what Khana uses and what tests need to play the people on the other side, as Google's
reference describes it, and is stricter than Google where that shows a fault of the caller.
"""

from .faults import Fault, RecordedCall
from .server import DriveServer
from .sign_in import Grant
from .state import DOCUMENT, FOLDER, SHORTCUT, USER_LOG

__all__ = [
    "DOCUMENT",
    "FOLDER",
    "SHORTCUT",
    "USER_LOG",
    "DriveServer",
    "Fault",
    "Grant",
    "RecordedCall",
]
