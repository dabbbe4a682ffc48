import array
import codecs
import fcntl
import gzip
import json
import os
import re
import signal
import termios
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cli_support import (
    LABELS,
    answers,
    as_read,
    check_one_line,
    check_refused,
    even_model,
    examples,
    finish,
    invoke,
    json_answers,
    run,
    send,
    shell,
    started,
    strict_json,
    unescaped,
    verdicts,
)

PIECES = (
    b"hello", b"cheap pills", b" ", b"\t", b"\\", b"\\n", b"\n", b"\n\n", b"\r\n", b"\r", b"\0",
    b"\x0b", b"\x0c", b"\x1b[31m", b"\x1c", b"\x85", b"\xff", b"\xc3", b"\xed\xa0\x80",
    b"\xf5\x80\x80\x80", b"\xe2\x80", codecs.BOM_UTF8, b"<a href=http://x.ru>", b'"', b"{",
    b"a" * 20_000, "\u0085".encode(), "\u2028".encode(), "\u202e".encode(), "\u2066".encode(),
    "\ufffd".encode(), "é".encode(), "😀".encode(), "便宜".encode(),
)  # fmt: skip
#: What other formats begin with.
MAGIC = (b"\x1f\x8b", codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
anything = st.one_of(
    st.binary(max_size=80), st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join)
).filter(lambda data: not data.startswith(MAGIC))


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    return even_model(model_file, tmp_path_factory.mktemp("even") / "model.joblib")


@pytest.fixture(scope="session")
def known(model):
    """Comments by the verdict they get."""
    return examples(model)


def records(data, end):
    """What lies between the ends, as the rules have it: a last one without end counts."""
    parts = data.removeprefix(codecs.BOM_UTF8).split(end)
    return parts[:-1] if parts[-1] == b"" else parts


# --- any bytes ------------------------------------------------------------------------------------


@given(data=anything)
@example(data=b"")
@example(data=b"\n")
@example(data=b"\n\n\n")
@example(data=codecs.BOM_UTF8)
@example(data=codecs.BOM_UTF8 + codecs.BOM_UTF8 + b"x")
@example(data=b"one\r\ntwo\r\n")
@example(data=b"\r\r\n\r")
@example(data=b"a\0b\nc")
@example(data=b"bad \xff\xc3\n\x80")
@example(data="a\u2028b\u0085c\x0bd\x1ce".encode())
@example(data=b"no end")
def test_each_line_of_any_bytes_gets_its_answer(model, data):
    result = invoke("score", "-m", model, stdin=data)
    assert result.code == 0
    expected = [as_read(line.removesuffix(b"\r")) for line in records(data, b"\n")]
    assert [unescaped(answer.text) for answer in answers(result)] == expected
    assert "error" not in {answer.label for answer in answers(result)}


@given(data=anything)
@example(data=b"\0")
@example(data=b"several\nlines\0and\r\nmore\r\0last")
def test_each_nul_ended_text_of_any_bytes_gets_its_answer(model, data):
    result = invoke("score", "-m", model, "-0", stdin=data)
    assert result.code == 0
    expected = [as_read(text) for text in records(data, b"\0")]
    assert [unescaped(answer.text) for answer in answers(result)] == expected


@given(data=anything)
@example(data=b"")
@example(data=b"\n")
def test_with_format_text_all_of_any_bytes_is_one_comment(model, data):
    result = invoke("score", "-m", model, "--format", "text", stdin=data)
    assert result.code == 0
    (answer,) = answers(result)
    assert unescaped(answer.text) == as_read(data.removeprefix(codecs.BOM_UTF8))


@given(data=anything)
@settings(max_examples=50)
def test_json_answers_hold_the_same_as_text_answers(model, data):
    text = answers(invoke("score", "-m", model, stdin=data))
    plain = json_answers(invoke("score", "-m", model, "--json", stdin=data))
    assert [list(answer) for answer in plain] == [["label", "probability", "text"]] * len(text)
    assert [
        (answer["label"], f"{answer['probability']:.6f}", answer["text"]) for answer in plain
    ] == [(answer.label, answer.probability, unescaped(answer.text)) for answer in text]


