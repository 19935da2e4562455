"""Serves the double until it is stopped: `python -m tests.emulators.firestore [--port 8686]`."""

import argparse
import signal

from .server import FirestoreDouble


def main() -> None:
    parser = argparse.ArgumentParser(description="A double of Firestore, empty at its start.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    arguments = parser.parse_args()
    ends = {signal.SIGINT, signal.SIGTERM}
    # Before the server's threads start, which must not catch them either.
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    with FirestoreDouble(port=arguments.port) as firestore:
        print(f"export FIRESTORE_EMULATOR_HOST={firestore.host}", flush=True)
        signal.sigwait(ends)


if __name__ == "__main__":
    main()
