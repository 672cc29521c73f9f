"""Files of a list's items, beside Python's own drivers and writers on the same rows."""

import csv
import json
import tempfile
import time

COLUMNS = (
    *("line", "data_id", "status", "reason", "name", "path", "linked_id", "attempt"),
    *("by", "unlinked_since_by", "linked_since_by", "label"),
)
ROWS = (
    "SELECT line, data_id, status, reason, name, path, linked_id, attempt, 'Dana Demo', '', '', "
    "label FROM items WHERE submission_id = {} ORDER BY position"
)
IDS = "SELECT data_id FROM items WHERE submission_id = {} ORDER BY position"


def measure(board, place, size, table):
    """Exports of a list that has settled, and the list handed back."""
    board.get(f"{place}/export.csv?status=FAILED")
    before = board.peaks()
    for form, plainly, yardstick in (
        ("csv", _csv, "driver, csv.writer"),
        ("txt", _ids, "driver, write"),
        ("jsonl", _json_lines, "driver, json"),
    ):
        answer = _fastest(board, f"{place}/export.{form}", size)
        seconds = _seconds(size, plainly, board, int(place.rpartition("/")[2]))
        _add(table, f"{size:,} items: {form}", size, answer, seconds, "≥ 1.0", yardstick)
    answer = _fastest(board, f"{place}/list", size)
    seconds = _seconds(size, _copied, answer.body)
    name = f"{size:,} lines: list handed back"
    _add(table, name, size, answer, seconds, "≥ 0.33 (3 times)", "csv to csv")
    growth = max(peak - before.get(pid, peak) for pid, peak in board.peaks().items())
    megabytes = len(answer.body) / 1e6
    name = f"{size:,} items: memory grown by, all these"
    table.add(name, growth, megabytes, "MB", "flat", yardstick_is="a file")


def _fastest(board, path, size):
    """The fastest of the answers, which are whole."""
    answers = [board.get(path) for _ in range(_tries(size))]
    assert all(size <= answer.body.count(b"\n") <= size + 1 for answer in answers)
    return min(answers, key=lambda answer: answer.seconds)


def _tries(size):
    return 3 if size <= 100_000 else 1


def _seconds(size, write, *arguments):
    """The least time that it takes to write a file."""
    found = []
    for _ in range(_tries(size)):
        with tempfile.TemporaryFile("w+", newline="") as file:
            began = time.perf_counter()
            write(file, *arguments)
            file.flush()
            found.append(time.perf_counter() - began)
    return min(found)


def _add(table, name, size, answer, seconds, to_reach, yardstick):
    table.add(name, size / answer.seconds, size / seconds, "/s", to_reach, yardstick_is=yardstick)
    first = f"{name}, first byte"
    table.add(first, answer.first_byte, 0.1, "s", "≤ 0.1 s", yardstick_is="0.1 s")


def _csv(file, board, submission_id):
    with board.connect() as connection:
        rows = connection.execute(ROWS.format(submission_id))
        csv.writer(file).writerows(rows)


def _ids(file, board, submission_id):
    with board.connect() as connection:
        rows = connection.execute(IDS.format(submission_id))
        file.writelines(f"{data_id}\n" for (data_id,) in rows)


def _json_lines(file, board, submission_id):
    with board.connect() as connection:
        rows = connection.execute(ROWS.format(submission_id))
        file.writelines(
            json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) + "\n"
            for row in rows
        )


def _copied(file, body):
    with tempfile.TemporaryFile("w+", newline="") as source:
        source.write(body.decode())
        source.seek(0)
        csv.writer(file, delimiter="\t").writerows(csv.reader(source, delimiter="\t"))