@given(data=anything, name=st.sampled_from(["csv", "tsv", "jsonl"]))
@example(data=b"text\r1\r", name="csv")
@example(data=b"id\rtext", name="csv")
@example(data=b'"', name="csv")
@example(data=b'text\n"', name="csv")
@example(data=b'text\n"a" b\n"c"\n', name="csv")
@example(data=b"text,text\na\na,b,c\n\n,\n", name="csv")
@example(data=b"{}", name="jsonl")
@example(data=b"[]\n{}\n", name="jsonl")
@example(data=b'{"text": "a"}\n{"text"\n', name="jsonl")
def test_no_bytes_crash_the_readers_of_tables(model, data, name):
    result = invoke("score", "-m", model, "--format", name, stdin=data)
    if result.code == 3:
        check_one_line(result.err.splitlines(keepends=True)[-1])
    else:
        assert result.code == 0
        answers(result)


def test_characters_that_lie_across_two_reads_stay_whole(model):
    lines = ["x" * place + "é😀" * 50_000 for place in range(4)]
    result = invoke("score", "-m", model, stdin="\n".join(lines).encode())
    assert [answer.text for answer in answers(result)] == lines
    assert result.err == ""


def test_bad_utf8_is_replaced_and_counted(model):
    result = invoke("score", "-m", model, stdin=b"fine\n\xff\xfe\nfine\nb\xc3d\n")
    assert [answer.text for answer in answers(result)] == [
        "fine",
        "\ufffd\ufffd",
        "fine",
        "b\ufffdd",
    ]
    assert result.code == 0
    assert result.err == (
        "stdin: 2 comments hold what is not valid UTF-8; if it is in another encoding, convert it:"
        " iconv -f WINDOWS-1252 -t UTF-8\n"
    )


def test_a_replacement_character_that_was_sent_is_valid_utf8(model):
    result = invoke("score", "-m", model, stdin="a \ufffd b\n".encode())
    assert [answer.text for answer in answers(result)] == ["a \ufffd b"]
    assert result.err == ""


def test_a_line_of_50_mb_gets_one_answer(model):
    line = b"buy cheap pills " * (50 * 1024 * 1024 // 16)
    result = run("score", "-m", model, stdin=line + b"\nlast")
    assert result.code == 0
    assert result.err == ""
    assert result.out.count(b"\n") == 2
    first, last = result.out.splitlines()
    assert re.match(rb"(spam|unsure|ham)\t\d\.\d{6}\t", first)
    assert first.split(b"\t", 2)[2] == line
    assert last.endswith(b"\tlast")


# --- how an answer looks --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"a\tb", r"a\tb"),
        (rb"a\tb", r"a\\tb"),
        (rb"\\", r"\\\\"),
        (b"a\rb", r"a\rb"),
        (b"a\r\r", r"a\r"),
        (b"\x1b[2J\x1b]0;t\x07", r"\u001b[2J\u001b]0;t\u0007"),
        (b"\0\x01\x1f\x7f", r"\u0000\u0001\u001f\u007f"),
        ("\u0080\u0085\u009b31m\u009f".encode(), r"\u0080\u0085\u009b31m\u009f"),
        ("\u202aa\u202bb\u202cc\u202dd\u202ee".encode(), r"\u202aa\u202bb\u202cc\u202dd\u202ee"),
        ("\u2066a\u2067b\u2068c\u2069".encode(), r"\u2066a\u2067b\u2068c\u2069"),
        ("\u061c\u200e\u200f".encode(), r"\u061c\u200e\u200f"),
        ("a\u2028b\u2029c".encode(), r"a\u2028b\u2029c"),
        ("x\ufeff".encode(), r"x\ufeff"),
        ("Grüße, 便宜 😀 👍🏽 שלום".encode(), "Grüße, 便宜 😀 👍🏽 שלום"),
    ],
)
def test_what_steers_a_terminal_or_the_eye_is_shown_escaped(model, sent, shown):
    result = invoke("score", "-m", model, stdin=sent + b"\n")
    label, probability, text = result.out.removesuffix(b"\n").split(b"\t")
    assert label.decode() in LABELS
    assert re.fullmatch(rb"[01]\.\d{6}", probability)
    assert text.decode() == shown


def test_newlines_in_a_comment_stay_on_one_line(model):
    result = invoke("score", "-m", model, "--format", "text", stdin=b"one\r\ntwo\n\nthree\n")
    (answer,) = answers(result)
    assert answer.text == r"one\r\ntwo\n\nthree\n"


