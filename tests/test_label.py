import csv
import gzip
import io
import json
import os
import re
import signal
import stat
import time
from contextlib import suppress
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cli_support import (
    DATA,
    LABELS,
    answers,
    check_one_line,
    check_refused,
    environment,
    even_model,
    examples,
    finish,
    invoke,
    rows_of,
    run,
    send,
    shell,
    started,
    strict_json,
    verdicts,
)
from spamguard.formats.columns import folded

ADDED = ["spamguard_label", "spamguard_probability"]
BOM = b"\xef\xbb\xbf"


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    return even_model(model_file, tmp_path_factory.mktemp("even") / "model.joblib")


@pytest.fixture(scope="session")
def known(model):
    """Comments by the verdict they get."""
    return examples(model)


def label(model, content, *options, name="comments.csv", directory):
    """What labelling a file with that content writes; the file stays as it was."""
    source, target = directory / name, directory / f"labelled-{name}"
    source.write_bytes(content)
    result = invoke("label", source, "-m", model, "-o", target, *options)
    assert result.code == 0, result
    assert result.out == b""
    assert source.read_bytes() == content
    assert sorted(directory.iterdir()) == sorted([source, target])
    written = target.read_bytes()
    target.unlink()
    source.unlink()
    return written, result.err


# --- tables, byte for byte ------------------------------------------------------------------------

BLANK, BAD = object(), object()


def golden(model, delimiter, rows):
    """The bytes of a table, and those of its labelled twin.

    A row is (its bytes, its line end, what it is): the text of the comment, BLANK, BAD, or for the
    header None. Verdicts come from scoring the texts with ``score -0``.
    """
    texts = [kind for _, _, kind in rows if isinstance(kind, str)]
    found = iter(verdicts(model, texts))
    width = max(raw.count(delimiter.encode()) + 1 for raw, _, kind in rows if kind is None)
    before, after = [], []
    for raw, end, kind in rows:
        before += [raw, end]
        if kind is BLANK:
            added = []
        elif kind is BAD:
            # A row that is too short is filled up, so that the cells stand under their names.
            missing = max(0, width - raw.count(delimiter.encode()) - 1)
            added = [""] * (missing + 2)
        elif kind is None:
            added = ADDED
        else:
            added = next(found)
        after += [raw, *(f"{delimiter}{cell}".encode() for cell in added), end]
    return b"".join(before), b"".join(after)


def table(delimiter, end, texts):
    """A table with all that a row may be, as ``golden`` takes it; texts hold no delimiter."""
    spam, ham, unsure = texts
    odd = "é 😀 \u2028 \u0085 \x1b"
    rows = [
        (["id", "content", "note"], None),
        (["1", spam, "x"], spam),
        (["2", f'"{ham}"', '"y"'], ham),
        ([], BLANK),
        (["0003", unsure, " z "], unsure),
        (["4", f'"two{end}lines{end}{end}and more"', ""], f"two{end}lines{end}{end}and more"),
        (["5", f'"a ""quoted"" {delimiter} word"', '""'], f'a "quoted" {delimiter} word'),
        (["6", 'inch 5" wide', "'"], 'inch 5" wide'),
        (["7", "", ""], ""),
        (["8", odd, "\udcff\udcfe"], odd),
        (["9", '"stray" quote', ""], BAD),
        (["10", "a", "b", "c", "d"], BAD),
        (["11"], BAD),
        ([], BLANK),
        ([], BLANK),
        (["12", spam, ""], spam),
    ]
    n = end.encode()
    return [(delimiter.join(row).encode("utf-8", "surrogateescape"), n, kind) for row, kind in rows]


def without_delimiters(known):
    """A comment of each verdict that any delimiter leaves in one piece."""
    return [re.sub(r"""[,;|"\t]""", " ", known[name][0]) for name in LABELS]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("bom", [b"", BOM], ids=["", "bom"])
@pytest.mark.parametrize("final", [True, False], ids=["", "no-final-newline"])
def test_every_row_is_kept_byte_for_byte(model, known, tmp_path, delimiter, end, bom, final):
    rows = table(delimiter, end, without_delimiters(known))
    if not final:
        rows[-1] = (rows[-1][0], b"", rows[-1][2])
    before, after = golden(model, delimiter, rows)
    written, err = label(model, bom + before, directory=tmp_path)
    assert written == bom + after
    assert err.splitlines()[-1].endswith("; 3 bad rows")
    assert err.count("comments.csv: line ") == 3


def test_a_tab_table_may_be_named(model, tmp_path):
    before, after = golden(
        model, "\t", [(b"a,b\ttext", b"\n", None), (b"1,2\thi, there", b"\n", "hi, there")]
    )
    assert label(model, before, "--format", "tsv", directory=tmp_path)[0] == after


def test_a_short_row_is_filled_up_so_that_the_verdict_stands_under_its_name(model, tmp_path):
    (verdict,) = verdicts(model, ["hello"])
    written, _ = label(model, b"text,a,b\nhello\n", directory=tmp_path)
    assert written.decode() == f"text,a,b,{','.join(ADDED)}\nhello,,,{','.join(verdict)}\n"


def test_bytes_that_are_not_utf8_are_kept(model, tmp_path):
    (verdict,) = verdicts(model, ["caf\ufffd"])
    written, err = label(model, b"\xe9,text\n\xfc\xff,caf\xe9\n", directory=tmp_path)
    added = ",".join(verdict).encode()
    assert (
        written == b"\xe9,text," + ",".join(ADDED).encode() + b"\n\xfc\xff,caf\xe9," + added + b"\n"
    )
    assert "1 comment holds what is not valid UTF-8" in err


