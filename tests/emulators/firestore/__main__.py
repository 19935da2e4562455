"""Serves the double until it is stopped: `python -m tests.emulators.firestore --help`."""

import argparse
import json
import signal
from pathlib import Path

from .server import FirestoreDouble


def main() -> None:
    parser = argparse.ArgumentParser(description="A double of Firestore, empty at its start.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--indexes", type=Path, help="a firestore.indexes.json to be held to")
    arguments = parser.parse_args()
    indexes = arguments.indexes and json.loads(arguments.indexes.read_text())["indexes"]
    ends = {signal.SIGINT, signal.SIGTERM}
    # Before the server's threads start, which must not catch them either.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with FirestoreDouble(port=arguments.port, indexes=indexes) as firestore:
        print(f"export FIRESTORE_EMULATOR_HOST={firestore.host}", flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
