"""What a refresh costs in calls to ICA: for any size of a list, and any number of watchers."""

import time

from libica.openapi.v3 import ApiClient, Configuration
from libica.openapi.v3.api.project_data_linking_batch_api import ProjectDataLinkingBatchApi
from libica.openapi.v3.api.token_api import TokenApi

from tests.bench.running import PROJECT, poll_headers


def measure(bench, table):
    """ICA calls of one refresh, small and large, with one watcher and with fifty."""
    costs = {size: _calls_of_a_refresh(bench, size) for size in (100, 25_000, 200_000)}
    table.add(
        "calls a refresh, 200,000 items",
        costs[200_000],
        costs[100],
        "",
        "at most 9, and 1.0",
        yardstick_is="100 items",
    )
    table.add(
        "calls a refresh, 25,000 items",
        costs[25_000],
        _calls_of_a_naive_look(bench, 25_000),
        "",
        "fewer",
        yardstick_is="a look by libica",
    )
    table.add(
        "calls a second, 50 watchers",
        _calls_while_watched(bench, 50),
        _calls_while_watched(bench, 1),
        "",
        "1.0",
        yardstick_is="1 watcher",
    )


def _calls_of_a_naive_look(bench, size):
    """Calls of a script with libica that reads all items of one batch, to count their statuses."""
    with bench.dashboard(rate=1, batch_size=size) as board:
        board.sign_in()
        board.submit(size)
        board.until(lambda: board.ica_calls().get("getJob", 0) >= 1)
        with board.connect() as connection:
            (batch_id,) = connection.execute("SELECT ica_batch_id FROM batches").fetchone()
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


def _calls_of_a_refresh(bench, size):
    """Calls to count a running batch; the page of items that each refresh reads apart."""
    with bench.dashboard(rate=max(1, size / 600), batch_size=1_000_000) as board:
        board.sign_in()
        board.submit(size)
        board.until(lambda: board.ica_calls().get("getJob", 0) >= 3)
        before = _calls_at_rest(board)
        board.until(lambda: board.ica_calls()["getJob"] >= before["getJob"] + 3)
        after = _calls_at_rest(board)
        refreshes = after["getJob"] - before["getJob"]
        return (sum(after.values()) - sum(before.values()) - refreshes) / refreshes


def _calls_while_watched(bench, watchers):
    """Calls a refresh costs, and so per watched time, while so many browsers poll."""
    with bench.dashboard(rate=5, batch_size=1_000_000) as board:
        board.sign_in()
        place = board.submit(5000)
        board.until(lambda: board.ica_calls().get("getJob", 0) >= 3)
        before, started = _calls_at_rest(board), time.monotonic()
        while time.monotonic() < started + 20:
            for _ in range(watchers):
                board.request("GET", f"{place}/progress?shows=active", headers=poll_headers())
            time.sleep(max(0.0, 2 - watchers * 0.01))
        after = _calls_at_rest(board)
        return (sum(after.values()) - sum(before.values())) / (time.monotonic() - started)


def _calls_at_rest(board):
    """The calls so far, between two refreshes: when none came for a while."""
    before = None
    while before != (before := board.ica_calls()):
        time.sleep(0.4)
    return before
