"""`make run-google`: the way through Google Cloud on this machine, with the sample invoices.

The functions run as the cloud runs them, each a process of its own under functions-framework, with
Google's own client libraries. Doubles stand in for what is Google's: Drive with its push channels,
Cloud Storage, Firestore, Scheduler, and Eventarc with its retries. Where STORAGE_EMULATOR_HOST (a
URL) or FIRESTORE_EMULATOR_HOST (host and port) names another emulator, that one is used. The
doubles forget everything when it ends.
"""

import json
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from core.errors import KhanaError, SetupError
from core.identity import invoice_id, sha256_hex
from core.ports import Adapters
from core.settings import load_settings
from functions.local import samples
from functions.local.options import wide_console

from .cloud import google_cloud
from .drive import DriveServer
from .eventarc import Eventarc
from .schedule import Scheduler
from .serving import ROOT, running

LOOK_EVERY_S = 60.0
"""As the schedule of a deployment has it. Drive's calls make it seconds."""


@dataclass(frozen=True)
class OnGoogle:
    """Khana with an empty bucket, database and Drive. `url` is the address of its page, `inbox` the
    id of the folder that it watches."""

    url: str
    adapters: Adapters
    drive: DriveServer
    inbox: str

    def put(self, path: Path) -> str:
        """Puts a file into Drive; the id of the invoice that it will be."""
        data = path.read_bytes()
        self.drive.state.file(path.name, data, self.inbox)
        return invoice_id(sha256_hex(data))

    @property
    def upload(self) -> str:
        """A command that puts a file into the folder, as Drive v3 has it done."""
        about = json.dumps({"name": "FILE", "parents": [self.inbox]})
        return (
            f"curl -F 'metadata={about};type=application/json' -F file=@FILE "
            f"'{self.drive.url}upload/drive/v3/files?uploadType=multipart'"
        )


@contextmanager
def khana_on_google(port: int) -> Iterator[OnGoogle]:
    """Khana with all its functions, the API on this port."""
    with ExitStack() as stack:
        cloud = stack.enter_context(google_cloud())
        drive = stack.enter_context(DriveServer())
        inbox = drive.state.folder("Invoices")
        extract = stack.enter_context(running("extract", **cloud.variables))
        files = stack.enter_context(cloud.storage_client())
        stack.enter_context(Eventarc(files, cloud.bucket, extract))
        watched = {
            "KHANA_DRIVE_FOLDERS": inbox,
            "KHANA_DRIVE_PUSH": f"http://127.0.0.1:{port}/v1/drive:notify",
            "DRIVE_EMULATOR_HOST": drive.url,
        }
        look = stack.enter_context(running("drive_watch", **cloud.variables, **watched))
        known = {"KHANA_DRIVE_WATCH_URL": look}
        url = stack.enter_context(running("api", port=port, **cloud.variables, **known))
        stack.enter_context(Scheduler(look, LOOK_EVERY_S))
        yield OnGoogle(url, stack.enter_context(cloud.adapters()), drive, inbox)


def main(folder: Path = ROOT / "samples") -> None:
    """Reads the samples of `folder`, then serves until it is told to stop (SIGTERM, SIGINT)."""
    # SIGTERM alone would leave the functions behind, and what a script starts ignores SIGINT.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    settings = load_settings()
    _check_free(settings.port)
    console = wide_console()
    try:
        with khana_on_google(settings.port) as khana:
            table = samples.read(folder, khana.adapters, settings, take_in=khana.put)
            console.print(table)
            console.print(f"Khana is at {khana.url}, on doubles of Google Cloud")
            console.print("More into its folder of Drive:", khana.upload, soft_wrap=True)
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
