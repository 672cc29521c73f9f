"""The item table, and one item's own page, live from ICA."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from flask import Blueprint, abort, render_template, url_for
from flask.typing import ResponseReturnValue

from webapp.ica.errors import IcaError
from webapp.ica.models import Item as IcaItem
from webapp.store import batches, items
from webapp.store.batches import Batch
from webapp.store.items import Item
from webapp.store.pages import Page
from webapp.store.submissions import Submission
from webapp.store.words import State
from webapp.web import errors, params, reasons, standing
from webapp.web.desk import desk, listed_or_404
from webapp.web.htmx import page_or_part
from webapp.work.clients import NoKey

blueprint = Blueprint("items", __name__)


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item as the table shows it."""

    item: Item
    status: str
    label: str | None
    href: str


@blueprint.get("/submissions/<int:submission_id>/items")
def page(submission_id: int) -> ResponseReturnValue:
    submission = listed_or_404(submission_id)
    template = page_or_part("items/items.html", "items/_table.html")
    return render_template(template, submission=submission, **table(submission))


@blueprint.get("/submissions/<int:submission_id>/items/<int:position>")
def item(submission_id: int, position: int) -> ResponseReturnValue:
    """One item: what the store knows, and what ICA says of it right now."""
    submission = listed_or_404(submission_id)
    with desk().store.read() as connection:
        found = items.get(connection, submission_id, position)
        cut = batches.of_submission(connection, submission_id)
    if found is None:
        abort(404, f"This submission has no item {position:,}.")
    live, trouble, details = _ask_ica(submission, found, cut)
    status, label = standing.item_label(found.status, position, cut)
    return render_template(
        "items/item.html",
        submission=submission,
        item=found,
        status=live.status if live else status,
        label=None if live else label,
        live=live,
        trouble=trouble,
        details=details,
        now=desk().now(),
    )


def _ask_ica(
    submission: Submission, found: Item, cut: Sequence[Batch]
) -> tuple[IcaItem | None, str, str]:
    """ICA's item or, in its place, why there is none: a sentence, and ICA's own words."""
    batch = next((batch for batch in cut if batch.id == found.batch_id), None)
    if batch is None or not (batch.ica_batch_id and found.ica_item_id):
        return None, "", ""
    place = (submission.project_id, batch.ica_batch_id, found.ica_item_id)
    kind = cast(Literal["link", "unlink"], batch.kind)
    try:
        return desk().client().item(*place, kind=kind), "", ""
    except (IcaError, NoKey) as error:
        return None, errors.sentence(error), errors.words_of_ica(error)


def table(submission: Submission) -> dict[str, Any]:
    """What the item table shows, from the URL: filters, search, cursor and size."""
    statuses, text, reason_id = params.words("status"), params.text("q"), params.whole("reason")
    cursor, size = params.cursor(), params.size()
    with desk().store.read() as connection:
        cut = batches.of_submission(connection, submission.id)
        wanted = items.slices(cut, statuses, reason_id)
        found = items.page(connection, submission.id, wanted, text, cursor, size)
    chosen = {
        "status": statuses,
        "reason": reason_id,
        "q": text,
        "size": size if size != params.SIZES[0] else None,
    }
    return {
        "rows": _rows(submission, found, cut),
        "item_chips": _chips(submission, statuses, chosen),
        "statuses": statuses,
        "q": text,
        "filtered": bool(statuses or text or reason_id),
        "reason": reasons.text_of(submission, reason_id),
        "all_reasons_url": _url(submission, {**chosen, "reason": None}),
        "chosen": chosen,
        "item_pages": _pages(submission, found, chosen),
        "items_url": _url(submission, {}),
        "here_url": _url(submission, {**chosen, "after": cursor.after, "before": cursor.before}),
        "export_url": _export_url(submission, chosen),
        "rows_read": standing.rows_read(cut),
        "moves": submission.state == State.ACTIVE,
        "pickable": submission.state in {State.ACTIVE, State.SETTLED},
        "drafted": submission.state == State.DRAFT and not submission.left_out,
    }


def _rows(submission: Submission, found: Page[Item], cut: Sequence[Batch]) -> list[ItemRow]:
    shown = []
    for row in found.rows:
        status, label = standing.item_label(row.status, row.position, cut)
        place = url_for("items.item", submission_id=submission.id, position=row.position)
        shown.append(ItemRow(row, status, label, place))
    return shown


@dataclass(frozen=True, slots=True)
class Chip:
    """A status as a filter that can be set or taken away."""

    word: str
    label: str
    count: int | None
    href: str
    chosen: bool


def _chips(submission: Submission, statuses: list[str], chosen: dict[str, Any]) -> list[Chip]:
    """One for each status there is, and for each that is chosen though there is none of it."""
    labels = standing.labels(submission)
    counts = {**dict.fromkeys(statuses, 0), **submission.counts}
    shown = standing.ordered(submission.counts)
    shown += [word for word in statuses if word not in shown]
    if submission.state == State.DRAFT and not submission.left_out:
        return []
    found = []
    for word in shown:
        others = [status for status in statuses if status != word]
        target = others if word in statuses else [*statuses, word]
        place = _url(submission, {**chosen, "status": target, "reason": None})
        found.append(Chip(word, labels.get(word, word), counts[word], place, word in statuses))
    return found


def _pages(
    submission: Submission, found: Page[Item], chosen: dict[str, Any]
) -> dict[str, str | None]:
    return {
        "previous": _url(submission, {**chosen, "before": found.previous})
        if found.previous
        else None,
        "next": _url(submission, {**chosen, "after": found.next}) if found.next else None,
    }


def _url(submission: Submission, values: dict[str, Any]) -> str:
    place = url_for("items.page", submission_id=submission.id)
    return place + (params.query(values) if any(values.values()) else "")


def _export_url(submission: Submission, chosen: dict[str, Any]) -> dict[str, str]:
    kept = {name: chosen[name] for name in ("status", "reason", "q")}

    def place(form: str, **more: str) -> str:
        asked = {**kept, **more}
        export = url_for("exports.export", submission_id=submission.id, form=form)
        return export + (params.query(asked) if any(asked.values()) else "")

    forms = {form: place(form) for form in ("csv", "txt", "jsonl")}
    return {**forms, "manifest": place("csv", columns="manifest")}
