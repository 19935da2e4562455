"""What must hold of the deployment, whatever else is changed in it."""

import json
import re
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
import terraform
from emulators.eventarc import notification
from terraform import Resource, plain, resources

from core.invoice import ObjectRef
from core.settings import PREFIX, Settings
from functions.api.private import LONGEST_S

pytestmark = pytest.mark.infra

IAM = re.compile(r"_iam_(member|binding|policy)$")


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _grants() -> list[Resource]:
    return [each for each in resources() if IAM.search(each.kind)]


def test_nobody_gets_in_without_a_name() -> None:
    everything = _text(terraform.parsed())
    assert "allAuthenticatedUsers" not in everything
    # The API alone, and only where it asks for a proof itself.
    assert everything.count("allUsers") == 1
    (callers,) = [
        each.body["for_each"]
        for each in resources("google_cloud_run_v2_service_iam_member")
        if each.name == "api"
    ]
    assert plain(callers) == 'toset(var.sign_in == null ? var.api_callers : ["allUsers"])'
    guard = plain(terraform.local("guard"))
    assert re.match(r'var\.sign_in == null \? \{\s*KHANA_ACCESS\s*=\s*"none"\s*\} :', guard), guard
    assert re.search(r'KHANA_ACCESS\s*=\s*"required"', guard)


def test_an_api_caller_has_a_name() -> None:
    (rule,) = terraform.variables()["api_callers"]["validation"]
    allowed = re.compile(re.search(r'regex\("(\^[^"]+)"', plain(rule["condition"]))[1])
    assert allowed.match("user:a@example.com")
    assert not allowed.match("allUsers")
    assert not allowed.match("allAuthenticatedUsers")


def test_no_role_is_a_primitive_one_or_an_administrator_s() -> None:
    roles = set(re.findall(r"roles/[\w.]+", _text(terraform.parsed())))
    assert len(roles) > 8
    forbidden = {"roles/owner", "roles/editor", "roles/viewer"}
    assert not roles & forbidden
    assert not [role for role in roles if "admin" in role.lower()]


def test_grants_add_to_what_is_there_and_take_nothing_from_others() -> None:
    assert {IAM.search(each.kind)[1] for each in _grants()} == {"member"}


def test_each_function_has_an_account_of_its_own_and_none_a_key() -> None:
    text = {each.address: _text(each.body) for each in resources()}
    used = {
        address: re.findall(r'google_service_account\.of\[\\"([\w-]+)\\"\]\.email', text[address])
        for address in (
            "google_cloudfunctions2_function.drive_watch",
            "google_cloudfunctions2_function.api",
            "google_cloud_run_v2_service.extract",
            "google_cloud_run_v2_service.read_now",
            "google_cloudfunctions2_function.webhooks",
        )
    }
    accounts = ["drive-watch", "api", "extract", "read-now", "webhooks"]
    assert list(used.values()) == [[account] for account in accounts]
    assert not resources("google_service_account_key")


def test_buckets_are_closed_and_forget_nothing_at_once() -> None:
    buckets = resources("google_storage_bucket")
    assert len(buckets) == 2
    for bucket in buckets:
        assert bucket.body["uniform_bucket_level_access"] is True
        assert plain(bucket.body["public_access_prevention"]) == "enforced"
        assert bucket.body["versioning"] == [{"enabled": True}]
        assert bucket.body["lifecycle_rule"]


def test_of_others_accounts_only_those_that_can_be_left_out_are_granted_anything() -> None:
    """An organisation may refuse every grant to who isn't of it, and with it the deployment."""
    others = [each for each in _grants() if re.search(r"@google\.com|allUsers", _text(each.body))]
    left_out = {
        each.name: plain(each.body.get("count") or each.body["for_each"]) for each in others
    }
    assert left_out.keys() == {"access_logs", "api"}
    assert left_out["access_logs"] == "var.access_logs ? 1 : 0"
    assert "var.sign_in == null ? var.api_callers" in left_out["api"]
    (bucket,) = [each for each in resources("google_storage_bucket") if each.name == "invoices"]
    # Without the grant Cloud Storage would have nowhere to write to.
    assert "var.access_logs" in _text(bucket.body["dynamic"])


KEEPS_DATA = {
    "google_storage_bucket": "default_kms_key_name",
    "google_firestore_database": "kms_key_name",
    "google_pubsub_topic": "kms_key_name",
    "google_artifact_registry_repository": "kms_key_name",
    "google_cloudfunctions2_function": "kms_key_name",
    "google_cloud_run_v2_service": "encryption_key",
    "google_secret_manager_secret": "kms_key_name",
}


