from __future__ import annotations

import csv
import io
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gigya_cheetah_assets.errors import RefuseFile
from gigya_cheetah_assets.inbound.parse import Parser, Shape
from gigya_cheetah_assets.inbound.scan import Record, is_blank, judged, lines_in, scan

HEAD = b"UID,EMAIL,NOTE\n"
BLOCKS = (1, 13, 4 << 20)


def parsed(content: bytes, *, block: int = 4 << 20, **shape):
    """(line, cells…) of the rows, the rejects and the number of blank lines."""
    parser = (
        Parser([content], Shape(**shape), block=block)
        if block > 100
        else Parser(_bits(content), Shape(**shape), block=block)
    )
    rows, rejects, blank = [], [], 0
    for batch in parser.batches():
        rows += [tuple(row.values()) for row in batch.rows.to_pylist()]
        rejects += [tuple(row.values()) for row in batch.rejects.to_pylist()]
        blank += batch.blank_lines
    return rows, rejects, blank


def _bits(content: bytes):
    return (content[at : at + 5] for at in range(0, len(content), 5))


def outcome(content: bytes, **options):
    """What `parsed` answers, or the text of the refusal."""
    try:
        return parsed(content, **options)
    except RefuseFile as error:
        return error.problem


@pytest.fixture(params=BLOCKS)
def read(request):
    return lambda content, **shape: parsed(content, block=request.param, **shape)


def test_rows_come_with_their_line_and_every_cell_as_text(read):
    assert read(HEAD + b"u1,a@example.org,x\nu2,b@example.org,\n") == (
        [(2, "u1", "a@example.org", "x"), (3, "u2", "b@example.org", "")],
        [],
        0,
    )


def test_nothing_is_taken_for_null_or_for_a_number(read):
    rows, _, _ = read(HEAD + b"007,NULL,N/A\n1e5,nan,-\n,,\n")
    assert rows == [(2, "007", "NULL", "N/A"), (3, "1e5", "nan", "-"), (4, "", "", "")]


def test_a_header_without_rows_is_a_file_without_rows(read):
    assert read(HEAD) == ([], [], 0)
    assert read(HEAD.rstrip()) == ([], [], 0)


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_is_read_with_and_without_the_last_one(read, end):
    lines = [b"UID,EMAIL", b"u1,a", b'"u2","b"', b"u3,c"]
    expected = [(2, "u1", "a"), (3, "u2", "b"), (4, "u3", "c")]
    assert read(end.join(lines))[0] == expected
    assert read(end.join([*lines, b""]))[0] == expected


def test_line_ends_may_be_mixed(read):
    assert read(b"UID,EMAIL\r\nu1,a\nu2,b\ru3,c\r\n") == ([(2, "u1", "a"), (3, "u2", "b"), (4, "u3", "c")], [], 0)


def test_quoted_line_ends_delimiters_and_doubled_quotes_are_text(read):
    rows, rejects, _ = read(HEAD + b'u1,"a,b","x\r\ny\nz"\nu2,"say ""hi""",""\nu3,"""",c\n')
    assert rows == [(2, "u1", "a,b", "x\r\ny\nz"), (5, "u2", 'say "hi"', ""), (6, "u3", '"', "c")]
    assert not rejects


def test_a_quote_inside_a_cell_is_text(read):
    rows, rejects, _ = read(HEAD + b'u1,5" nails,x\nu2,a"b"c, "d"\nu3,b,c\n')
    assert rows == [(2, "u1", '5" nails', "x"), (3, "u2", 'a"b"c', ' "d"'), (4, "u3", "b", "c")]
    assert not rejects


def test_text_after_a_closing_quote_rejects_the_row(read):
    rows, rejects, _ = read(HEAD + b'u1,"a"b,x\nu2,b,c\n')
    assert (rows, rejects) == ([(3, "u2", "b", "c")], [(2, "EMAIL", "text_after_quote")])