@pytest.mark.parametrize("quoted", [b'4,"never closed', b'4,"never, closed', b'4,"never ""closed'])
def test_rows_after_a_quote_that_is_never_closed_are_labelled(model, tmp_path, quoted):
    texts = [f"comment {number}" for number in range(50)]
    rows = b"".join(b"9,%s\n" % text.encode() for text in texts)
    written, err = label(model, b"id,text\n" + rows + quoted + b"\n" + rows, directory=tmp_path)
    expected = [
        f"9,{text},{','.join(found)}"
        for text, found in zip(texts, verdicts(model, texts), strict=True)
    ]
    lines = written.decode().split("\n")[1:-1]
    assert lines[:50] == expected
    assert lines[-50:] == expected
    assert lines[50].startswith('4,"never')
    assert lines[50].endswith(",,")
    assert "line 52: " in err


def test_a_quote_that_is_never_closed_breaks_no_other_row_of_a_large_file(model, tmp_path):
    # From 16 MiB on an open quote is given up while the file goes on; a read may end in any row.
    long = b"1," + b"word " * 100_000 + b"\n"
    cells = b'2,"' + b"line\n" * 20_000 + b'"\n'
    rows = [b'0,"open\n', *[long] * 36, *[cells] * 8, b"3,last\n"]
    written, err = label(model, b"id,text\n" + b"".join(rows), directory=tmp_path)
    assert err.splitlines()[-1].endswith("; 1 bad row")
    found = list(csv.reader(io.StringIO(written.decode().split("\n", 2)[2])))
    assert [len(row) for row in found] == [4] * (len(rows) - 1)
    assert [row[2] for row in found if row[2] not in LABELS] == []


MIB = 1 << 20


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "cell",
    ['"{}"'.format('some words\nand ""more""\n' * MIB), "word " * 5 * MIB],
    ids=["quoted", "bare"],
)
def test_a_row_that_is_too_long_is_one_bad_row_kept_byte_for_byte(model, tmp_path, cell, end):
    (verdict,) = verdicts(model, ["hello"])
    cell = cell.replace("\n", end)
    rows = ["id,text,note", "1,hello,x", f"2,{cell},y", "3,hello,z", ""]
    added = [ADDED, verdict, ["", ""], verdict]
    written, err = label(model, end.join(rows).encode(), directory=tmp_path)
    after = [",".join([row, *more]) for row, more in zip(rows[:-1], added, strict=True)]
    assert written == end.join([*after, ""]).encode()
    assert err.splitlines()[0].endswith("line 3: more than 16 MiB: no comment")
    assert err.splitlines()[-1].endswith("; 1 bad row")


def test_nothing_of_a_row_that_is_too_long_is_left_for_a_spreadsheet_to_run(model, tmp_path):
    content = b"id,text\n=1,hello\n=2," + b"word " * 4 * MIB + b",=3\n4,hello\n"
    written, _ = label(model, content, "--excel-safe", directory=tmp_path)
    lines = written.decode().split("\n")
    assert [line[:3] for line in lines] == ["id,", "'=1", ",,", "4,h", ""]


def test_what_is_too_long_and_never_ends_is_one_bad_row(model, tmp_path):
    content = b'id,text\n1,hello\n2,"' + b"some words\n" * 2 * MIB
    written, err = label(model, content, directory=tmp_path)
    assert written.endswith(b"some words\n,,")
    assert err.splitlines()[-1].endswith("; 1 bad row")


def test_a_header_that_is_too_long_is_one_line(model, tmp_path):
    source = tmp_path / "in.csv"
    source.write_bytes(b'id,"text' + b"some words\n" * 2 * MIB)
    check_refused(invoke("label", source, "-m", model, "--dry-run"), "the header: more than 16 MiB")


def test_quotes_that_never_close_do_not_hold_the_run_up(model, tmp_path):
    # Each row opens a quote that lasts to the end of the file, from wherever reading begins.
    source = tmp_path / "in.csv"
    source.write_text("id,text\n" + '",x","\n' * 40_000)
    result = run("label", source, "-m", model, "-o", tmp_path / "out.csv", "-q")  # or it hangs
    assert result.code == 0
    assert (tmp_path / "out.csv").read_bytes().count(b"\n") == 40_001


def test_only_the_first_of_two_columns_with_one_name_is_read_and_both_are_kept(model, tmp_path):
    (verdict,) = verdicts(model, ["first"])
    written, err = label(model, b"text,text,id,id\nfirst,second,1,2\n", directory=tmp_path)
    assert "line 1: more than one column is called text, id; the first is read\n" in err
    assert written.decode() == (
        f"text,text,id,id,{','.join(ADDED)}\nfirst,second,1,2,{','.join(verdict)}\n"
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("final", ["\r", ""])
def test_lines_that_end_with_a_carriage_return_alone_are_lines(model, tmp_path, delimiter, final):
    texts = ["hello", "two\rlines", "you"]
    rows = [f'{number}\0"{text}"' for number, text in enumerate(texts)]
    found = ["\0".join(verdict) for verdict in verdicts(model, texts)]
    before = "\r".join(["id\0text", *rows])
    after = "\r".join([f"id\0text\0{ADDED[0]}\0{ADDED[1]}", *map("{}\0{}".format, rows, found)])
    written, err = label(
        model, (before + final).replace("\0", delimiter).encode(), directory=tmp_path
    )
    assert written.decode() == (after + final).replace("\0", delimiter)
    assert err.endswith("; 0 bad rows\n")


def test_a_carriage_return_in_a_cell_without_quotes_is_told_in_our_words(model, tmp_path):
    _, err = label(model, b"id,text\n1,a\rb\n2,c\n", directory=tmp_path)
    assert "line 2: a carriage return in a cell without quotes\n" in err


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"', "sep=|", "sep=\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("options", [(), ("--excel-safe",)])
def test_the_delimiter_that_excel_tells_above_the_table_is_taken_and_kept(
    model, tmp_path, line, end, options
):
    delimiter = line.strip('"')[-1]
    (verdict,) = verdicts(model, ["hello, you"])
    before = [line, f"id{delimiter}text,mine", f"1{delimiter}hello, you", ""]
    written, err = label(
        model,
        end.join(before).encode(),
        *("--text-column", "text,mine", *options),
        directory=tmp_path,
    )
    after = [
        line,
        delimiter.join(["id", "text,mine", *ADDED]),
        delimiter.join(["1", "hello, you", *verdict]),
        "",
    ]
    assert written.decode() == end.join(after)
    assert err.endswith("; 0 bad rows\n")


def test_blank_lines_before_the_header_are_kept(model, tmp_path):
    before, after = golden(
        model, ";", [(b"", b"\n", BLANK), (b"id;text", b"\n", None), (b"1;hello", b"\n", "hello")]
    )
    assert label(model, before, directory=tmp_path)[0] == after


@pytest.mark.parametrize("content", [b"id,text\n", b"id,text", BOM + b"id;text\r\n"])
def test_a_table_of_a_header_alone_gets_its_columns(model, tmp_path, content):
    delimiter = b";" if b";" in content else b","
    end = content[len(content.rstrip()) :]
    written, err = label(model, content, directory=tmp_path)
    assert written == delimiter.join([content.rstrip(), *(name.encode() for name in ADDED)]) + end
    assert err == "0 comments: 0 spam, 0 unsure, 0 ham; 0 bad rows\n"


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "empty"),
        (b"\n\n \n", "empty"),
        (BOM, "empty"),
        (b"id,name\n1,hello\n", "id, name"),
        (b"1,hello\n", "--text-column"),
        (b"[]\n", "without comments"),
        (b"<?xml version='1.0'?>\n<rss>\n", "XML"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (b'"id,text\n1,hello\n', "header"),
    ],
    ids=[
        "empty",
        "blank",
        "bom",
        "notext",
        "noheader",
        "array",
        "xml",
        "binary",
        "open",
    ],
)
def test_what_is_no_table_of_comments_is_refused_in_one_line(model, tmp_path, content, part):
    source = tmp_path / "in.csv"
    source.write_bytes(content)
    check_refused(invoke("label", source, "-m", model, "-o", tmp_path / "out"), str(source), part)
    assert list(tmp_path.iterdir()) == [source]


