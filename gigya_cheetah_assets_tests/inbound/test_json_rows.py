"""JSON lines of a feed: what a line may hold, and that no odd line is lost or read as something else."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound.json_rows import JsonParser
from gigya_cheetah_assets.inbound.parse import Shape
from gigya_cheetah_assets_tests.inbound.feeds import sync

JSONL = {"format": "jsonl"}


def parse(content: str | bytes, columns=None, size: int | None = None, **shape):
    data = content if isinstance(content, bytes) else content.encode()
    step = size or max(1, len(data))
    parser = JsonParser(lambda: (data[at : at + step] for at in range(0, len(data), step)), Shape(**shape))
    rows, rejects, blank = [], [], 0
    for batch in parser.batches(columns):
        rows += [tuple(row.values()) for row in batch.rows.to_pylist()]
        rejects += [tuple(row.values()) for row in batch.rejects.to_pylist()]
        blank += batch.blank_lines
    return parser.header.names, rows, rejects, blank


def test_names_are_compared_as_in_a_header_and_come_from_all_lines():
    names, rows, rejects, blank = parse('{"Email":"a@b.de"," uid ":"u1"}\n\n{"UID":"u2","late":"x"}\n')
    assert names == ("EMAIL", "UID", "LATE")
    assert rows == [(1, "a@b.de", "u1", None), (3, None, "u2", "x")]
    assert (rejects, blank) == ([], 1)


def test_values_are_texts_as_they_stand():
    line = '{"a":17,"b":17.50,"c":true,"d":false,"e":null,"f":"","g":12345678901234567890123,"h":"é\\u00e9","i":-1e3}\n'
    assert parse(line)[1] == [(1, "17", "17.50", "true", "false", None, "", "12345678901234567890123", "éé", "-1e3")]


@pytest.mark.parametrize(
    ("line", "reject"),
    [
        ("not json", (None, "not_an_object")),
        ("[]", (None, "not_an_object")),
        ('[["A","1"]]', (None, "not_an_object")),
        ('"text"', (None, "not_an_object")),
        ("{}}", (None, "not_an_object")),
        ('{"A":"1"}{"A":"2"}', (None, "not_an_object")),
        ('{"A":NaN}', (None, "not_an_object")),
        ('{"A":' * 100_000, (None, "not_an_object")),
        ('{"A":"1","a":"2"}', ("A", "same_name_twice")),
        ('{"A":{"b":1}}', ("A", "not_a_text")),
        ('{"A":[]}', ("A", "not_a_text")),
        ('{"A":"\\u0000"}', ("A", "control_character")),
        ('{"A":"\\ud800"}', ("A", "undecodable")),
        ('{"A":"\ufffd"}', ("A", "lost_character")),
        ('{"A":"' + "x" * 70_000 + '"}', ("A", "field_too_long")),
        ('{"A":"' + "x" * 1_100_000 + '"}', (None, "line_too_long")),
    ],
)
def test_an_odd_line_is_a_reject_with_its_number_and_the_others_go_on(line, reject):
    _, rows, rejects, _ = parse('{"A":"first"}\n' + line + '\n{"A":"last"}\n')
    assert rows == [(1, "first"), (3, "last")]
    assert rejects == [(2, *reject)]


def test_bytes_that_are_no_text_reject_their_line():
    assert parse(b'{"A":"1"}\n{"A":"\xff"}\n')[2] == [(2, None, "undecodable")]


def test_what_nobody_reads_holds_nobody_up():
    odd = '{"UID":"u1","meta":{"a":[1]},"NOTE":"\\u0000","X":1,"x":2}\n'
    assert parse(odd, columns=["UID"])[1:3] == ([(1, "u1")], [])


def test_a_last_line_that_is_cut_refuses_the_file_and_one_that_only_lacks_its_end_does_not():
    assert parse('{"A":"1"}\n{"A":"2"}')[1] == [(1, "1"), (2, "2")]
    assert parse('{"A":"1"}\n{"A":"2"}\x1a')[1] == [(1, "1"), (2, "2")]
    for cut in ('{"A":"1"}\n{"A":"2"', '{"A":"1"}\n{"A', '{"A":"1"}\n{'):
        with pytest.raises(RefuseFile, match="cut: line 2"):
            parse(cut)


@pytest.mark.parametrize("content", ["", "\n\n", "UID,EMAIL\nu1,a@b.de\n", "[1]\n"])
def test_a_file_without_any_object_is_refused(content):
    with pytest.raises(RefuseFile, match="no line with an object"):
        parse(content)


def test_too_many_columns_refuse_the_file():
    with pytest.raises(RefuseFile, match="at most 3 columns"):
        parse('{"a":1,"b":2}\n{"c":3,"d":4}\n', max_columns=3)


def test_other_encodings_and_line_ends_are_read():
    assert parse('{"A":"é"}\r\n{"A":"b"}\r\n'.encode("cp1252"), encoding="cp1252")[1] == [(1, "é"), (2, "b")]
    assert parse(b"\xef\xbb\xbf" + b'{"A":"1"}\n')[1] == [(1, "1")]


values = st.none() | st.booleans() | st.integers() | st.text(st.characters(min_codepoint=32, exclude_categories=("Cs",),
                                                             exclude_characters="\x7f\ufffd"), max_size=5)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(st.dictionaries(st.sampled_from(["A", "B", "C"]), values), min_size=1, max_size=8),
    size=st.integers(1, 20),
    ascii_only=st.booleans(),
)
def test_what_json_dumps_wrote_reads_back_in_whatever_pieces(lines, size, ascii_only):
    text = "".join(json.dumps(line, ensure_ascii=ascii_only) + "\n" for line in lines)
    names, rows, rejects, _ = parse(text, size=size)
    expected = [(number, *(_text(line.get(name)) for name in names)) for number, line in enumerate(lines, start=1)]
    assert (rows, rejects) == (expected, [])


def _text(value):
    return str(value).lower() if isinstance(value, bool) else None if value is None else str(value)


def test_a_feed_of_json_lines_gives_the_events_of_the_same_delimited_feed(inbox):
    rows = [("10", "w", "a@example.org", "20261120120000", "u1"), ("20", "zz", "b@example.org", "", "u2")]
    head = ("PID", "REASON", "EMAIL", "DATE_UNSUB", "GIGYA_UID")
    inbox.read("unsubscribes", "\n".join(",".join(row) for row in (head, *rows)) + "\n")
    expected = inbox.events("uid", "email", "at", "code", "treatment", "NEWS", "OFFERS")
    text = "".join(json.dumps(dict(zip(head, row, strict=True))) + "\n" for row in rows)
    result = inbox.read("unsubscribes", gzip.compress(text.encode()), sync(unsubscribes=JSONL))
    assert inbox.events("uid", "email", "at", "code", "treatment", "NEWS", "OFFERS") == expected
    assert (result.format, result.delimiter, result.rows, result.packing) == ("jsonl", "", 2, "gzip")


def test_an_absent_name_says_nothing_and_an_empty_text_is_a_blank(inbox):
    text = (
        '{"GIGYA_UID":"u1","EMAIL":"a@example.org","DATE_CHANGED":"20261120120000","FNAME":""}\n'
        '{"GIGYA_UID":"u2","EMAIL":"b@example.org","DATE_CHANGED":"20261120120000"}\n'
        '{"GIGYA_UID":"u3","EMAIL":"c@example.org","DATE_CHANGED":"20261120120000","FNAME":null}\n'
    )
    inbox.read("profiles", text, sync(profiles=JSONL))
    assert inbox.events("uid", "FNAME") == [("u1", ""), ("u2", None), ("u3", None)]


def test_rows_are_events_and_rejects_over_several_batches(inbox):
    lines = ['{"GIGYA_UID":"u%d","EMAIL":"a@example.org"}', '{"GIGYA_UID":["u%d"],"EMAIL":"a@example.org"}', "%d"]
    text = "".join(lines[number % 3] % number + "\n" for number in range(60_000))
    result = inbox.read("full_extract", text, sync(full_extract=JSONL))
    assert (result.rows, result.events, result.rejected) == (60_000, 20_000, 40_000)
    assert result.reasons == {"": {"not_an_object": 20_000}, "GIGYA_UID": {"not_a_text": 20_000}}
