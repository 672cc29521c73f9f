"""Filters: which of the data of a folder are wanted, as a form, as an address, and in words."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request

from webapp.store.documents import FolderQuery
from webapp.web.core import params, searches
from webapp.web.core.forms import Errors
from webapp.web.folders.places import Place
from webapp.work.folder_query import is_pattern

KINDS = {"FILE": "Files", "FOLDER": "Folders", "": "Files and folders"}
NAME, TAG, RUN = "search", "tag", "run"  # of keys in addresses
ALL = "ALL"  # in addresses and forms, for ""
MAX_NAME = 255  # characters, as ICA's names have
MAX_WORD = 100  # characters of a format, a tag, a run
FORMAT = re.compile(r"[A-Z0-9_.+-]*")
FORGOTTEN = (
    "What was typed for this list is not kept any more, or is somebody else's. Type it again."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is wanted. below: also in the folders of the folder. forgotten: a text of the address is
    not kept any more.
    """

    name: str = ""
    format: str = ""
    type: str = "FILE"
    after: str = ""
    before: str = ""
    tag: str = ""
    run: str = ""
    below: bool = True
    forgotten: bool = False

    @classmethod
    def of_form(cls) -> "Filters":
        """As they were typed."""
        given = {name: params.line(text) for name, text in request.form.items()}
        return cls(
            name=given.get("name", ""),
            format=given.get("format", "").upper(),
            type=_kind(given.get("type", "")),
            after=given.get("after", ""),
            before=given.get("before", ""),
            tag=given.get("tag", ""),
            run=given.get("run", ""),
            below=given.get("below", "") != "0",
        )

    @classmethod
    def of_address(cls) -> "Filters":
        """As the address has them: what was typed freely, by the keys of searches."""
        given = {name: params.line(text) for name, text in request.args.items()}
        name, tag, run = (searches.of_key(given.get(key, "")) for key in (NAME, TAG, RUN))
        return cls(
            name=name.text,
            format=given.get("format", "").upper(),
            type=_kind(given.get("type", "")),
            after=given.get("after", ""),
            before=given.get("before", ""),
            tag=tag.text,
            run=run.text,
            below=given.get("below", "") != "0",
            forgotten=name.unknown or tag.unknown or run.unknown,
        )

    @property
    def errors(self) -> Errors:
        """What can't be asked for."""
        wrong = Errors()
        if self.forgotten:
            wrong["name"] = FORGOTTEN
        elif len(self.name) > MAX_NAME:
            wrong["name"] = (
                f"A name has at most {MAX_NAME} characters; this part of one has "
                f"{len(self.name):,}. Type less of it."
            )
        elif "/" in self.name:
            wrong["name"] = "A name has no /. Open the folder first, then look for the name in it."
        if not FORMAT.fullmatch(self.format):
            wrong["format"] = "A format is a word of ICA's, such as FASTQ, BAM or VCF."
        for field in ("format", "tag", "run"):
            if len(getattr(self, field)) > MAX_WORD:
                wrong[field] = f"This may have up to {MAX_WORD} characters."
        days = {field: _day(getattr(self, field)) for field in ("after", "before")}
        for field, day in days.items():
            if getattr(self, field) and day is None:
                wrong[field] = "A day is written as 2026-01-30: year, month, day."
        if days["after"] and days["before"] and days["after"] >= days["before"]:
            wrong["before"] = "This day has to be after the one beside it."
        return wrong

    def address(self) -> dict[str, Any]:
        """What stands in an address for them; what was typed freely is kept under keys."""
        return {
            NAME: searches.kept(self.name),
            TAG: searches.kept(self.tag),
            RUN: searches.kept(self.run),
            **self._plain(),
        }

    def same_address(self) -> dict[str, Any]:
        """The same, of filters that came in an address."""
        kept = {key: request.args.get(key, "") for key in (NAME, TAG, RUN)}
        return {**kept, **self._plain()}

    def _plain(self) -> dict[str, Any]:
        return {
            "type": "" if self.type == "FILE" else self.type or ALL,
            "format": self.format,
            "after": self.after,
            "before": self.before,
            "below": "" if self.below else "0",
        }

    def query(self, place: Place) -> FolderQuery:
        """What the worker is to read."""
        return FolderQuery(
            project=place.project,
            folder_id=place.folder_id,
            folder_path=place.path,
            below=self.below,
            name=self.name,
            format=self.format,
            type=self.type,
            after=self.after,
            before=self.before,
            tag=self.tag,
            run=self.run,
        )


def described(query: FolderQuery) -> list[tuple[str, str]]:
    """The filters in words, each with what it is about."""
    where = "the folder and all below it" if query.below else "the folder itself"
    name = f"matches “{query.name}”" if is_pattern(query.name) else f"has “{query.name}” in it"
    return [
        ("What", f"{KINDS[query.type]} in {where}"),
        ("Name", name if query.name else ""),
        ("Format", query.format),
        ("Created", _created(query)),
        ("User tag", query.tag),
        ("Sequencing run", query.run),
    ]


def noun(query: FolderQuery, count: int) -> str:
    """What so many of them are called."""
    words = {"FILE": ("file", "files"), "FOLDER": ("folder", "folders")}
    one, many = words.get(query.type, ("file or folder", "files and folders"))
    return one if count == 1 else many


def _created(query: FolderQuery) -> str:
    after = f"on or after {query.after}" if query.after else ""
    before = f"before {query.before}" if query.before else ""
    return " and ".join(filter(None, (after, before))) + (" (UTC)" if after or before else "")


def _kind(word: str) -> str:
    """Files, unless others are asked for by a word of ours."""
    kinds = {"FOLDER": "FOLDER", ALL: ""}
    return kinds.get(word, "FILE")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
