"""What compose.yaml and infra/knative.yaml ask for, as options of podman."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from emulators.serving import ROOT

COMPOSE = ROOT / "compose.yaml"
KNATIVE = ROOT / "infra" / "knative.yaml"


@dataclass(frozen=True)
class Manifest:
    """One container. `folders` are where it keeps or finds files: paths inside, with their mode."""

    options: tuple[str, ...]
    command: tuple[str, ...]
    variables: dict[str, str]
    folders: dict[str, str]

    def mounted(self, folder: Path) -> tuple[str, ...]:
        """The options, and folders of `folder` for those that it names."""
        options = list(self.options)
        for path, mode in self.folders.items():
            host = folder / path.strip("/")
            host.mkdir()
            host.chmod(0o777)
            options.append(f"--volume={host}:{path}:{mode}")
        return tuple(options)


def compose() -> Manifest:
    service = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["khana"]
    volumes = [volume.split(":") for volume in service["volumes"]]
    return Manifest(
        options=(
            *_read_only(service["read_only"], service["tmpfs"]),
            *(f"--cap-drop={name}" for name in service["cap_drop"]),
            *(f"--security-opt={name.replace(':true', '')}" for name in service["security_opt"]),
        ),
        command=tuple(service["command"]),
        variables=service["environment"],
        folders={path: (*mode, "rw")[0] for _, path, *mode in volumes},
    )


def knative() -> Manifest:
    spec = knative_service()["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    security, limits = container["securityContext"], container["resources"]["limits"]
    kinds = {volume["name"]: volume for volume in spec["volumes"]}
    mounts = {mount["mountPath"]: kinds[mount["name"]] for mount in container["volumeMounts"]}
    memory = limits["memory"].removesuffix("i").lower()
    return Manifest(
        options=(
            *_read_only(
                security["readOnlyRootFilesystem"],
                [path for path, kind in mounts.items() if "emptyDir" in kind],
            ),
            *(f"--cap-drop={name}" for name in security["capabilities"]["drop"]),
            *(["--security-opt=no-new-privileges"] * (not security["allowPrivilegeEscalation"])),
            f"--user={security['runAsUser']}:0",
            f"--group-add={spec['securityContext']['fsGroup']}",
            *(f"--cpus={limits['cpu']}", f"--memory={memory}", f"--memory-swap={memory}"),
        ),
        command=tuple(container["args"]),
        variables={variable["name"]: variable["value"] for variable in container["env"]},
        folders={path: "rw" for path, kind in mounts.items() if "emptyDir" not in kind},
    )


def knative_service() -> dict[str, Any]:
    documents = yaml.safe_load_all(KNATIVE.read_text(encoding="utf-8"))
    (service,) = (document for document in documents if document["kind"] == "Service")
    return service


def _read_only(read_only: bool, writable: list[str]) -> tuple[str, ...]:
    # podman would add a /tmp of its own.
    given = ("--read-only", "--read-only-tmpfs=false") if read_only else ()
    return (*given, *(f"--tmpfs={path}" for path in writable))
