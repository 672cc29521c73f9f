"""Hypothesis strategies for lists as bytes: texts, tables and documents, or any bytes."""

import json

from hypothesis import strategies as st

from tests.idlist.sample_lists import FOLDER, LINK, URN, A, B

IDS = st.sampled_from([A, B, FOLDER, A.upper(), URN + A, f"{URN}{B}#/a b/c, d", LINK + A])
WORDS = st.sampled_from(
    ["hello", "data_id", "id", "fil.12", "=1+1", "#x", "-", "", "a/b", "größe", "\u200b", '"', "'"]
)
LOOKUPS = st.sampled_from(
    [
        *("/r/a.bam", "/r/b, c d.bam", "/r/", "icav2://p/r/a%20b.bam", "x.bam", "y(1).vcf.gz"),
        *("/r/missing/", "missing.bam", "several.bam", "s 1.bam", "s3://b/x.bam", "/r//x", "SRR1"),
        *("/r/d #3.bam", "plate #3.bam", "x.ped", "Z, a.bam", "[Header]", "*.bam", "and"),
        *("file_name", "path", "name", "folder", '"/r/d, /e"', "none"),
    ]
)
SEPARATORS = st.sampled_from([*",;\t \n\r:{[", "\r\n", "\n\n", " # ", "\u00a0", '"', ", ", "\0"])
PARTS = st.one_of(IDS, IDS, LOOKUPS, WORDS, SEPARATORS, SEPARATORS, st.text(max_size=5))
TEXTS = st.lists(PARTS, max_size=40).map("".join)
CELLS = st.one_of(IDS, LOOKUPS, WORDS, st.text(max_size=5))
TABLES = st.builds(
    lambda rows, delimiter, end: end.join(delimiter.join(row) for row in rows),
    st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=8),
    st.sampled_from([",", ";", "\t", " "]),
    st.sampled_from(["\n", "\r\n", "\r"]),
)
KEYS = st.sampled_from(["id", "dataId", "items", "data", "x", "path", "name", "fastq_1"])
VALUES = st.recursive(
    st.one_of(IDS, LOOKUPS, WORDS, st.none(), st.integers()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(KEYS, inner, max_size=3),
    ),
    max_leaves=10,
)
DOCUMENTS = st.builds(
    lambda value, indent, cut: json.dumps(value, indent=indent)[: cut or None],
    VALUES,
    st.sampled_from([None, 0, 2]),
    st.sampled_from([0, 0, 0, -1, -5]),
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "latin-1"])
LISTS = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda text, encoding: text.encode(encoding, "replace"),
        st.one_of(TEXTS, TABLES, DOCUMENTS),
        ENCODINGS,
    ),
)
