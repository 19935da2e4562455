"""The `khana` command in a process of its own, as a person runs it."""

import os
import subprocess
import sys
from pathlib import Path
from typing import IO

KHANA = str(Path(sys.executable).with_name("khana"))


def khana(
    *args: object, env: dict[str, str] | None = None, stdout: IO[str] | int = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Runs it with no variables but those given."""
    return _run([KHANA, *map(str, args)], env, stdout)


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
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(env or {})},
    )
