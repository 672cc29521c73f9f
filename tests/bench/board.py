"""The board: many submissions, some moving, beside one of a few and one of a whole page."""

from tests.bench.running import poll_headers
from webapp.store.tables import attempts, batches, submissions
from webapp.web.submissions.board import PAGE_ROWS

FEW, MANY, MOVING = 20, 2000, 50
FIRST_COPY = 1000  # the number of the first one that is made in the database
TRIES = 25


def measure(bench, table):
    """The page and its poll, which is answered anew each time since rows move."""
    with bench.dashboard(rate=0.2) as board:
        board.sign_in()
        costs: dict[int, tuple[float, float]] = {}
        for size in (FEW, PAGE_ROWS, MOVING):
            if size == MOVING:
                _copy(board, MANY - MOVING)
            for _ in range(size - max(costs, default=0)):
                board.submit(100)
            costs[size] = _costs(board)
    page, poll = costs.pop(MOVING)
    for size, (few_page, few_poll) in costs.items():
        named = {"yardstick_is": f"of {size}"}
        what = f"board of {MANY:,}, {MOVING} moving"
        table.add(what, page, few_page, "ms", "<= 1.2", **named)
        table.add(f"its poll, {MOVING} moving", poll, few_poll, "ms", "<= 1.2", **named)


def _costs(board):
    """The least time of the page and of its rows alone, in ms: what moves has the worker busy."""
    rows = [board.get("/submissions/rows", **poll_headers()).seconds for _ in range(TRIES)]
    return 1000 * board.best("/submissions", TRIES), 1000 * min(rows)


def _copy(board, count):
    """So many settled submissions, attempted before all that there are."""
    for table, of in ((submissions, "id"), (attempts, "submission_id"), (batches, "submission_id")):
        changed = {"id": f"{FIRST_COPY} + n", of: f"{FIRST_COPY} + n"}
        if table is submissions:
            changed |= {"last_attempt_id": "-n", "state": "'settled'", "phase": "''"}
        elif table is attempts:
            changed |= {"id": "-n", "state": "'ended'"}
        else:
            changed |= {"state": "'settled'", "due_at": "NULL", "ica_batch_id": "NULL"}
        names = [column.name for column in table.c]
        values = ", ".join(changed.get(name, f'"{name}"') for name in names)
        named = ", ".join(f'"{name}"' for name in names)
        connection = board.connect()
        connection.execute(
            f"WITH RECURSIVE numbers(n) AS "
            f"(SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) "
            f"INSERT INTO {table.name} ({named}) SELECT {values} FROM {table.name}, numbers "
            f"WHERE {table.name}.{of} = 1"
        )
        connection.commit()
        connection.close()