@pytest.mark.parametrize("block", BLOCKS)
def test_a_quote_that_nobody_closes_refuses_the_file_with_its_line(block):
    content = HEAD + b'u1,"a\nb",c\nu2,"open,x\nu3,c,d\n'
    with pytest.raises(RefuseFile, match=r"begins on line 4 is not closed within the file"):
        parsed(content, block=block)


@pytest.mark.parametrize("block", BLOCKS)
def test_an_unclosed_quote_is_found_without_reading_the_whole_file_into_memory(block):
    content = HEAD + b'u1,"open,x\n' + b"u3,c,d\n" * 2000
    with pytest.raises(RefuseFile, match=r"begins on line 2 is not closed within 4096 bytes"):
        parsed(content, block=block, max_record=4096)


def test_short_and_long_rows_are_rejected_and_never_padded(read):
    rows, rejects, _ = read(HEAD + b"u1,a\nu2,b,c,d\nu3,c,d\nu4\n")
    assert rows == [(4, "u3", "c", "d")]
    assert rejects == [(2, None, "too_few_cells"), (3, None, "too_many_cells"), (5, None, "too_few_cells")]


def test_one_empty_cell_behind_a_trailing_delimiter_is_left_out(read):
    expected = [(2, "u1", "a", "b"), (3, "u2", "c", "")]
    assert read(b"UID,EMAIL,NOTE,\nu1,a,b,\nu2,c,,\n")[:2] == (expected, [])
    assert read(HEAD + b"u1,a,b,\nu2,c,\n")[:2] == (expected, [])
    assert read(HEAD + b"u1,a,b,,\n")[1] == [(2, None, "too_many_cells")]


def test_blank_lines_are_counted_and_no_rows(read):
    assert read(b"\n  \n" + HEAD + b"\r\n \t\nu1,a,b\n\n\x1a\n") == ([(6, "u1", "a", "b")], [], 6)


def test_the_end_of_file_byte_is_no_text(read):
    assert read(HEAD + b"u1,a,b\x1a") == ([(2, "u1", "a", "b")], [], 0)
    assert read(HEAD + b"u1,a,b\r\n\x1a\x1a")[:2] == ([(2, "u1", "a", "b")], [])
    assert read(HEAD + b"u1,a\x1a,b\n")[1] == [(2, "EMAIL", "control_character")]


@pytest.mark.parametrize("byte", [b"\x00", b"\x07", b"\x1b", b"\x7f"])
def test_a_nul_or_control_character_rejects_its_row(read, byte):
    rows, rejects, _ = read(HEAD + b"u1,a" + byte + b"b,x\nu2,b,c\n")
    assert (rows, rejects) == ([(3, "u2", "b", "c")], [(2, "EMAIL", "control_character")])


def test_a_tab_is_text_unless_it_delimits(read):
    assert read(HEAD + b"u1,a\tb,x\n")[0] == [(2, "u1", "a\tb", "x")]
    assert read(b"UID\tEMAIL\nu1\ta\n")[0] == [(2, "u1", "a")]


def test_the_byte_order_mark_is_no_part_of_the_first_name(read):
    assert read(b"\xef\xbb\xbf" + HEAD + b"u1,a,b\n")[0] == [(2, "u1", "a", "b")]
    assert read(b"\xef\xbb\xbfUID,EMAIL\nu1,a\n", encoding="utf-8-sig")[0] == [(2, "u1", "a")]


@pytest.mark.parametrize(
    "bad",
    [b"\xff", b"J\xfcrgen", b"\xc0\xaf", b"\xe2\x82", b"\xed\xa0\x80", b"\xf4\x90\x80\x80"],
    ids=["lone", "latin", "overlong", "cut", "surrogate", "beyond"],
)
def test_bytes_of_another_encoding_reject_their_row(read, bad):
    rows, rejects, _ = read(HEAD + b"u1,a," + bad + b"\nu2,b,\xc3\xa9\n")
    assert (rows, rejects) == ([(3, "u2", "b", "é")], [(2, "NOTE", "undecodable")])


