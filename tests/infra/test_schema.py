"""Every argument and block of infra/terraform is one that Google's provider knows."""

import copy

import pytest
import terraform
from terraform import Schema

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema()


def test_all_is_as_the_provider_has_it(schema: Schema) -> None:
    found = terraform.resources()
    assert len(found) > 30
    assert [fault for resource in found for fault in schema.faults(resource)] == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.update(colour="blue"), "has no colour"),
        (lambda body: body.pop("location"), "lacks location"),
        (lambda body: body["versioning"][0].update(enable=True), "has no enable"),
        (lambda body: body["versioning"][0].pop("enabled"), "lacks enabled"),
        (lambda body: body["lifecycle_rule"][0].pop("condition"), "lacks condition"),
    ],
)
def test_what_it_does_not_know_is_found(schema: Schema, change, said: str) -> None:
    bucket = copy.deepcopy(terraform.resources("google_storage_bucket")[0])
    change(bucket.body)
    (fault,) = schema.faults(bucket)
    assert said in fault
