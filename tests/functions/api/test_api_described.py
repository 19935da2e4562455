"""The API does what its description says: Schemathesis makes requests of it, right ones and wrong.

https://schemathesis.readthedocs.io/en/stable/
"""

import hypothesis
import pytest
import schemathesis
from drawn import OPERATIONS, Read, local_alone
from flask_openapi3.openapi import OpenAPI
from hypothesis import HealthCheck
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

TAKES_ANYTHING = {
    "GET /v1/invoices/{invoice_id}",
    "DELETE /v1/invoices/{invoice_id}",
    "GET /v1/invoices/{invoice_id}/crops/{field}.png",
    "GET /v1/templates",
    "GET /v1/templates/{template_id}",
    "DELETE /v1/templates/{template_id}",
    "GET /v1/webhooks",
    "DELETE /v1/webhooks/{webhook_id}",
    "POST /v1/drive:notify",
    "POST /v1/drive:sync",
    "GET /healthz",
}
"""Ids and headers are any text, and the rest takes nothing."""


# Other threads of the process draw random numbers, too, and that is all that it means.
@pytest.mark.filterwarnings(
    "ignore:Do not use the .random. module:hypothesis.errors.HypothesisDeprecationWarning"
)
@local_alone
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_it_does_what_it_says(
    app: OpenAPI, read: Read, operation: str, mode: GenerationMode
) -> None:
    read()
    method, path = operation.split()
    described = schemathesis.openapi.from_wsgi("/openapi.json", app)[path][method]

    if mode is GenerationMode.NEGATIVE and operation in TAKES_ANYTHING:
        pytest.skip("no request to it is wrong by the description")

    @hypothesis.given(case=described.as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=15,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def ask(case: schemathesis.Case) -> None:
        # What a file holds, whether there is such a template, what makes a page token: no
        # description says. The client of the tests unpacks no gzip.
        told = method == "GET" and "page_token" not in (case.query or {})
        case.call_and_validate(
            headers={"Accept-Encoding": "identity"},
            excluded_checks=[] if told else [positive_data_acceptance],
        )

    ask()
