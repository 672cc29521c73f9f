"""Light, dark, or as the reader's system has it: a choice that needs no script and stays."""

import pytest

from tests.dashboard import HEADERS


def chosen(visitor, theme, before):
    """The answer to the form that was sent from the page `before`."""
    headers = HEADERS | {"Referer": before}
    return visitor.client.post("/theme", data={"theme": theme}, headers=headers)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_choice_holds_for_all_pages_and_leads_back(nobody, theme):
    here = f"{nobody.get('/signin').request.host_url}signin?next=/find"
    answer = chosen(nobody, theme, here)
    assert (answer.status_code, answer.location) == (303, "/signin?next=/find")
    page = nobody.get("/signin").get_data(as_text=True)
    assert f'<html lang="en" data-theme="{theme}">' in page
    assert f'<meta name="color-scheme" content="{theme}">' in page
    chosen(nobody, "", here)
    assert '<html lang="en">' in nobody.get("/signin").get_data(as_text=True)


@pytest.mark.parametrize(
    "before",
    [
        *("https://elsewhere.example/x", "http://localhost//evil", "http://localhost/\\evil"),
        *("http://localhost/submissions/adopt/recent", "http://[", "", "x"),
    ],
)
def test_it_leads_to_no_other_place(nobody, before):
    answer = chosen(nobody, "plaid", before)
    assert (answer.status_code, answer.location) == (303, "/submissions")
    assert "data-theme" not in nobody.get("/signin").get_data(as_text=True)