def test_a_reason_of_an_error_is_escaped(model):
    stdin = b'{"text": "first"}\n{"text": "a", "\x1b[31m\xe2\x80\xae": 1'
    result = invoke("score", "-m", model, "--format", "jsonl", stdin=stdin)
    assert b"\x1b" not in result.out
    assert "\x1b" not in result.err
    assert "\u202e" not in result.out.decode() + result.err


def test_the_label_follows_the_cutoffs_that_info_shows(model, known):
    facts = json.loads(invoke("info", model, "--json").out)["cutoffs"]
    texts = [text for label in LABELS for text in known[label]]
    seen = set()
    for label, shown in verdicts(model, texts):
        probability = float(shown)
        seen.add(label)
        if label == "spam":
            assert probability >= facts["spam"] - 1e-6
        elif label == "ham":
            assert probability <= facts["ham"] + 1e-6
        else:
            assert facts["ham"] - 1e-6 <= probability <= facts["spam"] + 1e-6
    assert seen == set(LABELS)


# --- JSON lines -----------------------------------------------------------------------------------


def jsonl(model, *lines, json_out=True, code=0):
    stdin = b"".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    options = ["--json"] if json_out else []
    result = invoke("score", "-m", model, "--format", "jsonl", *options, stdin=stdin)
    assert result.code == code
    return json_answers(result) if json_out else answers(result)


GOOD = '{"id": 1, "text": "hello"}\n'


@pytest.mark.parametrize(
    "key",
    ["7", "-1", "1" * 30, '"7"', '"a b"', "null", "true", "1.5", '["x", {"y": 1}]', '""'],
)
def test_an_id_keeps_its_type(model, key):
    (answer,) = jsonl(model, f'{{"id": {key}, "text": "hello"}}\n')
    assert answer["text"] == "hello"
    found, sent = answer.get("id"), json.loads(key)
    assert (found, type(found)) == (sent, type(sent))


@pytest.mark.parametrize(
    "line",
    [
        "not JSON",
        '{"text": "cut',
        '{"text": "a"} more',
        "[1, 2]",
        '["text"]',
        '"text"',
        "17",
        "null",
        "{}",
        '{"id": 2}',
        '{"id": 2, "text": null}',
        '{"id": 2, "text": 5}',
        '{"id": 2, "text": ["a"]}',
        '{"id": 2, "text": {"text": "a"}}',
        '{"id": 2, "text": ' + "9" * 5000 + "}",
        '{"id": ' + "9" * 5000 + ', "text": "a"}',
        '{"text": "a", "more": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"text": "a", "more": ' + '{"a":' * 100_000 + "1" + "}" * 100_000 + "}",
        "[" * 200_000,
        "\x00",
        '{"text": "a\x01b"}',
        "\ufeff" + '{"text": "a"}',
    ],
    ids=lambda line: line[:30].encode("unicode_escape").decode(),
)
def test_a_bad_json_line_is_answered_with_an_error_and_the_others_with_verdicts(model, line):
    first, bad, last = jsonl(model, GOOD, line + "\n", GOOD)
    assert bad["label"] is None
    assert bad["error"]
    assert "probability" not in bad
    assert first == last
    assert (first["label"] in LABELS, first["id"], first["text"]) == (True, 1, "hello")
    text = jsonl(model, GOOD, line + "\n", GOOD, json_out=False)
    assert [answer.label == "error" for answer in text] == [False, True, False]
    result = invoke("score", "-m", model, "--format", "jsonl", stdin=(GOOD + line + "\n").encode())
    check_one_line(result.err, "stdin: line 2: ")


@pytest.mark.parametrize("first", ["{}", '{"id": 2}', '{"id": 2, "note": "x"}', "[]", "no JSON"])
def test_a_bad_first_json_line_does_not_end_the_run(model, first):
    bad, good = jsonl(model, first + "\n", GOOD)
    assert bad["label"] is None
    assert good["text"] == "hello"
    assert good["id"] == 1


def test_a_json_line_is_read_by_its_own_keys_whatever_came_before(model):
    full = '{"id": 5, "text": "nice post", "author": "cheap viagra", "author_url": "http://viagra.example.ru"}\n'
    (alone,) = jsonl(model, full)
    plain, later = jsonl(model, '{"text": "nice post"}\n', full)
    assert later == alone
    assert later["id"] == 5
    assert later["probability"] != plain["probability"]


