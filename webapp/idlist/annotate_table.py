"""Writes columns at the end of a table's rows, or new outcomes into those that it has."""

from collections.abc import Iterable, Iterator, Sequence

from webapp.idlist.columns import Choice
from webapp.idlist.harmless import harmless, quoted, row_of, written, written_line
from webapp.idlist.records import Record, line_end
from webapp.idlist.tables import SPACES

Cells = Sequence[str]


def annotate_table(
    delimiter: str, choice: Choice, told: Iterable[tuple[Record, Cells]], headers: Cells
) -> Iterator[str]:
    """The stretches of a table: `told` has each of them and the cells it gets, if it gets any.

    Where the header ends with `headers`, the cells under them are replaced. Columns by white space
    become columns by tabs.
    """
    by_spaces = delimiter == SPACES
    delimiter = "\t" if by_spaces else delimiter
    replaced = choice.ending_in(headers)
    has_names = choice.header is not None
    for record, cells in told:
        end = line_end(record.raw)
        raw = record.raw.removesuffix(end)
        if not cells:
            yield written_line(raw, delimiter) + end
            continue
        if not has_names:  # the columns get a meaning, that of the ids too
            has_names = True
            names = ["data_id" if i == choice.ids else "" for i in range(len(choice.names))]
            yield row_of([*names, *headers], end or "\n", delimiter)
        if by_spaces:
            had: Cells = [quoted(harmless(cell), delimiter) for cell in record.cells]
        else:
            had = written(raw, record.cells, delimiter)
        missing = [""] * (replaced.start - len(had))
        new = row_of(cells, "", delimiter)
        row = [*had[: replaced.start], *missing, new, *had[replaced.stop :]]
        yield delimiter.join(row) + end
