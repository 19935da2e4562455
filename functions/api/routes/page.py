import flask

site = flask.Blueprint("page", __name__)
