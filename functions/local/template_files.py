"""Templates as files: JSON, beside the reference picture that it names."""

from pathlib import Path

from core.errors import TemplateError
from core.ports import StoredTemplate
from core.template import load_template


def read_template_file(path: Path) -> StoredTemplate:
    """A template file with its reference picture.

    Raises:
        TemplateError: it, a rule of it, or its reference can't be used.
    """
    from core.checking.checks import check_rules  # noqa: PLC0415  # `khana config` must not wait for it

    template = load_template(path)
    try:
        check_rules(template)
    except TemplateError as error:
        raise TemplateError(f"{path}: {error.message}", code=error.code) from error
    if template.reference is None:
        return StoredTemplate(template)
    picture = path.parent / template.reference
    try:
        return StoredTemplate(template, picture.read_bytes())
    except OSError as error:
        raise TemplateError(
            f"{path}: the reference picture {picture} can't be read: {error.strerror}",
            code="reference_missing",
        ) from error