def test_lone_surrogates_in_json_are_replaced_wherever_they_stand(model):
    lines = [
        r'{"text": "a\ud800b", "id": 1}',
        r'{"text": "fine", "id": "\udc80x"}',
        r'{"text": "fine", "id": ["\ud83d", {"\udfff": "\udbff"}]}',
        r'{"text": "\ud83d\ude00", "id": "\ud83d\ude00"}',
        r'{"text": "fine", "author": "\ud800", "id": 5}',
    ]
    found = jsonl(model, "\n".join(lines))
    assert [answer["text"] for answer in found] == ["a\ufffdb", "fine", "fine", "😀", "fine"]
    assert (found[3]["id"], found[4]["id"]) == ("😀", 5)


def test_bad_utf8_in_json_is_replaced(model):
    (answer,) = jsonl(model, b'{"text": "a\xffb", "id": "\xfe"}\n')
    assert (answer["text"], answer["id"]) == ("a\ufffdb", "\ufffd")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_answers_are_json_even_where_the_input_is_not_quite(model, number):
    (answer,) = jsonl(model, f'{{"text": "a", "id": {number}}}\n')
    assert "label" in answer


@pytest.mark.parametrize("command", ["score", "explain"])
def test_deeply_nested_ids_crash_nothing(model, command):
    depths = [*range(1, 200, 30), *range(900, 1000, 3), 2000]
    lines = ['{"text": "hello", "id": ' + "[" * depth + "]" * depth + "}" for depth in depths]
    stdin = ('{"text": "first", "id": 1}\n' + "\n".join(lines)).encode()
    result = run(command, "-m", model, "--format", "jsonl", "--json", stdin=stdin)
    assert result.code == 0, result.err[-300:]
    assert "Traceback" not in result.err
    if command == "score":
        assert len(result.lines) == len(lines) + 1


def test_a_key_without_a_name_is_no_author(model):
    plain, odd = jsonl(model, '{"text": "hello"}\n', '{"": "http://x.ru/buy", "text": "hello"}\n')
    assert odd == plain


def test_a_json_line_may_carry_author_and_more_and_they_count(model):
    plain, rich = jsonl(
        model,
        '{"text": "nice post", "author": "", "author_url": "", "id": null}\n',
        '{"text": "nice post", "author": "viagra", "author_url": "http://x.ru/buy", "id": 2}\n',
    )
    assert plain["probability"] != rich["probability"]


def test_blank_json_lines_are_no_records(model):
    assert len(jsonl(model, "\n", GOOD, "   \n", "\r\n", GOOD.replace("\n", "\r\n"))) == 2


keys = st.sampled_from(["text", "id", "author", "x"])
garbage = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)


@given(
    values=st.lists(
        garbage.map(json.dumps)
        | st.builds(lambda text, key: json.dumps({"text": text, "id": key}), st.text(), garbage)
        | st.sampled_from(["{", "]", "{'text': 'a'}", "nul", '{"text": "a",}', "\x00"]),
        max_size=6,
    )
)
@example(values=[json.dumps({"text": "a", "id": "\ud800"})])
@example(values=[json.dumps({"text": "a", "id": float("nan")})])
def test_any_json_values_get_an_answer_each(model, values):
    found = jsonl(model, GOOD, "\n".join(values))
    assert len(found) == len(values) + 1
    for answer, value in zip(found[1:], values, strict=True):
        try:
            good = isinstance(json.loads(value)["text"], str)
            strict_json(value)
        except (KeyError, TypeError, IndexError, json.JSONDecodeError):
            good = False
        except ValueError:  # NaN or Infinity: the record may be taken or not
            continue
        assert (answer["label"] in LABELS) is good


# --- CSV and TSV ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "delimiter"), [("csv", ","), ("csv", ";"), ("csv", "|"), ("csv", "\t"), ("tsv", "\t")]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_gets_one_answer_however_many_lines_it_spans(model, name, delimiter, end):
    rows = [
        ["id", "content"],
        ["1", "plain"],
        ["2", '"two' + end + 'lines"'],
        ["3", f'"a ""quoted"" {delimiter} word{end}{end}{end}"'],
        ["04", ""],
    ]
    stdin = end.join(delimiter.join(row) for row in rows).encode()
    result = invoke("score", "-m", model, "--format", name, "--json", stdin=stdin)
    assert result.code == 0
    assert [(answer["id"], answer["text"]) for answer in json_answers(result)] == [
        ("1", "plain"),
        ("2", f"two{end}lines"),
        ("3", f'a "quoted" {delimiter} word{end}{end}{end}'),
        ("04", ""),
    ]


