"""infra/deploy.sh: what it does, in which order. Scripts that note their calls stand for what it
calls, which would need a project of Google Cloud."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from emulators.serving import ROOT

pytestmark = pytest.mark.infra

REGISTRY = "me-central1-docker.pkg.dev/a-project/khana"
DIGEST = "sha256:" + "1" * 64
ZEROS = "none@sha256:" + "0" * 64

PROGRAMS = {
    # The registry is there once it was applied, an image once it was pushed.
    "terraform": f"""case "$*" in
*" output "*) [ -e registry ] && printf %s {REGISTRY} ;;
*" console "*) printf '"a-project"\n' ;;
*-target=google_artifact_registry_repository.images*) touch registry ;;
*" init "*)
    mkdir -p khana/infra/terraform/.terraform
    touch khana/infra/terraform/.terraform/provider khana/infra/terraform/.terraform.lock.hcl ;;
esac""",
    "gcloud": f"""case "$*" in
*" describe "*) [ -e pushed ] && printf %s {DIGEST} ;;
*print-identity-token*) printf a-token ;;
esac""",
    "docker": """case "$1" in push) touch pushed ;; esac""",
}


class Checkout:
    """A clean checkout with the files that a person fills in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "infra", folder / "infra", ignore=shutil.ignore_patterns("*.zip"))
        shutil.copy(ROOT / ".gitignore", folder)
        self.calls = folder.parent / "calls"
        for name, script in PROGRAMS.items():
            self._program(folder.parent / "bin" / name, name, script)
        self._program(folder / ".venv" / "bin" / "python", "python", "")
        for command in ("init -q", "add -A", "commit -qm All"):
            subprocess.run(
                ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *command.split()],
                cwd=folder,
                check=True,
            )
        for name in ("terraform.tfvars", "state.gcs.tfbackend"):
            shutil.copy(
                ROOT / "infra" / "terraform" / f"{name}.example",
                folder / "infra" / "terraform" / name,
            )

    def _program(self, path: Path, name: str, script: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            f'#!/bin/sh\necho "{name} $*" >> {self.calls}\ncd {self.folder.parent}\n{script}\n'
        )
        path.chmod(0o755)

    def run(self, *command: str, path: str = "") -> tuple[int, str, list[str]]:
        """Exit code, what was said, and the calls that changed something or showed a plan."""
        self.calls.write_text("")
        done = subprocess.run(
            ["bash", "infra/deploy.sh", *command],
            cwd=self.folder,
            env=os.environ | {"PATH": path or f"{self.folder.parent / 'bin'}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=False,
        )
        calls = self.calls.read_text().replace("terraform -chdir=infra/terraform", "terraform")
        asked = ("terraform output", "gcloud artifacts docker images describe")
        return (
            done.returncode,
            done.stderr,
            [line for line in calls.splitlines() if not line.startswith(asked)],
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    (tmp_path / "khana").mkdir()
    return Checkout(tmp_path / "khana")


def verbs(calls: list[str]) -> list[str]:
    return [" ".join(call.split()[:2]) for call in calls]


def test_a_plan_makes_nothing_even_before_anything_is_there(checkout: Checkout) -> None:
    code, said, calls = checkout.run("plan")
    assert (code, verbs(calls)) == (
        0,
        ["terraform init", "python infra/package.py", "terraform plan"],
    )
    assert calls[-1].endswith(f"image={ZEROS}")
    assert "digest of zeros" in said


def test_the_first_deployment_makes_the_agents_then_the_registry_the_image_and_the_rest(
    checkout: Checkout,
) -> None:
    code, _, calls = checkout.run("deploy")
    assert code == 0
    assert verbs(calls) == [
        "terraform init",
        "python infra/package.py",
        "terraform console",
        "terraform apply",  # the APIs
        "gcloud storage",
        *["gcloud beta"] * 8,
        "terraform apply",  # the registry, which waits for what the agents are granted
        "terraform apply",  # its output
        "gcloud auth",
        "docker build",
        "docker push",
        "terraform apply",
    ]
    assert calls[-1].endswith(f"image={REGISTRY}/khana@{DIGEST}")
    made = [call for call in calls if call.startswith("gcloud beta services identity create")]
    assert all(call.endswith("--project=a-project") for call in made)
    # It asks before it changes anything that runs.
    assert "-auto-approve" not in calls[-1]


def test_the_next_deployment_of_a_commit_builds_nothing(checkout: Checkout) -> None:
    checkout.run("deploy")
    code, _, calls = checkout.run("deploy")
    assert (code, verbs(calls)[2:]) == (0, ["terraform apply"])
    code, _, calls = checkout.run("plan")
    assert (code, verbs(calls)[2:]) == (0, ["terraform plan"])
    assert calls[-1].endswith(f"image={REGISTRY}/khana@{DIGEST}")


def test_what_is_not_committed_is_not_deployed(checkout: Checkout) -> None:
    (checkout.folder / "more.txt").touch()
    code, said, calls = checkout.run("deploy")
    assert (code, calls) == (1, [])
    assert "not committed" in said


def test_what_is_missing_is_named(checkout: Checkout) -> None:
    (checkout.folder / "infra" / "terraform" / "terraform.tfvars").unlink()
    code, said, _ = checkout.run("deploy")
    assert (code, "copy terraform.tfvars.example" in said) == (1, True)
    little = checkout.folder.parent / "little"
    little.mkdir()
    for program in ("bash", "dirname"):
        (little / program).symlink_to(shutil.which(program) or "")
    code, said, _ = checkout.run("deploy", path=str(little))
    assert (code, "Missing here: terraform gcloud docker git. " in said) == (1, True)
    assert checkout.run("dance")[0] == 2


def test_smoke_shows_a_token_and_destroy_asks(checkout: Checkout) -> None:
    checkout.run("deploy")
    code, _, calls = checkout.run("smoke")
    assert (code, calls[-1]) == (0, f"python infra/smoke.py {REGISTRY} --token a-token")
    code, said, calls = checkout.run("destroy")
    assert (code, calls[-1]) == (0, f"terraform destroy -var image={ZEROS}")
    assert "Bucket and database stay" in said