def test_a_nul_in_a_comment_makes_no_binary_file_of_a_table(model, tmp_path):
    (verdict,) = verdicts(model, ["a\0b"])
    written, _ = label(model, b"id,text\n1,a\0b\n", directory=tmp_path)
    assert written.split(b"\n")[1] == b"1,a\0b," + ",".join(verdict).encode()


# --- a second run ---------------------------------------------------------------------------------


def test_labelling_the_output_again_gives_the_same_bytes(model, known, tmp_path):
    rows = [row for row in table(",", "\r\n", without_delimiters(known)) if row[2] is not BAD]
    before, after = golden(model, ",", rows)
    assert label(model, before, directory=tmp_path)[0] == after
    assert label(model, after, directory=tmp_path)[0] == after


@pytest.mark.parametrize(
    "row",
    [b"1", b"1,hello", b"1,a,b,c,d", b'1,"stray" quote,x', b'1,"open', b'"1","quoted all","x"'],
    ids=["empty", "short", "long", "stray", "open", "quoted"],
)
def test_labelling_an_odd_row_again_gives_the_same_bytes(model, tmp_path, row):
    once, _ = label(model, b"id,text,note\n" + row + b"\n", directory=tmp_path)
    assert label(model, once, directory=tmp_path)[0] == once


def test_columns_of_an_earlier_run_are_replaced_wherever_they_stand(model, tmp_path):
    (verdict,) = verdicts(model, ["hello"])
    content = b"spamguard_probability,id,spamguard_label,text,x\n0.1,1,old,hello,\n0.1,2,old\n"
    written, err = label(model, content, directory=tmp_path)
    assert written.decode() == (
        f"id,text,x,{','.join(ADDED)}\n1,hello,,{','.join(verdict)}\n2,,,,\n"
    )
    assert "1 bad row" in err


def test_the_columns_that_were_added_are_never_read_as_data(model, tmp_path):
    once, _ = label(model, b"id,text\n1,hello\n", directory=tmp_path)
    target = tmp_path / "again.csv"
    (tmp_path / "once.csv").write_bytes(once)
    result = invoke("label", tmp_path / "once.csv", "-m", model, "-o", target, "--only", "ham")
    assert result.code == 0
    assert target.read_bytes().split(b"\n")[0] == once.split(b"\n")[0]


def test_labelling_json_lines_again_gives_the_same_bytes(model, tmp_path):
    lines = [
        b'{"id":1,"text":"hello","n":1.50,"big":1E5}',
        b'{ "text" : "a" }',
        '{"text": "é \\u00e9 😀"}'.encode(),
        b'{"text": "\\ud800", "more": "\\udfff"}',
        b'{"text": "\xff"}',
        b'{"id": 2}',
        b"no JSON \xe9 \xff",
        b"[1]",
        b"",
    ]
    content = b"\n".join(lines) + b"\n"
    once, _ = label(model, content, "--format", "jsonl", name="in.jsonl", directory=tmp_path)
    twice, _ = label(model, once, "--format", "jsonl", name="in.jsonl", directory=tmp_path)
    assert twice.split(b"\n") == once.split(b"\n")


def test_json_lines_that_begin_with_a_bad_line_can_be_labelled_again(model, tmp_path):
    content = b'no JSON\n{"text": "a"}\n'
    once, _ = label(model, content, "--format", "jsonl", name="in.jsonl", directory=tmp_path)
    assert label(model, once, "--format", "jsonl", name="in.jsonl", directory=tmp_path)[0] == once


def test_keys_of_an_earlier_run_are_replaced_wherever_they_stand(model, tmp_path):
    (verdict,) = verdicts(model, ["hello"])
    content = (
        b'{"spamguard_label": "old", "text": "hello", "spamguard_probability": 7, "x": [1, {}]}\n'
    )
    written, _ = label(model, content, name="in.jsonl", directory=tmp_path)
    assert list(strict_json(written).items()) == [
        ("text", "hello"),
        ("x", [1, {}]),
        (ADDED[0], verdict[0]),
        (ADDED[1], float(verdict[1])),
    ]