def test_bad_rows_are_answered_in_their_place(model):
    stdin = b'id,text\n1,good\n2\n3,"open" quote\n4,a,b\n5,good\n6,"never closed\n7,good\n'
    result = invoke("score", "-m", model, "--format", "csv", stdin=stdin)
    assert result.code == 0
    found = [answer.label if answer.label == "error" else answer.text for answer in answers(result)]
    assert found == ["good", "error", "error", "error", "good", "error", "good"]
    complaints = result.err.splitlines()
    assert [re.findall(r"line (\d+)", line) for line in complaints] == [["3"], ["4"], ["5"], ["7"]]


def test_bad_utf8_in_the_id_of_a_row_gives_valid_json(model):
    result = invoke(
        "score", "-m", model, "--format", "csv", "--json", stdin=b"id,text\n\xff,hello\n"
    )
    (answer,) = json_answers(result)
    assert (answer["id"], answer["text"]) == ("\ufffd", "hello")


def test_columns_can_be_named(model):
    stdin = b"id,text,words\n1,wrong,right\n"
    options = ("--format", "csv", "--json", "--text-column", "words", "--id-column", "text")
    (answer,) = json_answers(invoke("score", "-m", model, *options, stdin=stdin))
    assert (answer["id"], answer["text"]) == ("wrong", "right")


@pytest.mark.parametrize("text", [b"id,words\n1,a\n", b"", b"\n\n", b"\xef\xbb\xbf"])
def test_a_table_without_text_column_is_refused(model, text):
    check_refused(invoke("score", "-m", model, "--format", "csv", stdin=text), "stdin: ")


# --- one text, one probability --------------------------------------------------------------------


def test_a_text_scores_alike_alone_in_a_batch_and_in_every_format(model, known, tmp_path):
    texts = [text for label in LABELS for text in known[label][:5]] + [
        "",
        "two\nlines",
        "é 😀 便宜",
    ]
    batch = verdicts(model, texts)
    alone = [verdicts(model, [text])[0] for text in texts]
    whole = [
        answers(invoke("score", "-m", model, "--format", "text", stdin=text.encode()))[0][:2]
        for text in texts
    ]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    parsed = answers(invoke("score", "-m", model, "--format", "jsonl", stdin=lines.encode()))
    large = tmp_path / "large.jsonl"
    large.write_text(
        lines + json.dumps({"text": "x" * 200_000}) + "\n"
    )  # takes the compiled kernel
    compiled = answers(invoke("score", "-m", model, "--format", "jsonl", large))
    assert alone == batch
    assert whole == batch
    assert [answer[:2] for answer in parsed] == batch
    assert [answer[:2] for answer in compiled[:-1]] == batch


# --- exit codes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("label", "code"), [("ham", 0), ("spam", 10), ("unsure", 11)])
@pytest.mark.parametrize("options", [(), ("-0",), ("--format", "text"), ("--json",)])
def test_exit_code_tells_the_verdict_of_one_comment(model, known, label, code, options):
    result = invoke("score", "-m", model, "--exit-code", *options, stdin=known[label][0].encode())
    assert result.code == code
    assert len(result.lines) == 1
    assert label in result.lines[0]
    assert result.err == ""


def test_without_exit_code_a_verdict_is_no_exit_code(model, known):
    for label in LABELS:
        assert invoke("score", "-m", model, stdin=known[label][0].encode()).code == 0


@pytest.mark.parametrize("stdin", [b"", b"one\ntwo\n", b"one\n\n", b"\n" * 10_000])
def test_exit_code_wants_exactly_one_comment(model, stdin):
    result = invoke("score", "-m", model, "--exit-code", stdin=stdin)
    assert result.code == 2
    assert result.out == b""
    assert "exactly one comment" in result.err


def test_exit_code_of_one_bad_record_is_an_error(model):
    result = invoke("score", "-m", model, "--exit-code", "--format", "jsonl", stdin=b"no JSON\n")
    assert result.code == 3


