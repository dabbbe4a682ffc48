import json
import math
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cli_support import (
    LABELS,
    check_refused,
    even_model,
    examples,
    finish,
    invoke,
    json_answers,
    run,
    send,
    started,
    strict_json,
)
from spamguard.features import VIEWS

SUM = re.compile(
    r"  shown ([+-]\d+\.\d\d), all others ([+-]\d+\.\d\d), intercept ([+-]\d+\.\d\d):"
    r" log-odds ([+-]\d+\.\d\d)"
)


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    return even_model(model_file, tmp_path_factory.mktemp("even") / "model.joblib")


@pytest.fixture(scope="session")
def known(model):
    """Comments by the verdict they get."""
    return examples(model)


def explained(model, *options, stdin):
    result = invoke("explain", "-m", model, "--json", *options, stdin=stdin)
    assert (result.code, result.err) == (0, ""), result
    return json_answers(result)


def check_sum(item):
    total = item["rest"] + item["intercept"] + sum(reason["share"] for reason in item["reasons"])
    assert total == pytest.approx(item["log_odds"], rel=0, abs=1e-9)
    assert 1 / (1 + math.exp(-item["log_odds"])) == pytest.approx(item["probability"], abs=1e-6)


texts = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            ["cheap", "viagra", "Great post", "http://cheap-pills.ru/buy?x=1", "<a href=http://x.cn>y</a>",
             "thanks", "\n", "é", "😀", "便宜", "\x1b[31m", "\u202e", "&amp;", "a" * 200]
        ),
        max_size=12,
    ).map(" ".join),
)  # fmt: skip


@given(text=texts, author=st.none() | texts, url=st.none() | texts)
@example(text="", author=None, url=None)
@example(text="", author="", url="")
@example(text=" \n ", author="\u202e", url="http://")
@settings(max_examples=60)
def test_the_shares_add_up_to_the_calibrated_log_odds(model, text, author, url):
    item = {"id": 5, "text": text, "author": author, "author_url": url}
    stdin = json.dumps(item).encode()
    (found,) = explained(model, "--format", "jsonl", stdin=stdin)
    check_sum(found)
    scored = invoke("score", "-m", model, "--json", "--format", "jsonl", stdin=stdin)
    (plain,) = json_answers(scored)
    assert {key: found[key] for key in plain} == plain
    assert set(found) - set(plain) == {"log_odds", "intercept", "rest", "reasons"}
    assert {reason["view"] for reason in found["reasons"]} <= set(VIEWS)
    shares = [reason["share"] for reason in found["reasons"]]
    assert shares == sorted(shares, reverse=True)


def test_the_verdict_is_the_one_that_score_gives(model, known):
    stdin = "\n".join(text for label in LABELS for text in known[label][:4]).encode()
    plain = json_answers(invoke("score", "-m", model, "--json", stdin=stdin))
    found = explained(model, stdin=stdin)
    assert [{key: item[key] for key in ("label", "probability", "text")} for item in found] == plain
    for item in found:
        check_sum(item)
    assert {item["label"] for item in found} == set(LABELS)


def test_words_links_and_author_parts_are_named(model):
    item = {
        "text": "Great site! visit http://cheap-pills.ru/buy",
        "author": "Best Pills",
        "author_url": "http://www.pills-online.info/",
    }
    (found,) = explained(model, "--format", "jsonl", stdin=json.dumps(item).encode())
    pieces = {(reason["view"], reason["piece"]) for reason in found["reasons"]}
    assert {("text", "great"), ("text", "visit")} <= pieces
    assert {("links", "@pills"), ("links", ".ru"), ("links", "/buy")} <= pieces
    assert ("author", "pills") in pieces
    assert {("site", "@online"), ("site", ".info")} <= pieces


def test_text_output_shows_both_sides_and_the_sum(model, known):
    for label in LABELS:
        for text in known[label][:3]:
            result = invoke("explain", "-m", model, stdin=text.encode())
            scored = invoke("score", "-m", model, stdin=text.encode())
            (item,) = explained(model, stdin=text.encode())
            assert (result.code, result.err) == (0, "")
            first, titles, *reasons, last = result.lines
            assert first + "\n" == scored.out.decode()
            assert titles.split() == ["towards", "spam", "towards", "ham"]
            sides = {"+": 0, "-": 0}
            for line in reasons:
                for sign, share in re.findall(r"(?:^|\s)([+-])(\d+\.\d\d)(?= )", line):
                    sides[sign] += 1
                    assert float(share) < 50
            shares = [reason["share"] for reason in item["reasons"]]
            assert sides["+"] == min(5, sum(share > 0 for share in shares))
            assert sides["-"] == min(5, sum(share < 0 for share in shares))
            shown, rest, intercept, total = map(float, SUM.fullmatch(last).groups())
            assert shown + rest + intercept == pytest.approx(total, abs=0.021)
            assert total == pytest.approx(item["log_odds"], abs=0.006)
            assert intercept == pytest.approx(item["intercept"], abs=0.006)


