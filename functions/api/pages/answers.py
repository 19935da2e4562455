"""How a page is answered."""

import flask


def page(template: str, /, **values: object) -> flask.Response:
    """A page that the browser asks for anew each time, and that isn't sent again if unchanged."""
    answer = flask.make_response(flask.render_template(template, **values))
    answer.add_etag()
    return answer.make_conditional(flask.request)  # type: ignore[return-value]  # it is itself