def test_strict_ends_with_3_when_a_record_was_bad(model):
    bad = (GOOD + "no JSON\n" + GOOD).encode()
    strict = invoke("score", "-m", model, "--format", "jsonl", "--strict", stdin=bad)
    lax = invoke("score", "-m", model, "--format", "jsonl", stdin=bad)
    assert (strict.code, lax.code) == (3, 0)
    assert strict.out == lax.out
    assert len(strict.lines) == 3
    good = invoke("score", "-m", model, "--format", "jsonl", "--strict", stdin=GOOD.encode())
    assert good.code == 0


@pytest.mark.parametrize(
    "options",
    [
        ("--nonsense",),
        ("--format", "docx"),
        ("--format", "nul"),
        ("-0", "--format", "csv"),
        ("-0", "--format", "text"),
        ("--text-column", "text"),
        ("--id-column", "id", "--format", "text"),
        ("-0", "--author-column", "author"),
        ("a", "b"),
    ],
)
def test_wrong_usage_ends_with_2(model, options):
    result = invoke("score", "-m", model, *options)
    assert (result.code, result.out) == (2, b"")
    assert "Usage: " in result.err


# --- pipes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "opening", "record"),
    [
        ((), b"", b"hello %d\n"),
        (("--json",), b"", b"hello %d\n"),
        (("-0",), b"", b"hello\n%d\0"),
        (("--format", "jsonl"), b"", b'{"text": "hello %d"}\n'),
        (("--format", "csv"), b"id,text\n", b'1,"hello\n%d"\n'),
        (("--format", "tsv"), b"id\ttext\n", b"1\thello %d\n"),
    ],
    ids=["lines", "json", "nul", "jsonl", "csv", "tsv"],
)
def test_on_a_live_pipe_each_answer_comes_before_the_next_record(model, options, opening, record):
    with started("score", "-m", model, *options) as process:
        send(process, opening)
        for number in range(3):
            send(process, record % number)
            assert str(number).encode() in process.stdout.readline()
        assert finish(process) == (0, b"", "")


@pytest.mark.parametrize(
    ("options", "pieces", "texts"),
    [
        ((), [b"\xef", b"\xbb\xbfone\n", b"t", b"wo", b"\n"], ["one", "two"]),
        ((), ["é".encode()[:1], "é".encode()[1:], b"\n"], ["é"]),
        ((), [b"\xff", b"\xfe", "one\ntwo\n".encode("utf-16-le")], ["one", "two"]),
        ((), [b"\x1f", gzip.compress(b"one\ntwo\n")[1:]], ["one", "two"]),
        (("--format", "csv"), [b"id", b";te", b"xt\n", b"1;on", b"e\n"], ["one"]),
        (("--format", "csv"), [b"\n", b"id,text\n", b"1,one\n"], ["one"]),
        (("--format", "csv"), [b'text\n"o', b'ne"\n', b'"a\n', b'b"\n'], ["one", r"a\nb"]),
        (("--format", "jsonl"), [b'{"te', b'xt": "one"}', b"\n"], ["one"]),
    ],
    ids=["bom", "character", "utf-16", "gzip", "header", "blank first", "cells", "jsonl"],
)  # fmt: skip
def test_a_pipe_may_cut_its_bytes_anywhere(model, options, pieces, texts):
    with started("score", "-m", model, *options) as process:
        for piece in pieces:
            send(process, piece)
            wait_until_read(process)
        result = finish(process)
    assert result.code == 0, result.err
    assert [answer.text for answer in answers(result)] == texts
    assert result.err == ""


def wait_until_read(process):
    """Until the process has taken all that was sent, or has ended."""
    left = array.array("i", [1])
    while left[0] and process.poll() is None:
        time.sleep(0.001)
        fcntl.ioctl(process.stdin, termios.FIONREAD, left)


@pytest.fixture(scope="session")
def many(model, tmp_path_factory):
    """Comments whose answers are more than a pipe holds. The kernel for them is compiled."""
    path = tmp_path_factory.mktemp("many") / "many.txt"
    path.write_text("".join(f"comment number {number} of many\n" for number in range(3000)))
    run("score", "-m", model, stdin=path.read_bytes() * 4)
    return path


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_closed_pipe_ends_the_run_quietly(model, many, options):
    with many.open("rb") as file, started("score", "-m", model, *options, stdin=file) as process:
        assert b"number 0 " in process.stdout.readline()
        process.stdout.close()
        assert process.wait() == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize("command", ["score", "explain"])
