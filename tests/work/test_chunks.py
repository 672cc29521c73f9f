"""A list of several chunks: each entry keeps its place and its letters on the way to the store."""

import gzip

from tests.stage import data_ids, stage
from tests.work.seen import rows, submission

ODD = ["prøve-漢😀-$.%&=+*~!?@^", "a#b:c", "123", "1e5", "null", "true"]


def test_repeats_and_rejects_between_chunks_move_nothing(database_url, tmp_path):
    ids = data_ids(34_000)
    lines = [line for one in ids[:4000] for line in (one, one, "not an id")]
    lines += ids[4000:33_000]
    with stage(database_url, tmp_path) as st:
        visitor = st.visitor()
        file = (gzip.compress("\n".join(lines).encode()), "ids.txt.gz")
        place = visitor.draft(ids[33_000:], file=file)
        st.work()
        draft = submission(st, place)
        expected = [(str(3 * n + 1), one) for n, one in enumerate(ids[:4000])]
        expected += [(str(line), one) for line, one in enumerate(ids[4000:], start=12_001)]
        assert [(row["line"], row["data_id"]) for row in rows(visitor, place)] == expected
        assert draft.item_count == 34_000
        assert (draft.review.repeated, draft.review.rejected) == (4000, 4000)


def test_ids_are_kept_letter_by_letter(database_url, tmp_path):
    with stage(database_url, tmp_path) as st:
        visitor = st.visitor()
        place = visitor.draft([*data_ids(2), *ODD])
        assert [row["data_id"] for row in rows(visitor, place)] == [*data_ids(2), *ODD]
