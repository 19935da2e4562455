"""The web page: a file per address, and here what they all share."""

import flask

from core.invoice import Status
from core.pictures import has_picture
from core.wording import label, percent
from functions.api import languages, words
from functions.api.context import context
from functions.api.pages import drive, inbox, invoice, overview, preferences, sign_in, templates

site = flask.Blueprint("page", __name__)
site.add_url_rule("/", view_func=inbox.inbox)
site.add_url_rule("/invoices/<invoice_id>", view_func=invoice.invoice)
site.add_url_rule("/overview", view_func=overview.overview)
site.add_url_rule("/drive", view_func=drive.drive)
site.add_url_rule("/templates", view_func=templates.templates)
site.add_url_rule("/new-template", view_func=templates.new_template)
site.add_url_rule("/page-picture", view_func=templates.page_picture, methods=["POST"])
site.add_url_rule("/templates/<template_id>", view_func=templates.template)
site.add_url_rule("/templates/<template_id>/picture", view_func=templates.template_picture)
site.add_url_rule("/preferences", view_func=preferences.prefer, methods=["POST"])
site.add_url_rule("/sign-in", view_func=sign_in.sign_in, methods=["GET", "POST"])
site.add_url_rule("/sign-in/google", view_func=sign_in.to_google)
site.add_url_rule("/sign-in/google/back", view_func=sign_in.from_google)
site.add_url_rule("/sign-out", view_func=sign_in.sign_out, methods=["POST"])


@site.app_context_processor
def _on_every_page() -> dict[str, object]:
    language = languages.language()
    return {
        "lang": language.code,
        "dir": language.direction,
        "other_language": languages.other(language),
        "theme": preferences.theme(),
        "script_words": languages.script_words(language),
        "max_file_bytes": context().settings.max_file_bytes,
        **sign_in.about_session(),
    }


@site.record
def _add_words(state: flask.blueprints.BlueprintSetupState) -> None:
    environment = state.app.jinja_env
    environment.globals.update(
        _=languages.say,
        Status=Status,
        STATUS=words.STATUS,
        SOURCES=words.SOURCES,
        ERRORS=words.ERRORS,
        NOTES=words.NOTES,
        SIGN_IN_FAULTS=words.SIGN_IN_FAULTS,
        REMEDIES=words.REMEDIES,
        has_picture=has_picture,
        lowest_confidence=words.lowest_confidence,
    )
    environment.tests["single"] = lambda items: len(items) == 1
    environment.filters.update(
        label=lambda name: languages.field(label(name)),
        amount=words.amount,
        percent=percent,
        rule=words.rule,
        sentence=words.sentence,
        in_words=words.in_words,
    )
