"""compose.yaml and infra/knative.yaml by their text. `make image-check` runs what they say."""

import re
from zoneinfo import ZoneInfo

import yaml
from emulators.serving import ROOT
from manifests import COMPOSE, KNATIVE, compose, knative, knative_service

DOCKERFILE = (ROOT / "functions/extract/Dockerfile").read_text(encoding="utf-8")


def test_both_give_up_all_that_khana_does_without() -> None:
    for manifest in (compose(), knative()):
        given = set(manifest.options)
        wanted = {
            "--read-only",
            "--tmpfs=/tmp",
            "--cap-drop=ALL",
            "--security-opt=no-new-privileges",
        }
        assert wanted <= given
        assert manifest.command[:2] == ("khana", "serve")
        assert manifest.folders[manifest.variables["KHANA_DATA"]] == "rw"


def test_both_say_where_the_office_is() -> None:
    for manifest in (compose(), knative()):
        zone = manifest.variables["TZ"]
        assert ZoneInfo(zone).key == zone


def test_nobody_else_on_the_network_reaches_it_unasked() -> None:
    service = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]["khana"]
    assert [port.split(":")[0] for port in service["ports"]] == ["127.0.0.1"]
    labels = knative_service()["metadata"]["labels"]
    assert labels["networking.knative.dev/visibility"] == "cluster-local"


def test_knative_runs_one_of_it_as_the_image_s_user_on_the_claim() -> None:
    template = knative_service()["spec"]["template"]
    scale = template["metadata"]["annotations"]
    assert {scale[f"autoscaling.knative.dev/{end}-scale"] for end in ("min", "max")} == {"1"}

    (container,) = template["spec"]["containers"]
    user = re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.M)
    assert user is not None
    assert container["securityContext"]["runAsUser"] == int(user[1])
    assert template["spec"]["securityContext"]["fsGroup"] == int(user[2])

    claim = next(yaml.safe_load_all(KNATIVE.read_text(encoding="utf-8")))
    volumes = [volume.get("persistentVolumeClaim") for volume in template["spec"]["volumes"]]
    assert {"claimName": claim["metadata"]["name"]} in volumes
