"""Pages and parts of pages: for each a frozen dataclass of what its template is given."""

from dataclasses import dataclass
from typing import Any, ClassVar, dataclass_transform

from flask import current_app, g, get_flashed_messages, render_template

from webapp import __version__
from webapp.store import DatabaseAway, workers
from webapp.store.accounts import Account
from webapp.web.core import theme
from webapp.web.core.context import context

STARTED_AT = "STARTED_AT"  # of the application, among its settings


@dataclass_transform(frozen_default=True)
class Part:
    """A part of a page: its fields are what its template is given, under their names.

    Each subclass is made a frozen dataclass.
    """

    template: ClassVar[str]

    def __init_subclass__(cls) -> None:
        dataclass(frozen=True)(cls)


class Page(Part):
    """A whole page, within the frame of base.html."""


class WorkerBanner(Part):
    """The banner of the frame, for a polled part to bring along: it comes and goes with polls."""

    template = "_worker_banner.html"
    worker_silent_since: float | None


class Frame(Part):
    """What stands around a page.

    notices: kind and text. worker_silent_since: when a worker was heard of last, if that is too
    long ago. unanswered_since: when ICA last said what the visitor may read, if it could not be
    asked again.
    """

    template = "base.html"
    viewer: Account | None
    notices: list[tuple[str, str]]
    worker_silent_since: float | None
    unanswered_since: float | None
    theme: str
    version: str = __version__


def render(page: Part, *parts: Part) -> str:
    """The HTML of a page or a part; `parts` are those that its template includes.

    Two of them may give the same name only to the same thing: else raises TypeError.
    """
    shown: dict[str, Any] = {}
    around = [_frame()] if isinstance(page, Page) else []
    for one in (page, *parts, *around):
        for name, value in vars(one).items():
            if shown.setdefault(name, value) is not value:
                raise TypeError(f"{type(one).__name__} and another part both give {name}.")
    return render_template(page.template, **shown)


def _frame() -> Frame:
    notices: Any = get_flashed_messages(with_categories=True)
    viewer = g.get("viewer")
    silent_since = worker_silent_since() if viewer else None
    return Frame(viewer, notices, silent_since, g.get("unanswered_since"), theme.chosen())


def worker_silent_since() -> float | None:
    """When a worker was heard of last, if that is too long ago."""
    try:
        beat_at = context().read_one(workers.last_beat)
    except DatabaseAway:
        return None  # this page is the one that says so
    heard_at = float(current_app.config[STARTED_AT]) if beat_at is None else beat_at
    return heard_at if workers.is_silent(heard_at, context().clock()) else None