def test_a_key_of_one_s_own_encrypts_all_that_is_kept_once_its_services_may_use_it() -> None:
    for kind, argument in KEEPS_DATA.items():
        assert resources(kind)
        for each in resources(kind):
            text = _text(each.body)
            assert argument in text, each.address
            assert "var.kms_key" in text, each.address
            assert "google_kms_crypto_key_iam_member.agents" in text, each.address
    (agents,) = resources("google_kms_crypto_key_iam_member")
    assert plain(agents.body["for_each"]).startswith("var.kms_key == null ? {} : {")


def test_the_agents_that_a_key_is_granted_to_are_made_before_it_is() -> None:
    script = (terraform.ROOT / "infra" / "deploy.sh").read_text(encoding="utf-8")
    made = re.search(r"for service in ([\w\s\\]+); do\s+gcloud beta services identity", script)
    (agents,) = resources("google_kms_crypto_key_iam_member")
    granted = re.findall(
        r"gcp-sa-(\w+)|@?(serverless-robot)|(gcf-admin)", plain(agents.body["for_each"])
    )
    names = {"serverless-robot": "run", "gcf-admin": "cloudfunctions"}
    needed = {names.get(each, each) for found in granted for each in found if each}
    assert needed
    assert needed <= set(made[1].replace("\\", " ").split())
    before = script[: made.start()]
    assert "google_artifact_registry_repository.images" not in before.partition("begin() {")[2]


def test_functions_are_built_where_tags_may_move() -> None:
    """Each build pushes the tags of the one before anew."""
    kept = {each.name: each.body for each in resources("google_artifact_registry_repository")}
    assert kept["images"]["docker_config"] == [{"immutable_tags": True}]
    assert "docker_config" not in kept["builds"]
    for function in resources("google_cloudfunctions2_function"):
        assert "google_artifact_registry_repository.builds.id" in _text(function.body)


def test_functions_are_built_from_where_google_puts_their_sources() -> None:
    """Not from the bucket that Terraform puts them into:
    https://github.com/hashicorp/terraform-provider-google/issues/20571"""
    roles = {
        plain(each["role"])
        for name, each in terraform.local("project_roles").items()
        if not name.startswith("__") and plain(each["account"]) == "build"
    }
    assert "roles/storage.objectViewer" in roles


def test_a_role_of_the_whole_project_is_for_one_database_or_bucket() -> None:
    narrowed = terraform.local("narrowed")
    for role, resource in {
        "roles/datastore.user": "/databases/${local.database}",
        "roles/storage.objectViewer": "/buckets/gcf-v2-sources-",
    }.items():
        (given,) = [each for name, each in narrowed.items() if plain(name) == role]
        assert resource in plain(given["expression"])
    (granted,) = [g for g in resources("google_project_iam_member") if g.name == "of"]
    assert "local.narrowed, each.value.role" in _text(granted.body)