def test_whoever_sits_at_a_terminal_is_told_what_is_waited_for(model, command):
    ours, theirs = os.openpty()
    with started(command, "-m", model, stdin=theirs) as process:
        os.close(theirs)
        assert b"Ctrl-D" in process.stderr.readline()
        os.write(ours, b"hello\n")
        assert b"hello" in process.stdout.readline()
        os.write(ours, b"\x04")
        assert process.wait() == 0
    os.close(ours)


def test_a_large_file_to_head_ends_quietly(model, many, tmp_path):
    large = tmp_path / "large.txt"  # takes several reads and the compiled kernel
    large.write_bytes(many.read_bytes() * 4)
    line = f'"$@" < {large} | head -n 1; echo "${{PIPESTATUS[*]}}"'
    result = shell(line, "score", "-m", model)
    first, codes = result.lines
    assert first.endswith("comment number 0 of many")
    assert codes == "0 0"
    assert result.err == ""


@pytest.mark.parametrize("command", ["score", "explain"])
def test_a_full_disk_under_stdout_is_one_line(model, command):
    with open("/dev/full", "wb") as full:
        check_refused(
            run(command, "-m", model, stdin=b"a\nb\n", stdout=full), "stdout", "No space left"
        )


@pytest.mark.parametrize("command", ["score", "explain"])
def test_a_closed_stdout_is_one_line(model, command):
    check_refused(shell('"$@" >&-', command, "-m", model, stdin=b"a\nb\n"), "stdout")


def test_a_closed_stdin_is_one_line(model):
    check_refused(shell('"$@" <&-', "score", "-m", model), "stdin")


def test_a_closed_stderr_changes_no_answer(model):
    result = shell(
        '"$@" 2>&-', "score", "-m", model, "--format", "jsonl", stdin=(GOOD + "{\n").encode()
    )
    assert result.code == 0
    assert [answer.label == "error" for answer in answers(result)] == [False, True]


@pytest.mark.parametrize("ending", ["2>/dev/full", "2> >(:)", "2>&-"])
def test_messages_that_nobody_can_read_end_no_run(model, tmp_path, ending):
    """A full disk, or a pipe that is closed as in ``2>&1 | head``, or nothing under stderr."""
    table, out = tmp_path / "table.csv", tmp_path / "out.csv"
    table.write_bytes(b"text\nhello\na,b,c\n" + b"hello\n" * 50 + b"a,b,c\n")
    result = shell(f'exec {ending}; sleep .2; "$@"', "label", table, "-m", model, "-o", out)
    assert result.code == 0
    assert out.read_bytes().count(b"\n") == 54


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_that_cannot_be_written_is_no_crash(option):
    with open("/dev/full", "wb") as full:
        result = run(option, stdout=full)
    assert "Traceback" not in result.err
    assert "Exception ignored" not in result.err


@pytest.mark.parametrize(
    ("options", "opening"),
    [((), b"hello\n"), (("--format", "csv"), b"text\nhello\n"), (("-0", "--json"), b"hello\0")],
)
def test_ctrl_c_while_it_waits_ends_at_once_with_130(model, options, opening):
    with started("score", "-m", model, *options) as process:
        send(process, opening)
        assert b"hello" in process.stdout.readline()  # from here on it waits
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stdout.read() == b""
        assert "Traceback" not in process.stderr.read().decode()


# --- what cannot be read --------------------------------------------------------------------------


def test_a_missing_file_is_one_line(model, tmp_path):
    path = tmp_path / "none.txt"
    check_refused(run("score", "-m", model, path), str(path), "No such file")


@pytest.mark.parametrize(("name", "hint"), [("a.csv", "csv"), ("a.jsonl.gz", "jsonl"), ("a", "")])
def test_a_file_that_is_called_a_table_and_read_as_lines_is_told_of(model, tmp_path, name, hint):
    path = tmp_path / name
    path.write_bytes(b"id,content\n1,hello\n")
    result = invoke("score", "-m", model, path)
    assert (result.code, len(result.lines)) == (0, 2)
    assert (f"--format {hint}" in result.err) if hint else (result.err == "")
    assert invoke("score", "-m", model, "--format", "lines", path).err == ""


def test_a_directory_is_one_line(model, tmp_path):
    check_refused(run("score", "-m", model, tmp_path), str(tmp_path), "directory")