@pytest.mark.parametrize("top", [0, 1, 3, 1000])
def test_top_says_how_many_reasons_are_shown(model, known, top):
    text = known["unsure"][0].encode()
    lines = invoke("explain", "-m", model, "--top", top, stdin=text).lines
    (item,) = explained(model, stdin=text)
    shares = [reason["share"] for reason in item["reasons"]]
    sides = sum(share > 0 for share in shares), sum(share < 0 for share in shares)
    assert len(lines) == 3 + min(top, max(sides))
    assert SUM.fullmatch(lines[-1])


def test_a_negative_number_of_reasons_is_wrong_usage(model):
    assert invoke("explain", "-m", model, "--top", "-1", stdin=b"hello world\n").code == 2


BAD_LINES = b'{"text": "first", "id": 1}\nno JSON\n{"id": 3}\n{"text": "last", "id": 4}\n'


def test_bad_lines_are_reported_with_their_number(model):
    result = invoke("explain", "-m", model, "--format", "jsonl", stdin=BAD_LINES)
    assert result.code == 0
    complaints = result.err.splitlines()
    assert [re.match(r"spamguard: stdin: line (\d+): ", line)[1] for line in complaints] == [
        "2",
        "3",
    ]
    tops = [line for line in result.lines if not line.startswith("  ")]
    assert tops[0].endswith("\tfirst")
    assert tops[-1].endswith("\tlast")


def test_bad_lines_are_answered_in_their_place(model):
    result = invoke("explain", "-m", model, "--format", "jsonl", "--json", stdin=BAD_LINES)
    found = json_answers(result)
    assert [item["label"] is None for item in found] == [False, True, True, False]
    assert all(found[place]["error"] for place in (1, 2))
    shown = invoke("explain", "-m", model, "--format", "jsonl", stdin=BAD_LINES)
    tops = [line.split("\t")[0] for line in shown.lines if not line.startswith("  ")]
    assert [top == "error" for top in tops] == [False, True, True, False]


def test_what_steers_a_terminal_is_shown_escaped(model):
    text = "hello\x1b[2J \u202eworld\u2066 \x9b31m http://x\x07.ru/\u202e \\ tab\there"
    item = {"text": text, "author": "a\x1b]0;x\x07 \u202eb", "author_url": "http://a\u202e.ru/\x1b"}
    stdin = json.dumps(item).encode()
    result = invoke("explain", "-m", model, "--format", "jsonl", "--top", "100", stdin=stdin)
    assert result.code == 0
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", result.out.decode()
    )
    first, *others = result.lines
    assert first.count("\t") == 2
    assert not any("\t" in line for line in others)


@pytest.mark.parametrize(
    ("options", "stdin", "texts"),
    [
        ((), b"one\n\ntwo", ["one", "", "two"]),
        (("-0",), b"one\nmore\0two\0", ["one\nmore", "two"]),
        (("--format", "text"), b"one\ntwo\n", ["one\ntwo\n"]),
        (("--format", "csv"), b'id,content\n1,"one\ntwo"\n2,three\n', ["one\ntwo", "three"]),
        (("--format", "tsv"), b"id\tcontent\n1\tone\n", ["one"]),
        ((), b"bad \xff\0\n", ["bad \ufffd\0"]),
        ((), b"", []),
    ],
)
def test_comments_come_in_as_for_score(model, options, stdin, texts):
    result = invoke("explain", "-m", model, "--json", *options, stdin=stdin)
    assert result.code == 0
    assert [item["text"] for item in json_answers(result)] == texts


def test_a_file_can_be_explained(model, tmp_path):
    (tmp_path / "one.txt").write_text("hello\n")
    (item,) = json_answers(invoke("explain", "-m", model, "--json", tmp_path / "one.txt"))
    assert item["text"] == "hello"
    check_refused(invoke("explain", "-m", model, tmp_path / "none.txt"), "none.txt")
    check_refused(invoke("explain", "-m", tmp_path / "none.joblib", stdin=b"a"), "none.joblib")


def test_on_a_live_pipe_each_explanation_comes_before_the_next_comment(model):
    with started("explain", "-m", model, "--json") as process:
        for number in range(3):
            send(process, b"hello %d\n" % number)
            assert strict_json(process.stdout.readline())["text"] == f"hello {number}"
        assert finish(process) == (0, b"", "")


def test_a_closed_pipe_ends_quietly(model):
    stdin = b"hello there\n" * 2000
    with started("explain", "-m", model, "--top", "0") as process:
        send(process, stdin)
        assert process.stdout.readline().endswith(b"hello there\n")
        process.stdout.close()
        process.stdin.close()
        code = process.wait()
        assert process.stderr.read() == b""
        assert code == 0


def test_a_very_long_comment_is_explained(model):
    result = run("explain", "-m", model, "--json", stdin=b"buy cheap pills " * 100_000)
    assert result.code == 0
    (item,) = json_answers(result)
    check_sum(item)