def test_a_replacement_character_is_not_passed_on(read):
    rows, rejects, _ = read(HEAD + "u1,a,J\ufffdrgen\nu2,b,Jürgen\n".encode())
    assert (rows, rejects) == ([(3, "u2", "b", "Jürgen")], [(2, "NOTE", "lost_character")])


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030"])
def test_the_declared_encoding_is_read(read, encoding):
    text = 'UID,EMAIL\nu1,"Jürgen\nx"\nu2,é\n'
    assert read(text.encode(encoding), encoding=encoding)[0] == [(2, "u1", "Jürgen\nx"), (4, "u2", "é")]


def test_what_a_declared_code_page_lacks_rejects_its_row(read):
    content = b"UID,EMAIL\nu1,\x81\nu2,\xe9\n"
    assert read(content, encoding="cp1252")[:2] == ([(3, "u2", "é")], [(2, "EMAIL", "undecodable")])
    assert read(b"UID,EMAIL\nu1,\xe9\nu2,e\n", encoding="ascii")[1] == [(2, "EMAIL", "undecodable")]


def test_half_a_character_of_utf16_rejects_its_row(read):
    content = "UID,EMAIL\nu1,x\nu2,".encode("utf-16-le") + b"\x00\xd8" + "\nu3,y".encode("utf-16-le")
    rows, rejects, _ = read(content, encoding="utf-16-le")
    assert rows[0] == (2, "u1", "x")
    assert rejects == [(3, "EMAIL", "undecodable")]


@pytest.mark.parametrize(
    ("content", "declared", "found"),
    [
        (HEAD.decode().encode("utf-16"), "utf-8", "utf-16-le"),
        (b"\xfe\xff" + HEAD.decode().encode("utf-16-be"), "utf-8", "utf-16-be"),
        (HEAD.decode().encode("utf-16-le"), "utf-8", "zero bytes"),
        (HEAD.decode().encode("utf-32"), "utf-16", "utf-32-le"),
        (b"\xef\xbb\xbf" + HEAD, "cp1252", "utf-8"),
        (b"\xfe\xff" + HEAD.decode().encode("utf-16-be"), "utf-16-le", "utf-16-be"),
    ],
)
def test_another_encoding_than_the_declared_one_is_told(content, declared, found):
    with pytest.raises(RefuseFile, match=f"expected text in {declared}, found .*{found}"):
        parsed(content, encoding=declared)


def test_a_long_cell_rejects_its_row(read):
    rows, rejects, _ = read(HEAD + b"u1,a," + b"x" * 300 + b"\nu2,b," + "é".encode() * 100 + b"\n", max_field=100)
    assert (rows, rejects) == ([(3, "u2", "b", "é" * 100)], [(2, "NOTE", "field_too_long")])


def test_a_line_beyond_the_limit_is_rejected_and_the_next_one_read(read):
    for end in (b"\n", b"\r\n", b"\r"):
        content = end.join([b"UID,EMAIL", b"u1,a", b"u2," + b"x" * 5000, b"u3,c", b'"u4","d\ne"', b"u5," + b"y" * 900])
        rows, rejects, _ = read(content, max_record=500)
        assert rows == [(2, "u1", "a"), (4, "u3", "c"), (5, "u4", "d\ne")]
        assert rejects == [(3, None, "line_too_long"), (7, None, "line_too_long")]


def test_memory_does_not_grow_with_a_line():
    def pieces():
        yield HEAD
        for _ in range(60):
            yield b"x" * (1 << 20)
        yield b"\nu2,b,c\n"

    tracemalloc.start()
    batches = list(Parser(pieces()).batches())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert next(b.rejects["reason"][0].as_py() for b in batches if len(b.rejects)) == "line_too_long"
    assert sum(len(batch.rows) for batch in batches) == 1
    assert peak < 40 << 20


def test_many_columns_are_read_and_more_than_the_limit_refused():
    names = ",".join(f"C{n}" for n in range(1500)).encode()
    assert len(parsed(names + b"\n" + b"1," * 1499 + b"1\n")[0][0]) == 1501
    with pytest.raises(RefuseFile, match="at most 100 columns, found 1500"):
        parsed(names, max_columns=100)


