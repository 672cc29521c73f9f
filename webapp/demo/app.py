"""The demo's web application: the dashboard, and sample lists on the form for a new submission."""

from flask import Blueprint, Flask, Response, abort, request
from flask.typing import ResponseReturnValue

from webapp import web
from webapp.demo.samples import PROJECT_ID, SAMPLES
from webapp.settings import Settings
from webapp.store import Store
from webapp.web.submissions.routes import filled_form

blueprint = Blueprint("samples", __name__)
_samples = {sample.file_name: sample for sample in SAMPLES}


def create_app(settings: Settings, store: Store) -> Flask:
    """The dashboard's application, with the demo's addresses and its panel added."""
    app = web.create_app(settings, store)
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(new_submission_panels=["demo/_samples.html"], samples=SAMPLES)
    return app


@blueprint.get("/samples/<name>")
def download(name: str) -> ResponseReturnValue:
    if name not in _samples:
        abort(404, "There is no such sample list.")
    answer = Response(_samples[name].content, mimetype="text/plain")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


@blueprint.before_app_request
def fill_in_sample() -> ResponseReturnValue | None:
    """Answer /submissions/new?sample=NAME by the form with the ids of that sample list in it; so,
    too, the form itself when it is sent there with a sample: what was filled in stays.
    """
    if request.endpoint not in {"submissions.new", "submissions.search"}:
        return None
    sample = _samples.get(request.values.get("sample", ""))
    return filled_form(sample.content, PROJECT_ID) if sample else None
