"""What a batch that ICA has costs while it runs: calls of a refresh, for any size and any number of
watchers, and how long each of these waits for its polls.
"""

import time

from libica.openapi.v3 import ApiClient, Configuration
from libica.openapi.v3.api.project_data_linking_batch_api import ProjectDataLinkingBatchApi
from libica.openapi.v3.api.token_api import TokenApi

from tests.bench import load
from tests.bench.running import PROJECT, poll, poll_headers

FEW, MANY = 100, 25_000  # items of a list that soon ends, and of one that is watched
WATCHERS = (1, 1000)
ALL_WATCHERS = (1, 10, 100, 1000)  # with --full
SECONDS = 9.0  # that they watch: four refreshes and a half


def measure(bench, table):
    """Lists one after another, each in one batch that changes with each refresh."""
    with bench.dashboard(rate=20, batch_size=1_000_000, upload_limit_mb=100) as board:
        board.sign_in()
        place, few = _calls_of_a_refresh(board, FEW)
        board.until_settled(place)
        place, many = _calls_of_a_refresh(board, MANY)
        looked = _calls_of_a_naive_look(board)
        _watch(board, f"{place}/progress?shows=active", bench.size > 100_000, table)
        _, most = _calls_of_a_refresh(board, bench.size)
    name, to_reach = f"calls a refresh, {bench.size:,} items", "at most 9, and 1.0"
    table.add(name, most, few, "", to_reach, yardstick_is=f"{FEW} items")
    named = {"yardstick_is": "a look by libica"}
    table.add(f"calls a refresh, {MANY:,} items", many, looked, "", "fewer", **named)


def _calls_of_a_refresh(board, size):
    """A list's path, and the calls to count its running batch; the page of items that each refresh
    reads apart.
    """
    place, sent = board.submit(size), board.ica_calls().get("getJob", 0)
    _watch_until(board, place, lambda: board.ica_calls().get("getJob", 0) > sent)
    before = _calls_at_rest(board)
    _watch_until(board, place, lambda: board.ica_calls()["getJob"] > before["getJob"])
    after = _calls_at_rest(board)
    refreshes = after["getJob"] - before["getJob"]
    return place, (sum(after.values()) - sum(before.values()) - refreshes) / refreshes


def _watch_until(board, place, condition):
    """Somebody has the page open meanwhile, so that it is refreshed as often as can be."""

    def polled():
        board.request("GET", f"{place}/progress?shows=active", headers=poll_headers())
        return condition()

    board.until(polled)


def _calls_at_rest(board):
    """The calls so far, between two refreshes: when none came for a while."""
    before = None
    while before != (before := board.ica_calls()):
        time.sleep(0.4)
    return before


def _calls_of_a_naive_look(board):
    """Calls of a script with libica that reads all items of the last batch, to count their
    statuses.
    """
    with board.connect() as connection:
        (batch_id,) = connection.execute(
            "SELECT ica_batch_id FROM batches ORDER BY id DESC LIMIT 1"
        ).fetchone()
    linking = ProjectDataLinkingBatchApi(_libica(board))
    calls, token = 0, None
    while token != "":
        page = linking.get_project_data_linking_batch_items(
            PROJECT, batch_id, page_token=token, page_size="1000"
        )
        calls, token = calls + 1, page.next_page_token or ""
    return calls


def _libica(board):
    """A client that has signed in as demo."""
    url = f"http://127.0.0.1:{board.ica_port}/ica/rest"
    client = ApiClient(Configuration(host=url, api_key={"ApiKeyAuth": "demo-key"}))
    kinds = {version: f"application/vnd.illumina.{version}+json" for version in ("v3", "v4")}
    client.set_default_header("Accept", kinds["v3"])
    client.configuration.access_token = TokenApi(client).create_jwt_token().token
    client.set_default_header("Accept", kinds["v4"])
    return client


def _watch(board, path, is_full, table):
    counts = ALL_WATCHERS if is_full else WATCHERS
    found = [_watched(board, path, watchers) for watchers in counts]
    (one, one_calls, _), (many, many_calls, errors) = found[0], found[-1]
    name = f"{counts[-1]:,} watchers"
    table.add(f"{name}, p50", many.median, one.median, "ms", "< 100 ms", yardstick_is="1")
    table.add(f"{name}, p99", many.p99, one.p99, "ms", "< 1 s", yardstick_is="1")
    table.add(f"{name}, errors", errors, 0, "", "none")
    table.add(f"{name}, ICA calls", many_calls, one_calls, "", "1.0", yardstick_is="1")
    if is_full:
        rates, medians, slowest = zip(*(load[:3] for load, _, _ in found), strict=True)
        calls = [calls / SECONDS for _, calls, _ in found]
        for measure, values, unit, should_be in (
            ("a poll's median", medians, "ms", "flat"),
            ("its 99th percentile", slowest, "ms", "flat"),
            ("calls to ICA", calls, "/s", "flat"),
            ("polls", rates, "/s", "linear"),
        ):
            table.add_growth("watchers", measure, counts, values, unit, should_be)


def _watched(board, path, watchers):
    """Their load, the calls to ICA meanwhile, and how many polls were not answered."""
    refreshes = board.ica_calls()["getJob"]
    board.until(lambda: board.ica_calls()["getJob"] > refreshes)  # begin at the same moment each
    before = sum(board.ica_calls().values())
    found, errors = load.watch(board.port, lambda tag: poll(board, path, tag), watchers, SECONDS)
    return found, sum(board.ica_calls().values()) - before, errors