def test_a_file_that_may_not_be_read_is_one_line(model, tmp_path):
    path = tmp_path / "secret.txt"
    path.write_text("hello\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root reads everything")
    check_refused(run("score", "-m", model, path), str(path), "Permission denied")


def test_a_file_name_is_escaped_in_messages(model, tmp_path):
    result = run("score", "-m", model, tmp_path / "a\x1b[31m\nb\u202e")
    check_refused(result, "a\\u001b[31m\\nb\\u202e")
    assert "\x1b" not in result.err


@pytest.mark.parametrize("by", ["option", "environment"])
@pytest.mark.parametrize(
    ("content", "part"),
    [
        (None, "No such file"),
        (b"", "not a spamguard model"),
        (b"text\nhello\n", "not a spamguard model"),
        ("cut", "not a spamguard model"),
        ("flipped", "damaged"),
    ],
    ids=["missing", "empty", "other", "cut", "flipped"],
)
def test_a_model_that_cannot_be_used_is_one_line(model, tmp_path, content, part, by):
    path = tmp_path / "bad.joblib"
    raw = bytearray(model.read_bytes())
    if content == "cut":
        path.write_bytes(raw[: len(raw) // 2])
    elif content == "flipped":
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
    elif content is not None:
        path.write_bytes(content)
    if by == "option":
        result = invoke("score", "-m", path, stdin=b"hello\n")
    else:
        result = invoke("score", stdin=b"hello\n", env={"SPAMGUARD_MODEL": str(path)})
    check_refused(result, str(path), part)


def test_the_model_may_come_from_the_environment(model):
    by_environment = invoke("score", stdin=b"hello\n", env={"SPAMGUARD_MODEL": str(model)})
    assert by_environment == invoke("score", "-m", model, stdin=b"hello\n")


# --- encodings and gzip ---------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_in_utf16_is_read_by_its_mark(model, tmp_path, encoding, end):
    texts = ["Grüße 😀", "", "便宜 ĊഊȊ", "last"]  # with code units that hold the byte 0A
    path = tmp_path / "wide.txt"
    path.write_bytes(("\ufeff" + end.join(texts)).encode(encoding))
    result = invoke("score", "-m", model, path)
    assert [answer.text for answer in answers(result)] == texts
    assert [answer[:2] for answer in answers(result)] == verdicts(model, texts)
    assert result.err == ""


@pytest.mark.parametrize("raw", [b"a\0\n\0b", b"a\0\x00\xd8\n\0", b"", b"\x0a"])
def test_broken_utf16_is_no_crash(model, raw):
    result = invoke("score", "-m", model, stdin=codecs.BOM_UTF16_LE + raw)
    assert result.code == 0
    answers(result)


@pytest.mark.parametrize("name", ["comments.gz", "comments.txt", "-"])
def test_gzip_is_told_by_its_content(model, tmp_path, name):
    packed = gzip.compress(codecs.BOM_UTF8 + b"one\ntwo\n") + gzip.compress(b"three")
    if name == "-":
        result = invoke("score", "-m", model, stdin=packed)
    else:
        (tmp_path / name).write_bytes(packed)
        result = invoke("score", "-m", model, tmp_path / name)
    assert result.code == 0
    assert [answer.text for answer in answers(result)] == ["one", "two", "three"]


def test_gzip_on_the_stdin_of_a_process(model):
    lines = [f"comment {number}" for number in range(5000)]
    result = run("score", "-m", model, stdin=gzip.compress("\n".join(lines).encode()))
    assert [answer.text for answer in answers(result)] == lines


PACKED = gzip.compress(b"".join(b"%d a line of text\n" % (number**3) for number in range(100)))


@pytest.mark.parametrize(
    "raw",
    [
        PACKED[:1] + b"\x8b",
        PACKED[:5],
        PACKED[:40],
        PACKED[:-4],
        PACKED + b"garbage",
        PACKED[:60] + b"\xff\xff\xff\xff" + PACKED[64:],
        PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:],
        b"\x1f\x8b\x08\x00" + b"\xff" * 50,
        b"\x1f\x8b\x07" + PACKED[3:],
    ],
    ids=["magic", "head", "cut", "tail", "after", "damaged", "checksum", "noise", "method"],
)
def test_damaged_gzip_is_an_expected_error(model, raw):
    result = invoke("score", "-m", model, stdin=raw)
    assert result.code == 3
    check_one_line(result.err, "stdin: ")
