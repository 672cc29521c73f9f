"""The demo's sample lists, to download or to use at once; without a demo there are none."""

from collections.abc import Sequence

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from webapp.samples import SAMPLES, Sample
from webapp.web.core.context import context

blueprint = Blueprint("samples", __name__)


@blueprint.get("/samples/<name>")
def download(name: str) -> ResponseReturnValue:
    sample = find(name)
    if sample is None:
        abort(404, "There is no such sample list.")
    answer = Response(sample.content(), mimetype="text/plain")
    answer.headers.set("Content-Disposition", "attachment", filename=sample.file_name)
    return answer


def offered() -> Sequence[Sample]:
    """What the form for a new submission offers."""
    return SAMPLES if context().settings.demo_key else ()


def find(name: str) -> Sample | None:
    """The sample with this file name, if it is offered."""
    return next((sample for sample in offered() if sample.file_name == name), None)
