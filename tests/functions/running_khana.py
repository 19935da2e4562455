"""The `khana` command in a process of its own, as a person runs it."""

import subprocess
import sys
from pathlib import Path

KHANA = str(Path(sys.executable).with_name("khana"))


def khana(*args: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs it with no variables but those given."""
    return subprocess.run(
        [KHANA, *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(env or {})},
    )