# --- JSON lines -----------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("bom", [b"", BOM])
def test_json_lines_keep_every_key_as_it_was(model, tmp_path, end, bom):
    bodies = [
        b'{"z": 1, "text": "hello", "a": {"b": [1, 2.50, null, true]}, "z2": "\\u00e9\\ud800"',
        b'{"text":"","more":"}"',
        b'{"id" : 17 , "text" : "hello \xff"  ',
        '{"text": "é 😀 \u2028"'.encode(),
    ]
    texts = ["hello", "", "hello \ufffd", "é 😀 \u2028"]
    written, err = label(
        model, bom + end.join(body + b"}" for body in bodies), name="in.jsonl", directory=tmp_path
    )
    lines = written.removeprefix(bom).split(end)
    assert written.startswith(bom)
    assert len(lines) == len(bodies)
    for line, body, (name, probability) in zip(lines, bodies, verdicts(model, texts), strict=True):
        assert line.startswith(body.rstrip())
        item = json.loads(line.decode("utf-8", "replace"))
        assert list(item)[-2:] == ADDED
        assert item[ADDED[0]] == name
        assert f"{item[ADDED[1]]:.6f}" == probability
    assert err.splitlines()[-1].endswith("; 0 bad rows")


def test_bad_json_lines_are_kept_in_their_place(model, tmp_path):
    lines = [
        '{"text": "a"}',
        "no JSON é",
        "",
        '{"id": 5, "x": [1]}',
        '"text"',
        "{}",
        '{"text": "b"}',
    ]
    written, err = label(model, "\n".join(lines).encode(), name="in.jsonl", directory=tmp_path)
    found = written.decode().split("\n")
    assert len(found) == len(lines)
    assert found[2] == ""
    items = [strict_json(line) for line in found if line]
    assert [item["spamguard_label"] is None for item in items] == [
        False,
        True,
        True,
        True,
        True,
        False,
    ]
    assert items[1]["raw"] == lines[1]
    assert items[3]["raw"] == lines[4]
    assert (items[2]["id"], items[2]["x"]) == (5, [1])
    assert [re.search(r"line (\d+)", line)[1] for line in err.splitlines()[:-1]] == [
        "2",
        "4",
        "5",
        "6",
    ]
    assert err.splitlines()[-1].startswith("2 comments: ")
    assert err.endswith("; 4 bad rows\n")


def test_a_json_record_is_labelled_by_its_own_keys(model, tmp_path):
    lines = [
        '{"text": "nice post"}',
        '{"id": 1, "text": "nice post", "author": "viagra", "author_url": "http://x.ru"}',
    ]
    both, _ = label(model, "\n".join(lines).encode(), name="a.jsonl", directory=tmp_path)
    alone, _ = label(model, lines[1].encode(), name="b.jsonl", directory=tmp_path)
    assert both.split(b"\n")[1] == alone


# --- any table ------------------------------------------------------------------------------------

cells = st.text(
    st.one_of(st.sampled_from("ab ,;|\t\"'\n\r\\0"), st.characters(exclude_categories=["Cs"])),
    max_size=15,
)
dialects = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
    }
)


@given(
    rows=st.lists(st.tuples(cells, cells, cells), max_size=6), dialect=dialects, bom=st.booleans()
)
@example(
    rows=[("", "\r", "\n")], dialect={"lineterminator": "\n", "quoting": csv.QUOTE_ALL}, bom=True
)
@example(rows=[("\ufeff", '"', "")], dialect={"delimiter": ";"}, bom=False)
def test_any_table_comes_back_with_two_more_cells_a_row(
    model, tmp_path_factory, rows, dialect, bom
):
    if dialect.get("quoting", csv.QUOTE_MINIMAL) != csv.QUOTE_ALL:
        # This version of csv.writer leaves a carriage return unquoted, which no reader takes.
        rows = [tuple(cell.replace("\r", "") for cell in row) for row in rows]
    buffer = io.StringIO(newline="")
    csv.writer(buffer, **dialect).writerows([("id", "content", "note"), *rows])
    content = (BOM if bom else b"") + buffer.getvalue().encode()
    result = invoke("label", "-", "-m", model, "-o", "-", "--format", "csv", stdin=content)
    assert result.code == 0
    written = result.out.decode("utf-8-sig" if bom else "utf-8")
    delimiter = dialect.get("delimiter", ",")
    found = list(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter, strict=True))
    assert found[0] == ["id", "content", "note", *ADDED]
    assert [tuple(row[:3]) for row in found[1:]] == rows
    assert [tuple(row[3:]) for row in found[1:]] == verdicts(model, [row[1] for row in rows])
    assert result.err.endswith("; 0 bad rows\n")


# A key that is called text as well might be taken for the text.
keys = st.text(max_size=5).filter(lambda key: key not in ADDED and folded(key) != "text")
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=5,
)


@given(
    items=st.lists(
        st.tuples(st.dictionaries(keys, values, max_size=3), cells, st.booleans(), st.booleans()),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=60)
def test_any_json_objects_come_back_with_two_more_keys(model, items):
    whole = [
        (item | {"text": text, "id": 1}, ascii_only, narrow)
        for item, text, ascii_only, narrow in items
    ]
    lines = [
        json.dumps(item, ensure_ascii=ascii_only, separators=(",", ":") if narrow else None)
        for item, ascii_only, narrow in whole
    ]
    options = ("-m", model, "-o", "-", "--format", "jsonl")
    result = invoke("label", "-", *options, stdin="\n".join(lines).encode())
    assert result.code == 0
    # A Unicode line end in a string does not end a line.
    found = [list(strict_json(line).items()) for line in result.out.decode().split("\n")]
    assert [pairs[:-2] for pairs in found] == [list(item.items()) for item, _, _ in whole]
    assert [(label, f"{p:.6f}") for (_, label), (_, p) in (pairs[-2:] for pairs in found)] == (
        verdicts(model, [item["text"] for item, _, _ in whole])
    )


# --- files, pipes and gzip ------------------------------------------------------------------------


@pytest.fixture(scope="session")
def numbered(known):
    """Rows with ids, of every verdict."""
    texts = [text for name in LABELS for text in known[name][:4]]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("id", "content"), *enumerate(texts)])
    return buffer.getvalue().encode(), texts


