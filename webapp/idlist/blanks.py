"""Words that stand in cells that are empty."""

# As spreadsheets, R, pandas and databases write that there is nothing. Capitals count: Na and Nan
# are names of people.
EMPTY_CELLS = frozenset(
    (
        *("N/A", "n/a", "NA", "na", "#N/A", "#NA", "<NA>", "N.A.", "n.a.", "NaN", "nan", "NAN"),
        *("null", "NULL", "Null", "(null)", "\\N", "none", "None", "NONE", "-", "--", "---"),
        *("\N{EN DASH}", "\N{EM DASH}", "."),
    )
)
_MAX_CHARS = 20  # with blanks around it


def is_empty_cell(cell: str) -> bool:
    """Whether a cell has a word that says that it is empty; behind an apostrophe, too, which "-"
    gets where it begins the row of a list that is handed back.
    """
    return len(cell) < _MAX_CHARS and cell.strip().removeprefix("'") in EMPTY_CELLS


def is_filled(cell: str) -> bool:
    """Whether a cell has anything but blanks and words that say that it is empty."""
    return bool(cell.strip()) and not is_empty_cell(cell)
