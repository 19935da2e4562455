"""The container image, built and run without a registry: debootstrap, buildah and podman.

The base is Debian from its own packages, cut down as Docker's "slim" images are. Everything lies in
build/image: no image or container of this machine's own is seen or touched.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emulators.serving import ROOT, free_port, wait_until_it_listens

FOLDER = ROOT / "build" / "image"
DOCKERFILE = ROOT / "functions" / "extract" / "Dockerfile"
IMAGE = "localhost/khana"
BASE = "localhost/khana-base"

STORE = (
    *("--root", str(FOLDER / "storage"), "--runroot", str(FOLDER / "run")),
    # As root inside a container there is no overlay to be had, and vfs works everywhere.
    *("--storage-driver", "vfs"),
)
SLIM = """\
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
path-exclude /usr/share/man/*
"""
SOURCES = """\
deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main
"""
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
"""Given, as podman's own are higher than what a machine may grant."""


def podman(*arguments: str) -> str:
    """What it prints on standard output; an error says what it printed on the other."""
    done = subprocess.run(
        ["podman", *STORE, *arguments], check=False, capture_output=True, cwd=FOLDER
    )
    if done.returncode:
        raise RuntimeError(f"podman {arguments[0]}: {done.stderr.decode()}")
    return done.stdout.decode().strip()


def build() -> None:
    """Makes `IMAGE` from the working tree, and `BASE` before it unless it is there."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if subprocess.run(["podman", *STORE, "image", "exists", BASE], check=False).returncode:
        _import_base()
    with tempfile.TemporaryDirectory(dir=FOLDER) as host:
        # This machine's way to its package index goes in by /mnt, which leaves nothing behind.
        given = ["--build-arg", f"BASE={BASE}", "--volume", f"{host}:/mnt:ro"]
        if authorities := os.environ.get("SSL_CERT_FILE"):
            shutil.copy(authorities, host)
            given += ["--build-arg", f"PIP_CERT=/mnt/{Path(authorities).name}"]
        subprocess.run(
            [
                *("buildah", *STORE, "bud", "--isolation", "chroot", "--network", "host"),
                *("--pull-never", *given, "--file", str(DOCKERFILE), "--tag", IMAGE, str(ROOT)),
            ],
            check=True,
            stdout=sys.stderr,
        )
    # What older builds have left.
    podman("image", "prune", "--force")


def _import_base() -> None:
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        root = Path(folder) / "root"
        subprocess.run(
            ["debootstrap", "--variant=minbase", "bookworm", str(root)],
            check=True,
            stdout=sys.stderr,
        )
        (root / "etc/dpkg/dpkg.cfg.d/docker").write_text(SLIM, encoding="utf-8")
        (root / "etc/apt/sources.list").write_text(SOURCES, encoding="utf-8")
        for name in ("usr/share/man", "usr/share/info", "usr/share/locale", "var/lib/apt/lists"):
            shutil.rmtree(root / name)
        (root / "var/lib/apt/lists").mkdir()
        shutil.rmtree(root / "var/cache/apt")
        for path in (root / "usr/share/doc").glob("*/*"):
            if path.name != "copyright" and not path.is_dir():
                path.unlink()
        archive = Path(folder) / "base.tar"
        subprocess.run(["tar", "-C", root, "-cf", archive, "."], check=True)
        podman("import", str(archive), BASE)


_HERE = ("--runtime", "runc", "--network", "host", *LIMITS)


class Container:
    """One container, made but not started. `url` is where it will listen."""

    def __init__(self, *options: str, command: tuple[str, ...] = (), **variables: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        given = [f"--env={name}={value}" for name, value in variables.items()]
        given += [f"--env={name}={self.port}" for name in ("PORT", "KHANA_PORT")]
        self.id = podman("create", *_HERE, *options, *given, IMAGE, *command)

    def start(self) -> None:
        """Returns when it listens."""
        podman("start", self.id)
        self._first = Path("/proc", podman("inspect", "--format", "{{.State.Pid}}", self.id))
        wait_until_it_listens(self.port, lambda: self.running)

    @property
    def running(self) -> bool:
        """Whether its first process lives."""
        return self._first.exists()

    @property
    def log(self) -> str:
        return podman("logs", self.id)

    def cpu_seconds(self) -> float:
        """Processor time that its processes have taken, those that have ended included."""
        ticks = 0
        for pid in self._pids():
            fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
            # utime, stime, and the same of children that were waited for: proc(5).
            ticks += sum(map(int, fields[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def peak_bytes(self) -> int:
        """The most memory that it has held at once, the pages of files that it read included."""
        groups = (self._first / "cgroup").read_text(encoding="utf-8").splitlines()
        kinds = {line.split(":", 2)[1]: line.split(":", 2)[2] for line in groups}
        # Version 1 of cgroups has a tree for each kind of limit, version 2 one for all: cgroups(7).
        path = (
            Path(f"/sys/fs/cgroup/memory{kinds['memory']}/memory.max_usage_in_bytes")
            if "memory" in kinds
            else Path(f"/sys/fs/cgroup{kinds['']}/memory.peak")
        )
        return int(path.read_text(encoding="utf-8"))

    def run(self, *command: str) -> str:
        """What a command inside prints."""
        return podman("exec", self.id, *command)

    def _pids(self) -> list[str]:
        return podman("top", self.id, "hpid").split()[1:]

    def stop(self) -> int:
        """Asks it to end, as `podman stop` and Cloud Run do; gives its exit code."""
        podman("stop", "--time", "10", self.id)
        return int(podman("inspect", "--format", "{{.State.ExitCode}}", self.id))

    def remove(self) -> None:
        podman("rm", "--force", "--time", "0", self.id)


@contextmanager
def container(
    *options: str, command: tuple[str, ...] = (), **variables: str
) -> Iterator[Container]:
    made = Container(*options, command=command, **variables)
    try:
        yield made
    finally:
        made.remove()


def export() -> None:
    """Builds the image, and writes its files to standard output as a tar archive."""
    build()
    with container() as made:
        subprocess.run(["podman", *STORE, "export", made.id], check=True)


if __name__ == "__main__":
    export()