def test_a_restored_database_is_used_and_may_be() -> None:
    """Instead of the one that Terraform makes, which keeps its name: accounts may use one alone."""
    chosen = plain(terraform.local("database"))
    assert chosen == "var.database == null ? google_firestore_database.results.name : var.database"
    assert plain(terraform.local("given")["KHANA_DATABASE"]) == "local.database"
    guide = (terraform.ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    assert "`database`" in guide


def test_a_name_is_one_that_a_database_can_have() -> None:
    (rule,) = terraform.variables()["name"]["validation"]
    allowed = re.compile(re.search(r'regex\("(\^[^"]+)"', plain(rule["condition"]))[1])
    assert all(allowed.match(name) for name in ("khana", "khana-2", "kh-1", "k" * 15))
    assert not [name for name in ("kh", "khana-", "2khana", "k" * 16) if allowed.match(name)]


def test_metrics_say_where_they_are_from() -> None:
    """Cloud Monitoring drops, without a word, each point that doesn't."""
    said = plain(terraform.local("given")["OTEL_RESOURCE_ATTRIBUTES"])
    assert said == "cloud.region=${var.region}"


def test_all_that_is_called_is_turned_on() -> None:
    enabled = {plain(api) for api in terraform.local("apis")}
    # Whose resources are made here, or whose agents are granted something.
    text = _text(terraform.parsed())
    made = {
        "artifactregistry": "google_artifact_registry_",
        "cloudfunctions": "google_cloudfunctions2_",
        "cloudkms": "google_kms_",
        "cloudscheduler": "google_cloud_scheduler_",
        "eventarc": "google_eventarc_",
        "firestore": "google_firestore_",
        "pubsub": "google_pubsub_",
        "run": "google_cloud_run_",
        "secretmanager": "google_secret_manager_",
        "storage": "google_storage_",
    }
    assert all(kind in text for kind in made.values())
    called = {*made, "drive", "iamcredentials", "telemetry", "cloudtrace", "monitoring"}
    assert {f"{name}.googleapis.com" for name in called} <= enabled


def test_the_api_has_a_thread_for_each_request_that_comes_in() -> None:
    (api,) = [f for f in resources("google_cloudfunctions2_function") if f.name == "api"]
    (service,) = api.body["service_config"]
    threads = int(re.search(r"\bTHREADS\W+(\d+)", _text(service))[1])
    assert threads == service["max_instance_request_concurrency"]


def test_what_calls_a_function_calls_one_that_is_there_and_may() -> None:
    known = {each.address for each in resources()}
    callers = [
        *resources("google_cloud_scheduler_job"),
        *resources("google_pubsub_subscription"),
        *resources("google_eventarc_trigger"),
    ]
    targets = {
        target
        for each in callers
        for target in re.findall(
            r"google_(?:cloud_run_v2_service|cloudfunctions2_function)\.\w+", _text(each.body)
        )
    }
    assert targets <= known
    assert targets == {
        "google_cloud_run_v2_service.extract",
        "google_cloudfunctions2_function.drive_watch",
        "google_cloudfunctions2_function.webhooks",
    }
    invoked = _text([each.body for each in resources("google_cloud_run_v2_service_iam_member")])
    assert all(target in invoked for target in targets)


def test_all_that_is_referred_to_is_declared() -> None:
    text = _text(terraform.parsed())
    known = {each.address for each in resources()}
    data = {each.address for each in resources() if each.mode == "data"}
    named = set(re.findall(r"\b(google_[a-z0-9_]+\.[a-z_]+)\b", text))
    assert {name for name in named if name not in known and name not in data} == set()
    assert set(re.findall(r"\bvar\.(\w+)", text)) == set(terraform.variables())
    locals_ = {name for block in terraform.parsed()["locals"] for name in block}
    assert set(re.findall(r"\blocal\.(\w+)", text)) <= locals_


def test_each_variable_says_what_it_is_and_the_example_names_those_without_a_default() -> None:
    example = (terraform.FOLDER / "terraform.tfvars.example").read_text(encoding="utf-8")
    for name, body in terraform.variables().items():
        assert body["description"], name
        assert body["type"], name
        if "default" not in body and name != "image":
            assert re.search(rf"^{name}\s+=", example, re.MULTILINE), name


def test_the_settings_that_are_given_are_ones_that_khana_knows() -> None:
    given = set(re.findall(rf"\b{PREFIX}([A-Z_]+)", _text(terraform.parsed())))
    assert {name.lower() for name in given} <= set(Settings.model_fields)
    assert {"backend", "project", "bucket", "database"} <= {name.lower() for name in given}


def test_any_other_setting_can_be_given_to_all_that_runs_and_none_of_those_overridden() -> None:
    assert "merge(var.settings, local.given)" in _text(terraform.local("environment"))
    for kind in ("google_cloudfunctions2_function", "google_cloud_run_v2_service"):
        for each in resources(kind):
            given = _text(each.body)
            assert re.search(r"local\.environment|merge\(var\.settings, ", given), each.address
    (rule,) = terraform.variables()["settings"]["validation"]
    allowed = re.compile(re.search(r'regex\("(\^[^"]+)"', plain(rule["condition"]))[1])
    assert all(allowed.match(PREFIX + name.upper()) for name in Settings.model_fields)
    assert not allowed.match("FIRESTORE_EMULATOR_HOST")


def test_all_that_runs_has_the_office_s_day() -> None:
    assert plain(terraform.local("given")["TZ"]) == "var.time_zone"
    for kind in ("google_cloudfunctions2_function", "google_cloud_run_v2_service"):
        for each in resources(kind):
            given = _text(each.body)
            assert "local.environment" in given or "var.time_zone" in given, each.address
    # It knows the database, and so refuses a name that is none, which would be UTC elsewhere.
    for job in resources("google_cloud_scheduler_job"):
        assert plain(job.body["time_zone"]) == "var.time_zone"


def test_a_time_zone_is_a_name_of_the_database() -> None:
    (rule,) = terraform.variables()["time_zone"]["validation"]
    allowed = re.compile(re.search(r'regex\("(\^[^"]+)"', plain(rule["condition"]))[1])
    assert all(allowed.match(name) for name in available_timezones() if "/" in name)
    assert not [name for name in ("UTC+3", "+03", "Riyadh", "asia/riyadh") if allowed.match(name)]
    default = plain(terraform.variables()["time_zone"]["default"])
    assert ZoneInfo(default).key == default


def test_a_function_ends_later_than_the_look_that_it_takes() -> None:
    (watch,) = [f for f in resources("google_cloudfunctions2_function") if f.name == "drive_watch"]
    (service,) = watch.body["service_config"]
    look = float(re.search(r"KHANA_WATCH_TIMEOUT\W+(\d+)", _text(service))[1])
    assert service["timeout_seconds"] - look >= 180, "a busy Drive is waited for, for two minutes"


def test_the_api_ends_later_than_its_call_of_another_function() -> None:
    (api,) = [f for f in resources("google_cloudfunctions2_function") if f.name == "api"]
    assert api.body["service_config"][0]["timeout_seconds"] - LONGEST_S >= 10


def test_a_message_is_not_sent_again_while_it_is_read() -> None:
    (extract,) = [s for s in resources("google_cloud_run_v2_service") if s.name == "extract"]
    longest = int(plain(extract.body["template"][0]["timeout"]).removesuffix("s"))
    (pushed,) = [s for s in resources("google_pubsub_subscription") if s.name == "extract"]
    assert pushed.body["ack_deadline_seconds"] >= longest


def test_what_storage_sends_is_what_extract_is_tested_with() -> None:
    """A push that has attributes alone (NONE) is no message to functions-framework, which answers
    400 to it."""
    (told,) = resources("google_storage_notification")
    sent = notification(ObjectRef(bucket="b", name="invoices/a", generation=1))
    assert sent["data"]
    assert sent["attributes"]["payloadFormat"] == plain(told.body["payload_format"])
    assert [sent["attributes"]["eventType"]] == [plain(t) for t in told.body["event_types"]]


def test_a_file_is_tried_as_often_as_on_one_machine() -> None:
    (pushed,) = [s for s in resources("google_pubsub_subscription") if s.name == "extract"]
    tries = pushed.body["dead_letter_policy"][0]["max_delivery_attempts"]
    assert tries == Settings.model_fields["max_attempts"].default


def test_each_alert_is_explained() -> None:
    guide = (terraform.ROOT / "docs" / "operate.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^### `([\w-]+)`", guide, re.MULTILINE))
    alerts = {
        plain(key)
        for name in ("alerts", "said")
        for key in terraform.local(name)
        if not key.startswith("__")
    }
    assert explained == alerts | {"no-looks"}
    policies = {each.name: each for each in resources("google_monitoring_alert_policy")}
    assert policies.keys() == {"of", "said", "no_looks"}
    for policy in policies.values():
        assert "docs/operate.md, under `" in _text(policy.body["documentation"])
        assert policy.body["notification_channels"]


def test_looks_that_fail_ring_however_slowly_they_do() -> None:
    """A look that waits for a busy Drive takes minutes to fail, and the next one waits for it."""
    described = plain(terraform.variables()["schedule"]["description"])
    assert "six times an hour at least" in described
    for name in ("drive-fails", "webhooks-fail"):
        alert = terraform.local("alerts")[name]
        assert int(plain(alert["window"]).removesuffix("s")) / 600 > alert["above"]
    (absent,) = [
        each for each in resources("google_monitoring_alert_policy") if each.name == "no_looks"
    ]
    # Calls that are refused are no looks.
    assert "2xx" in _text(absent.body["conditions"])


def test_an_alert_that_waits_for_a_log_line_does_not_wait_for_its_metric() -> None:
    """Monitoring knows a new metric after minutes; an alert on it would fail the first `apply`."""
    for policy in resources("google_monitoring_alert_policy"):
        assert "google_logging_metric" not in _text(policy.body)
    assert "google_logging_metric" not in _text(terraform.local("alerts"))


def test_the_indexes_are_those_that_the_queries_are_tested_against() -> None:
    assert "core/adapters/google/firestore.indexes.json" in plain(terraform.local("declared"))
