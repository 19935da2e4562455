"""`make run-google`: the way through Google Cloud on this machine, with the sample invoices.

The functions run as the cloud runs them, each a process of its own under functions-framework, with
Google's own client libraries. Doubles stand in for what is Google's: Cloud Storage, Firestore, and
Eventarc with its retries. Where STORAGE_EMULATOR_HOST (a URL) or FIRESTORE_EMULATOR_HOST (host and
port) names another emulator, that one is used. The doubles forget everything when it ends.
"""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from core.errors import KhanaError, SetupError
from core.ports import Adapters
from core.settings import load_settings
from functions.local import samples
from functions.local.options import wide_console

from .cloud import google_cloud
from .eventarc import Eventarc
from .serving import ROOT, running


@contextmanager
def khana_on_google(port: int) -> Iterator[tuple[str, Adapters]]:
    """Khana with an empty bucket and database; gives the address of its page, and its adapters."""
    with ExitStack() as stack:
        cloud = stack.enter_context(google_cloud())
        extract = stack.enter_context(running("extract", **cloud.variables))
        files = stack.enter_context(cloud.storage_client())
        stack.enter_context(Eventarc(files, cloud.bucket, extract))
        url = stack.enter_context(running("api", port=port, **cloud.variables))
        yield url, stack.enter_context(cloud.adapters())


def main(folder: Path = ROOT / "samples") -> None:
    """Reads the samples of `folder`, then serves until it is told to stop (SIGTERM, SIGINT)."""
    # SIGTERM alone would leave the functions behind.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = load_settings()
    _check_free(settings.port)
    console = wide_console()
    try:
        with khana_on_google(settings.port) as (url, adapters):
            console.print(samples.read(folder, adapters, settings))
            console.print(f"Khana is at [bold]{url}[/bold], on doubles of Google Cloud")
            signal.pause()
    except KeyboardInterrupt:
        console.print("stopped; the doubles have forgotten everything")


def _check_free(port: int) -> None:
    """Whoever listens there would be taken for Khana."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        reason = os.strerror(error.errno)
        raise SetupError(
            f"can't listen on port {port}: {reason}; name another with KHANA_PORT",
            code="address_in_use",
        ) from error


if __name__ == "__main__":
    try:
        main(*map(Path, sys.argv[1:]))
    except KhanaError as error:
        sys.exit(f"khana: {error.message} [{error.code}]")