def test_gzip_in_and_out(model, tmp_path, numbered):
    content, _ = numbered
    plain, _ = label(model, content, directory=tmp_path)
    (tmp_path / "in.csv.gz").write_bytes(gzip.compress(content))
    for name in ("out.csv", "out.csv.gz"):
        result = invoke("label", tmp_path / "in.csv.gz", "-m", model, "-o", tmp_path / name)
        assert result.code == 0
    assert (tmp_path / "out.csv").read_bytes() == plain
    packed = (tmp_path / "out.csv.gz").read_bytes()
    assert gzip.decompress(packed) == plain
    assert invoke("label", tmp_path / "in.csv.gz", "-m", model, "-o", tmp_path / "b.gz").code == 0
    assert (tmp_path / "b.gz").read_bytes() == packed  # no name and no time in it


def test_damaged_gzip_writes_nothing(model, tmp_path, numbered):
    packed = gzip.compress(numbered[0])
    source = tmp_path / "in.csv.gz"
    for number, raw in enumerate([packed[:-10], packed[:-20] + b"\xff" * 12 + packed[-8:]]):
        source.write_bytes(raw)
        result = invoke("label", source, "-m", model, "-o", tmp_path / "out.csv")
        check_refused(result, str(source))
        assert list(tmp_path.iterdir()) == [source], number


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
def test_stdin_to_stdout_gives_the_bytes_of_file_to_file(model, tmp_path, numbered, encoding):
    content = ("\ufeff" + numbered[0].decode()).encode(encoding)
    by_file, file_err = label(model, content, directory=tmp_path)
    assert by_file.decode(encoding).startswith("\ufeffid,content,spamguard_label")
    piped = run("label", "-", "-m", model, "-o", "-", stdin=content)
    assert piped.code == 0
    assert piped.out == by_file
    assert piped.err == file_err


@pytest.mark.parametrize("first", [b"\n", b"\r\n", b"id", b'"id'])
def test_a_slow_pipe_is_labelled_like_a_file(model, tmp_path, numbered, first):
    whole = (
        numbered[0].replace(b"\r\n", b"\n").replace(b"id,", b'"id",' if b'"' in first else b"id,")
    )
    content = first + whole.removeprefix(first)
    expected, _ = label(model, content, directory=tmp_path)
    with started("label", "-", "-m", model, "-o", "-", "-q") as process:
        send(process, first)
        time.sleep(0.5)
        send(process, content.removeprefix(first))
        result = finish(process)
    assert result == (0, expected, "")


def test_a_live_pipe_is_labelled_row_by_row(model):
    with started("label", "-", "-m", model, "-o", "-") as process:
        send(process, b"id,text\n")
        for number in range(3):
            send(process, b"%d,hello\n" % number)
            if number == 0:
                assert process.stdout.readline().startswith(b"id,text,spamguard_label")
            assert process.stdout.readline().startswith(b"%d,hello," % number)
        assert finish(process).code == 0


