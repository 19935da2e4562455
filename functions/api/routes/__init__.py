"""The addresses that the app answers, a file per thing."""

from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag

from functions.api.schemas import ErrorBody


def blueprint(name: str) -> APIBlueprint:
    """A blueprint of the JSON API, shown under `name` in its description."""
    return APIBlueprint(
        name,
        __name__,
        abp_tags=[Tag(name=name)],
        # Either of the two: where Khana answers its own machine alone, no proof is asked for.
        abp_security=[{"bearer": []}, {}],
        abp_responses=dict.fromkeys((400, 401, 403, 422, 429, 500, 503), ErrorBody),
        operation_id_callback=_operation_id,
    )


def _operation_id(*, name: str, path: str, method: str) -> str:
    """The function's own name, which is what generated clients call the method."""
    return name
