"""The `khana` command in a process of its own, as a person runs it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from emulators.serving import free_port, wait_until_it_listens

KHANA = str(Path(sys.executable).with_name("khana"))


def khana(
    *args: object, env: dict[str, str] | None = None, stdout: IO[str] | int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Runs it with no variables but those given."""
    return _run([KHANA, *map(str, args)], env, stdout)


@contextmanager
def serving(data: Path) -> Iterator[tuple[str, int]]:
    """`khana serve`; its address and process number."""
    port = free_port()
    process = subprocess.Popen(
        [KHANA, "serve", "--data", data, "--port", str(port)],
        env=os.environ | {"KHANA_LOG_LEVEL": "error"},
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until_it_listens(port, lambda: process.poll() is None)
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def unprivileged(*args: object) -> subprocess.CompletedProcess[str]:
    """Runs it so that the modes of files hold for it, also where root runs the tests."""
    if os.geteuid() != 0:
        return khana(*args)
    rights = "-dac_override,-dac_read_search"
    without = ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]
    return _run([*without, KHANA, *map(str, args)], None, subprocess.PIPE)


def _run(
    command: list[str], env: dict[str, str] | None, stdout: IO[str] | int
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=300,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(env or {})},
    )