def test_a_large_file_gets_the_labels_that_score_gives(model, known, tmp_path):
    texts = [text for name in LABELS for text in known[name]]
    texts = (texts * (300_000 // len("".join(texts)) + 1)) + ["x " * 6000]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("id", "content"), *enumerate(texts)])
    source, target = tmp_path / "large.csv", tmp_path / "out.csv"
    source.write_text(buffer.getvalue(), newline="")
    assert source.stat().st_size > 1 << 18  # well beyond where the compiled kernel takes over
    assert invoke("label", source, "-m", model, "-o", target).code == 0
    with target.open(newline="") as file:
        found = [tuple(row[2:]) for row in csv.reader(file)][1:]
    distinct = list(dict.fromkeys(texts))
    alone = dict(zip(distinct, verdicts(model, distinct), strict=True))
    assert found == [alone[text] for text in texts]


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", LABELS)
def test_only_writes_the_rows_with_that_verdict(model, tmp_path, numbered, wanted):
    everything, _ = label(model, numbered[0] + b"99\r\n\r\n", directory=tmp_path)
    chosen, err = label(model, numbered[0] + b"99\r\n\r\n", "--only", wanted, directory=tmp_path)
    header, *rows = everything.split(b"\r\n")
    expected = [row for row in rows if re.search(rb",%s,[\d.]+$" % wanted.encode(), row)]
    assert len(expected) == 4
    assert chosen == b"\r\n".join([header, *expected, b""])
    assert err.endswith("12 comments: 4 spam, 4 unsure, 4 ham; 1 bad row\n")


@pytest.mark.parametrize("wanted", LABELS)
def test_ids_prints_just_the_ids_with_that_verdict(model, numbered, wanted):
    result = invoke("label", "-", "-m", model, "--ids", wanted, stdin=numbered[0])
    begin = 4 * LABELS.index(wanted)
    assert result.code == 0
    assert result.lines == [str(number) for number in range(begin, begin + 4)]


def test_ids_and_a_file_can_be_had_at_once(model, tmp_path, numbered):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(numbered[0])
    result = invoke("label", source, "-m", model, "-o", target, "--ids", "spam")
    assert result.lines == ["0", "1", "2", "3"]
    target_content = target.read_bytes()
    target.unlink()
    assert (
        target_content == label(model, numbered[0], name="x.csv", directory=tmp_path_of(source))[0]
    )


def tmp_path_of(source):
    source.unlink()
    return source.parent


UNSAFE = [
    "", " ", "a b", " 1", "1 ", "-1", "-rf", "--all", "a\nb", "a\tb", "a\u00a0b", "a\u2028b", "a'b",
    'a"b', "a\\b", "a\x01b", "a\x1b[m", "a\u202eb", "a\u200bb",
]  # fmt: skip


@pytest.mark.parametrize("key", [*UNSAFE, "\ud800", "a\0b"])
@pytest.mark.parametrize("name", ["csv", "jsonl"])
def test_an_id_that_is_not_safe_in_a_command_is_never_printed(model, known, key, name):
    rows = [("1", known["spam"][0]), (key, known["spam"][1]), ("3", known["spam"][2])]
    if name == "csv":
        buffer = io.StringIO(newline="")
        csv.writer(buffer).writerows([("id", "content"), *rows])
        content = buffer.getvalue().replace("\ud800", "\udcff").encode("utf-8", "surrogateescape")
    else:
        content = "".join(json.dumps({"id": i, "content": t}) + "\n" for i, t in rows).encode()
    result = invoke("label", "-", "-m", model, "--ids", "spam", "--format", name, stdin=content)
    assert result.code == 3
    assert result.lines in ([], ["1"])
    check_one_line(result.err, "stdin: line ", "id")


@pytest.mark.parametrize("value", [None, [], {}, ["1"], {"a": 1}, True, False])
def test_an_id_that_is_no_id_is_never_printed(model, known, value):
    content = json.dumps({"id": value, "content": known["spam"][0]}).encode()
    result = invoke("label", "-", "-m", model, "--ids", "spam", "--format", "jsonl", stdin=content)
    check_refused(result, "line 1", "id")


def test_an_unsafe_id_leaves_no_output_file(model, tmp_path, known):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f'id,content\n-1,"{known["spam"][0]}"\n')
    check_refused(invoke("label", source, "-m", model, "-o", target, "--ids", "spam"), "line 2")
    assert list(tmp_path.iterdir()) == [source]


def test_an_id_of_another_verdict_need_not_be_safe(model, known):
    content = f'id,content\n-1,"{known["ham"][0]}"\n2,"{known["spam"][0]}"\n'.encode()
    result = invoke("label", "-", "-m", model, "--ids", "spam", stdin=content)
    assert (result.code, result.lines) == (0, ["2"])


@pytest.mark.parametrize("wanted", LABELS)
def test_ids_of_a_file_without_ids_are_refused(model, known, wanted):
    text = known[wanted][0]
    for content in (f'content\n"{text}"\n', json.dumps({"content": text})):
        result = invoke("label", "-", "-m", model, "--ids", wanted, stdin=content.encode())
        check_refused(result, "id")


def test_dry_run_writes_nothing_and_shows_the_surest_of_both_sides(model, tmp_path, known):
    texts = [text for name in LABELS for text in known[name]]
    source = tmp_path / "in.csv"
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([("id", "content"), *enumerate(texts)])
    source.write_text(buffer.getvalue(), newline="")
    result = invoke("label", source, "-m", model, "--dry-run")
    assert result.code == 0
    assert list(tmp_path.iterdir()) == [source]
    found = list(zip(verdicts(model, texts), texts, strict=True))
    shown = {"spam": [], "ham": []}
    for line in result.lines:
        if line.startswith("the most certain "):
            side = shown[line.removeprefix("the most certain ")]
        else:
            probability, place, text = line.split("\t")
            assert place == f"line {texts.index(text) + 2}"
            side.append((("spam" if side is shown["spam"] else "ham", probability), text[:200]))
    for name, falling in (("spam", True), ("ham", False)):
        wanted = sorted((pair[0][1] for pair in found if pair[0][0] == name), reverse=falling)[:10]
        assert [probability for (_, probability), _ in shown[name]] == wanted
        assert all(
            (verdict, text) in [(v, t[:200]) for v, t in found] for verdict, text in shown[name]
        )
    counts = [len(known[name]) for name in LABELS]
    expected = "{} comments: {} spam, {} unsure, {} ham; 0 bad rows\n".format(sum(counts), *counts)
    assert result.err == expected


def test_quiet_leaves_the_summary_out_but_not_what_is_wrong(model, tmp_path, numbered):
    _, err = label(model, numbered[0], "--quiet", directory=tmp_path)
    assert err == ""
    _, err = label(model, numbered[0] + b"99\r\n", "-q", directory=tmp_path)
    check_one_line(err, "line 14: ")


def test_many_bad_rows_are_counted_not_listed(model, tmp_path):
    _, err = label(model, b"id,text\n" + b"1\n" * 1500, directory=tmp_path)
    assert err.count("\n") == 22
    assert "and 1,480 more bad records" in err
    assert err.endswith("0 comments: 0 spam, 0 unsure, 0 ham; 1,500 bad rows\n")


def test_strict_ends_with_3_and_still_writes(model, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("id,text\n1,hello\n2\n")
    assert invoke("label", source, "-m", model, "-o", target, "--strict").code == 3
    assert target.read_text().endswith("\n2,,,\n")
    source.write_text("id,text\n1,hello\n")
    assert invoke("label", source, "-m", model, "-o", target, "--strict").code == 0


def test_columns_can_be_named(model, tmp_path):
    content = b"id,content,mine\n1,wrong,right\n"
    (verdict,) = verdicts(model, ["right"])
    written, _ = label(model, content, "--text-column", "mine", directory=tmp_path)
    assert written.decode().split("\n")[1] == "1,wrong,right," + ",".join(verdict)
    options = ("--id-column", "mine", "--text-column", "mine", "--ids", verdict[0])
    ids = invoke("label", "-", "-m", model, *options, stdin=content)
    assert ids.lines == ["right"]


@pytest.mark.parametrize("option", ["text", "author", "author-url", "post-title", "id"])
def test_a_column_that_is_not_there_is_answered_with_those_that_are(model, tmp_path, option):
    options = ("-o", tmp_path / "out", f"--{option}-column", "nope")
    content = b"id,content,Strange Name\n1,a,b\n"
    result = invoke("label", "-", "-m", model, *options, stdin=content)
    check_refused(result, "nope", "id, content, Strange Name")
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_not_there_is_answered_with_those_that_are(model):
    content = b'{"id": 1, "content": "a", "Strange Name": 2}\n'
    options = ("-o", "-", "--text-column", "nope")
    result = invoke("label", "-", "-m", model, *options, stdin=content)
    assert result.code in (0, 3)
    first = result.err.splitlines()[0]
    assert "nope" in first
    assert "id, content, Strange Name" in first


def scored(model, **fields):
    stdin = json.dumps({"text": "nice post", **fields}).encode()
    return answers(invoke("score", "-m", model, "--format", "jsonl", stdin=stdin))[0][:2]


@pytest.fixture(scope="session")
def telling(model):
    """An author and an address that move the verdict on a comment."""
    rows = [row for path in sorted(DATA.glob("*.csv")) for row in rows_of(path)]
    return {
        field: next(
            row[field]
            for row in rows
            if row[field].isalnum() is (field == "author")
            and scored(model, **{field: row[field]}) != scored(model, **{field: "qqq"})
        )
        for field in ("author", "author_url")
    }


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("author", "comment_author"),
        ("author", "Author"),
        ("author", "Name"),
        ("author_url", "comment_author_url"),
        ("author_url", "Author-URL"),
        ("author_url", "Website"),
    ],
)
def test_the_author_counts_under_the_names_people_use(model, telling, field, name):
    value = telling[field]
    content = f'"{name}",comment_content\n"{value}",nice post\n'.encode()
    written = list(csv.reader(invoke("label", "-", "-m", model, "-o", "-", stdin=content).lines))
    assert tuple(written[1][2:]) == scored(model, **{field: value})
    options = (f"--{field.replace('_', '-')}-column", "x")
    content = f'x,comment_content\n"{value}",nice post\n'.encode()
    named = invoke("label", "-", "-m", model, "-o", "-", *options, stdin=content)
    assert list(csv.reader(named.lines))[1] == written[1]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--dry-run", "-o", "out"),
        ("--dry-run", "--ids", "spam"),
        ("--ids", "spam", "-o", "-"),
        ("--ids",),
        ("--ids", "eggs", "-o", "out"),
        ("--only", "eggs", "-o", "out"),
        ("--only", "spam", "--ids", "spam"),
        ("--only", "spam", "--dry-run"),
        ("--format", "text", "-o", "out"),
    ],
)
def test_wrong_usage_ends_with_2(model, options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("label", "-", "-m", model, *options, stdin=b"text\nhello\n")
    assert (result.code, result.out) == (2, b"")
    assert list(tmp_path.iterdir()) == []


# --- the output is whole or not there -------------------------------------------------------------


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "in.csv"
    random = Random(0)
    rows = (f"{number},{random.random()} {random.random()} hello\n" for number in range(300))
    path.write_text("id,text\n" + "".join(rows))
    return path


def links(kind, source, tmp_path):
    """Another name of the input."""
    if kind == "same":
        return source
    other = tmp_path / "other.csv"
    if kind == "dotted":
        return tmp_path / "." / ".." / tmp_path.name / source.name
    if kind == "symlink":
        other.symlink_to(source)
    elif kind == "chain":
        (tmp_path / "between").symlink_to(source.name)
        other.symlink_to("between")
    else:
        other.hardlink_to(source)
    return other


@pytest.mark.parametrize("kind", ["same", "dotted", "symlink", "chain", "hard link"])
@pytest.mark.parametrize("by_stdin", [False, True])
def test_the_input_is_refused_as_output(model, source, tmp_path, kind, by_stdin):
    content = source.read_bytes()
    target = links(kind, source, tmp_path)
    if by_stdin:
        with source.open("rb") as file:
            result = run("label", "-", "-m", model, "-o", target, stdin_from=file)
    else:
        result = run("label", source, "-m", model, "-o", target)
    check_refused(result, str(target), "input")
    assert source.read_bytes() == content
    assert not source.is_symlink()


def test_the_input_is_safe_whatever_it_is_called(model, source, tmp_path):
    path = source.rename(tmp_path / "out.csv.part")
    content = path.read_bytes() + b"9," + b"hello " * 50_000 + b"\n" * 2  # more than one read
    path.write_bytes(content)
    # Should the run read what it writes, this ends it.
    limited = 'ulimit -f 8192; exec "$@"'
    result = shell(limited, "label", path, "-m", model, "-o", tmp_path / "out.csv")
    assert path.exists()
    assert path.read_bytes() == content
    if result.code == 0:
        assert (tmp_path / "out.csv").read_bytes().count(b"\n") == content.count(b"\n")
    else:
        check_refused(result)


def test_files_that_lie_beside_the_output_are_left_alone(model, source, tmp_path):
    names = ["out.csv" + suffix for suffix in (".part", ".tmp", ".new", ".bak", "~")]
    for name in names:
        (tmp_path / name).write_text("mine")
    before = set(tmp_path.iterdir())
    target = tmp_path / "out.csv"
    result = invoke("label", source, "-m", model, "-o", target)
    if result.code:
        check_refused(result)
    assert set(tmp_path.iterdir()) - {target} == before
    assert {(tmp_path / name).read_text() for name in names} == {"mine"}


def test_a_link_to_another_file_stays_a_link(model, source, tmp_path):
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real.name)
    assert invoke("label", source, "-m", model, "-o", link).code == 0
    assert link.is_symlink()
    assert real.read_text().startswith("id,text,spamguard_label")


