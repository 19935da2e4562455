"""A reading process: holds the extract function and calls it with what comes through a pipe.

Started as `python -m functions.local.worker SOURCE TARGET FD`. A request is JSON, `[headers,
body]`, its answer three digits and the body: nothing is unpickled that comes from where strangers'
files are read. It ends when the other end of the pipe does.
"""

import ctypes
import json
import os
import signal
import sys
from multiprocessing.connection import Connection

import cv2
from functions_framework import create_app
from werkzeug.test import Client

from core.settings import load_settings
from functions import telemetry

NICENESS = 5
"""Reading may wait a little for whoever looks at the page."""

_PR_SET_PDEATHSIG = 1


def main() -> None:
    source, target, descriptor = sys.argv[1:]
    _die_with_parent()
    os.nice(NICENESS)
    settings = load_settings()
    telemetry.install(settings, "extract")
    # There are as many of these processes as should work at once: threads of one only get into the
    # way of another.
    cv2.setNumThreads(settings.threads)
    requests: Connection[object, object] = Connection(int(descriptor))
    function = Client(create_app(target, source, "cloudevent"))  # type: ignore[no-untyped-call]
    while True:
        try:
            headers, body = json.loads(requests.recv_bytes())
            answer = function.post("/", headers=headers, data=body)
            requests.send_bytes(b"%03d%b" % (answer.status_code, answer.get_data()))
        except (EOFError, BrokenPipeError):
            return


def _die_with_parent() -> None:
    """Has the kernel end this process with its parent, also amid a long call of native code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