def test_only_the_columns_asked_for_are_kept():
    batch = next(Parser([HEAD + b"u1,a,b\nu2,x\n\nu3,c,d,\n"]).batches(["NOTE", "UID"]))
    assert batch.rows.to_pylist() == [{"line": 2, "NOTE": "b", "UID": "u1"}, {"line": 5, "NOTE": "d", "UID": "u3"}]


@pytest.mark.parametrize("content", [b"\n\n", b"   ", b"\x1a"])
def test_a_file_of_blank_lines_has_no_header(content):
    with pytest.raises(RefuseFile, match="expected a header"):
        parsed(content)


# --- whatever is written, is read

cell = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\ufffd") | st.sampled_from('",;|\t\n\r" ')
)
rows_of_cells = st.integers(2, 5).flatmap(lambda n: st.lists(st.lists(cell, min_size=n, max_size=n), max_size=12))


@given(
    rows=rows_of_cells,
    delimiter=st.sampled_from([",", "|", ";", "\t"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "gb18030"]),
    block=st.sampled_from(BLOCKS),
)
@settings(max_examples=120, deadline=None)
def test_what_pythons_csv_writes_in_any_dialect_is_read_back(*, rows, delimiter, quoting, end, encoding, block):
    width = len(rows[0]) if rows else 2
    rows = [row for row in rows if "".join(row).strip(" \t") or delimiter != "\t"]
    out = io.StringIO(newline="")
    # Both line ends are quoted whatever the dialect's own is: csv quotes only what its own needs.
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\r\n")
    writer.writerow([f"C{n}" for n in range(width)])
    writer.writerows(rows)
    text = out.getvalue() if end == "\r\n" else _with_end(out.getvalue(), end)
    found, rejects, _ = parsed(text.encode(encoding), block=block, encoding=encoding, delimiter=delimiter)
    wanted = [[_with_end(text, end) if end != "\r\n" else text for text in row] for row in rows]
    assert ([list(row[1:]) for row in found], rejects) == (wanted, [])


def _with_end(text: str, end: str) -> str:
    return text.replace("\r\n", end)


@given(content=st.binary(max_size=400), block=st.sampled_from(BLOCKS))
@settings(max_examples=120, deadline=None)
def test_random_bytes_are_read_or_refused(content, block):
    outcome(content, block=block)
    outcome(HEAD + content, block=block)


bits = b'a|bc|,|,|"|""|\n|\n|\r\n|\r| |\x00|\x1a|\xff|\xc3\xa9|u1,a,b\n|"u2","b","c"\n'.split(b"|")
noise = st.lists(st.sampled_from([*bits, b"x" * 60]), max_size=40).map(b"".join)


@given(content=noise)
@example(content=b'"a"')
@example(content=b"u1,a,b\r\n\r\nu2,a,b,\r\n")
@example(content=b'u1,"a\r\n\r\n",b\n' + b"x" * 60)
@settings(max_examples=250, deadline=None)
def test_the_fast_way_and_the_size_of_a_block_change_nothing(content):
    content = HEAD + content
    by_block = [outcome(content, block=block, max_field=50, max_record=55) for block in (1, 13, 4 << 20)]
    assert by_block[0] == by_block[1] == by_block[2]


@given(content=noise)
@settings(max_examples=150, deadline=None)
def test_the_fast_way_agrees_with_the_exact_one(content):
    """`scan` over the whole content, without any block, is the reference."""
    data = content.rstrip(b"\x1a")
    expected, rejects, at, line = [], 0, 0, 2
    while at < len(data):
        record = scan(data, at, b",", final=True)
        if not isinstance(record, Record):
            assert "not closed" in outcome(HEAD + content)
            return
        if not is_blank(data[at : record.end].rstrip(b"\r\n"), b","):
            texts, problem = judged(record, 3, 65_536)
            rejects += problem is not None
            expected += [] if problem else [(line, *texts)]
        line += lines_in(data[at : record.end])
        at = record.end
    found, refused, _ = parsed(HEAD + content)
    assert (found, len(refused)) == (expected, rejects)