def test_an_output_keeps_its_permissions(model, source, tmp_path):
    target = tmp_path / "out.csv"
    target.write_text("old")
    target.chmod(0o600)
    assert invoke("label", source, "-m", model, "-o", target).code == 0
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


@pytest.mark.parametrize("place", ["missing/out.csv", "in.csv/out.csv", "folder", "folder/", ""])
def test_an_output_that_cannot_be_is_one_line(model, source, tmp_path, place):
    (tmp_path / "folder").mkdir()
    before = sorted(tmp_path.rglob("*"))
    result = run("label", source, "-m", model, "-o", f"{tmp_path}/{place}")
    check_refused(result, f"{tmp_path}/{place}", "cannot be written")
    assert sorted(tmp_path.rglob("*")) == before


def test_an_output_in_a_directory_that_may_not_be_written_is_one_line(model, source, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    if os.access(locked, os.W_OK):
        pytest.skip("root writes everywhere")
    check_refused(run("label", source, "-m", model, "-o", locked / "out.csv"), "Permission denied")
    assert list(locked.iterdir()) == []


@pytest.mark.parametrize("name", ["/dev/full", "full", "full.gz"])
def test_a_full_device_is_one_line(model, source, tmp_path, name):
    target = tmp_path / name  # the absolute name stays as it is
    if not target.is_absolute() or target.parent == tmp_path:
        target.symlink_to("/dev/full")
    check_refused(run("label", source, "-m", model, "-o", target), str(target), "No space left")


@pytest.mark.parametrize("old", [None, b"old\n"])
@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz"])
def test_a_disk_that_fills_up_leaves_the_old_file_or_none(model, source, tmp_path, old, name):
    target = tmp_path / name
    if old is not None:
        target.write_bytes(old)
    before = sorted(tmp_path.iterdir())
    # No file may grow beyond 1 KiB, what is a full disk to the one who writes.
    result = shell('ulimit -f 1; exec "$@"', "label", source, "-m", model, "-o", target)
    check_refused(result, str(target), "cannot be written")
    assert sorted(tmp_path.iterdir()) == before
    if old is not None:
        assert target.read_bytes() == old


def test_a_full_disk_under_stdout_is_one_line(model, source):
    with open("/dev/full", "wb") as full:
        result = run("label", source, "-m", model, "-o", "-", stdout=full)
    check_refused(result, "stdout", "No space left")


@pytest.mark.parametrize("by", ["labels", "ids", "both"])
def test_a_closed_pipe_ends_the_run_quietly(model, known, tmp_path, by):
    options = {
        "labels": ("-o", "-"),
        "ids": ("--ids", "ham"),
        "both": ("--ids", "ham", "-o", "out.csv"),
    }[by]
    text = min(known["ham"], key=len)
    rows = [f'{number:0120},"{text}"\n' for number in range(900)]  # ids that fill a pipe
    (tmp_path / "in.csv").write_text("id,text\n" + "".join(rows))
    with started("label", "in.csv", "-m", model, *options, "-q", cwd=tmp_path) as process:
        assert process.stdout.readline()
        process.stdout.close()
        code = process.wait()
        assert process.stderr.read() == b""
        assert code == 0
    assert {path.name for path in tmp_path.iterdir()} <= {"in.csv", "out.csv"}


@pytest.mark.parametrize("old", [None, b"old\n"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_that_is_ended_leaves_the_old_output_or_none(model, tmp_path, number, old):
    target = tmp_path / "out.csv"
    if old is not None:
        target.write_bytes(old)
    with started("label", "-", "-m", model, "-o", target) as process:
        send(process, b"id,text\n" + b"1,hello\n" * 1000)
        while not any(path.name != "out.csv" for path in tmp_path.iterdir()):  # it has begun
            assert process.poll() is None
            time.sleep(0.01)
        send(process, b"1,hello\n" * 1000)
        process.send_signal(number)
        code = process.wait()
        err = process.stderr.read().decode()
    assert code == (130 if number == signal.SIGINT else -number)
    assert "Traceback" not in err
    assert (target.read_bytes() if target.exists() else None) == old
    if number != signal.SIGKILL:
        assert list(tmp_path.iterdir()) == ([target] if old is not None else [])


@pytest.mark.parametrize("to_stdout", [True, False])
def test_the_bar_does_not_mix_with_what_is_written_to_the_same_terminal(
    model, source, tmp_path, to_stdout
):
    ours, theirs = os.openpty()
    output = "-" if to_stdout else tmp_path / "out.csv"
    words = ("label", source, "-m", model, "-o", output)
    with started(*words, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # what a terminal gives whose other end is closed
            while part := os.read(ours, 1 << 16):
                shown += part
        assert process.wait() == 0
    os.close(ours)
    assert (b"labelling" in shown) != to_stdout
    assert b"bad row" in shown


def test_a_run_that_is_ended_takes_its_temporary_files_away(model, tmp_path):
    env = environment(TMPDIR=str(tmp_path))
    options = ("-m", model, "--dry-run", "--trust-approved", "1")
    with started("label", "-", *options, env=env) as process:
        send(process, b"id,text\n" + b"1,hello\n" * 100_000)
        while not list(tmp_path.iterdir()):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM
    assert list(tmp_path.iterdir()) == []


def test_what_a_run_was_told_to_live_through_does_not_end_it(model, tmp_path):
    ignoring = ("bash", "-c", "trap '' HUP; exec \"$@\"", "bash")
    with started("label", "-", "-m", model, "--ids", "ham", before=ignoring) as process:
        send(process, b"id,text\n")
        time.sleep(0.5)
        process.send_signal(signal.SIGHUP)
        assert finish(process).code == 0


def test_a_run_that_is_killed_at_any_moment_leaves_the_old_output_or_all_of_the_new(
    model, tmp_path
):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    content = b"id,text\n" + b"".join(b"%d,hello there\n" % number for number in range(20_000))
    source.write_bytes(content)
    assert invoke("label", source, "-m", model, "-o", target).code == 0
    whole = target.read_bytes()
    assert whole.count(b"\n") == content.count(b"\n")
    for delay in (0.2, 0.5, 0.8):
        target.write_bytes(b"old\n")
        with started("label", source, "-m", model, "-o", target) as process:
            time.sleep(delay)
            process.kill()
            process.wait()
        assert target.read_bytes() in (b"old\n", whole)
        assert source.read_bytes() == content
    assert invoke("label", source, "-m", model, "-o", target).code == 0  # what is left is in no way
    assert target.read_bytes() == whole


def test_ctrl_c_while_it_waits_ends_at_once_with_130(model):
    with started("label", "-", "-m", model, "--ids", "ham") as process:
        send(process, b"id,text\n")
        time.sleep(0.3)  # when it comes a little earlier or later, the end is the same
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert "Traceback" not in process.stderr.read().decode()
