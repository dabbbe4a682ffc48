"""Whom the owner trusts and whom not, known readers, and campaigns."""

import csv
import gzip
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_support import (
    candidates,
    check_one_line,
    check_refused,
    cut_model,
    even_model,
    evenly_cut,
    examples,
    invoke,
    json_answers,
    run,
)
from readers_support import EXPORTS
from spamguard.lists import OwnersList
from spamguard.records import Comment
from spamguard.traits import Traits

ANN = "http://ann.example"
COLUMNS = ("id", "author", "author_email", "author_url", "content", "status")


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    return even_model(model_file, tmp_path_factory.mktemp("even") / "model.joblib")


@pytest.fixture(scope="session")
def known(model):
    """Comments by the verdict they get."""
    return examples(model)


@pytest.fixture
def listed(tmp_path):
    """Writes a list and gives its path."""

    def write(*lines, name="list.txt", encoding="utf-8"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding=encoding)
        return path

    return write


def table(*rows):
    """Comments as CSV: dicts with some of ``COLUMNS``; each has the number of its row as id."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({"id": number, **row} for number, row in enumerate(rows, 1))
    return buffer.getvalue().encode()


def probabilities(model, data):
    """What ``label`` gives each comment of a table or of lines of JSON."""
    name = "jsonl" if data.startswith(b"{") else "csv"
    options = ("-m", model, "--format", name, "--json")
    return [answer["probability"] for answer in json_answers(invoke("score", *options, stdin=data))]


def labels(model, data, *options):
    """The verdicts that ``label`` gives the rows of a table from stdin, and what it said."""
    result = invoke("label", "-m", model, "-", "-o", "-", *options, stdin=data)
    assert result.code == 0, result
    found = csv.DictReader(io.StringIO(result.out.decode()))
    return [row["spamguard_label"] for row in found], result.err


def matches(path, **comment):
    return OwnersList(str(path)).reason(Traits(Comment(**{"text": "", **comment}))) is not None


MATCHING = [
    ("Anna Schmidt", {"author": "  anna   SCHMIDT "}),
    ("Anna Schmidt", {"author": "\N{FULLWIDTH LATIN CAPITAL LETTER A}nna Schm\u00ad\u00ecdt"}),
    ("Anna Schmidt", {"text": "so says Anna\nSchmidt, and she knows"}),
    ("author: Tom", {"author": "Tom"}),
    ("AUTHOR:Tom & Jerry", {"author": "Tom &amp; Jerry"}),
    ("author: casino.example", {"author": "casino.example"}),
    ("anna@mail.example", {"author_email": " Anna@Mail.example"}),
    ("anna@mail.example", {"text": "write to anna@mail.example."}),
    ("anna@mail.example", {"text": "write to anna [at] mail.example"}),
    ("anna@mail.example", {"text": "write to anna&#64;mail.example"}),
    ("@mail.example", {"author_email": "anyone@mail.example"}),
    ("email: anna@mail.example", {"author_email": "anna@mail.example"}),
    ("pills.example", {"text": "see http://pills.example/buy?x=1"}),
    ("pills.example", {"text": "see https://www.cheap.pills.example:8080"}),
    ("pills.example", {"text": '<a href="http://PILLS.example/x">here</a>'}),
    ("pills.example", {"text": "[url=http://pills.example]here[/url]"}),
    ("pills.example", {"text": "http://pi\u200blls.example/"}),
    ("pills.example", {"text": "http://\N{CYRILLIC SMALL LETTER ER}ills.example/"}),
    ("pills.com", {"text": "go to pills (dot) com today"}),
    ("pills.com", {"text": "see http%3A%2F%2Fpills.com%2Fbuy"}),
    ("pills.example", {"author_url": "http://user@pills.example/"}),
    ("pills.example", {"author_url": "http://%70ills.example/"}),
    ("pills.com", {"author": "www.pills.com"}),
    ("http://www.pills.example/", {"author_url": "https://pills.example/x"}),
    ("*.pills.example", {"author_url": "http://a.b.pills.example"}),
    (".example", {"author_url": "http://pills.example"}),
    ("host: localhost", {"text": "http://localhost/x"}),
    ("10.1.2.3", {"text": "http://10.1.2.3/x"}),
    ("casino", {"text": "The best CASINO, ever"}),
    ("casino", {"text": "the best c&#97;s<b></b>ino"}),
    ("casino", {"text": "c a s i n o in town"}),
    ("casino", {"text": "c\u0430s\u0456n\u043e"}),
    ("casino", {"text": "a \U0001d41c\U0001d41a\U0001d42c\U0001d422\U0001d427\U0001d428 here"}),
    ("v1agra", {"text": "v1agra"}),
    ("v1agra", {"text": "viagra"}),
    ("best casino", {"text": "the best\n casino"}),
    ("phrase: # 1 deal", {"text": "your # 1 deal"}),
    ("c++", {"text": "I like C++ more"}),
    ("\u4ee3\u5f00\u53d1\u7968", {"text": "\u4e13\u4e1a\u4ee3\u5f00\u53d1\u7968\u8054\u7cfb"}),
    ("phrase: \N{NO ONE UNDER EIGHTEEN SYMBOL}", {"text": "x\N{NO ONE UNDER EIGHTEEN SYMBOL}"}),
    ("\u0939\u093f\u0928\u094d\u0926\u0940", {"text": "\u0939\u093f\u0928\u094d\u0926\u0940 ok"}),
]
NOT_MATCHING = [
    ("author: Tom", {"text": "thanks Tom", "author": "Tommy"}),
    ("author: Tom", {"author": None}),
    ("phrase: Tom", {"author": "Tom"}),
    ("anna@mail.example", {"author_email": "hanna@mail.example"}),
    ("anna@mail.example", {"text": "http://mail.example"}),
    ("email: anna@mail.example", {"author": "anna@mail.example"}),
    ("pills.example", {"text": "http://notpills.example"}),
    ("pills.example", {"text": "http://pills.example.org"}),
    ("pills.example", {"text": "http://shop.example/pills.example"}),
    ("pills.example", {"text": "http://pills.example@shop.example/"}),
    ("casino", {"text": "casinos and occasinoal"}),
    ("ham", {"text": "shame, hamper, h-a-m-m-e-r"}),
    ("c++", {"text": "vitamin c is good"}),
    ("best casino", {"text": "the best, a casino"}),
    ("best casino", {"text": "best"}),
    ("x", {"text": "x marks the spot"}),
    ("!!!", {"text": "Wow!!!"}),
    ("# casino", {"text": "casino"}),
    ("\u0939\u093f\u0928", {"text": "\u0939\u093f\u0928\u094d\u0926\u0940"}),
]


@pytest.mark.parametrize(("entry", "comment"), MATCHING)
def test_an_entry_matches(listed, entry, comment):
    assert matches(listed(entry), **comment)


@pytest.mark.parametrize(("entry", "comment"), NOT_MATCHING)
def test_an_entry_does_not_match(listed, entry, comment):
    assert not matches(listed(entry), **comment)


words = st.lists(
    st.text("abcdefghijklmnoprstuvwxyz", min_size=2, max_size=8), min_size=1, max_size=4
)


@given(before=words, phrase=words, after=words)
def test_a_phrase_matches_between_blanks_and_not_inside_words(
    tmp_path_factory, before, phrase, after
):
    path = tmp_path_factory.getbasetemp() / "phrase.txt"
    path.write_text("phrase: " + " ".join(phrase))
    assert matches(path, text=" ".join([*before, *phrase, *after]))
    joined = "q".join([*before, *phrase, *after])
    assert not matches(path, text=joined)


def test_any_comment_and_any_list_of_lines_that_is_taken_can_be_compared(tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.txt"

    @given(line=st.text(max_size=20), text=st.text(max_size=60), name=st.none() | st.text())
    def check(line, text, name):
        path.write_text(line, encoding="utf-8", errors="replace")
        result = invoke("score", "--block", path, "--json", stdin=b"")
        assert result.code in (0, 3), result
        if result.code == 0:
            comment = Comment(text, name, text, author_email=name)
            reason = OwnersList(str(path)).reason(Traits(comment))
            assert reason is None or reason.startswith(f"{path}: line ")
        else:
            check_one_line(result.err)

    check()


def test_the_list_in_the_documentation_means_what_is_said_there(project, listed):
    page = (project / "docs" / "trust.md").read_text(encoding="utf-8")
    example = re.search(r"```\n(# people\n.*?)```", page, re.DOTALL)[1]
    path = listed(*example.splitlines())
    assert matches(path, author="Tom")
    assert not matches(path, text="thanks Tom")
    assert matches(path, text="I use node.js hosting")
    assert not matches(path, text="see http://node.js")
    reason = OwnersList(str(path)).reason(Traits(Comment("http://shop.cheap-pills.example/")))
    assert re.search(r"block.txt: (line .*?)\"", page)[1] == reason.partition(": ")[2]


def test_the_first_matching_line_is_named(listed):
    path = listed("# mine", "", "pills.example", "casino")
    traits = Traits(Comment("casino http://pills.example"))
    assert OwnersList(str(path)).reason(traits) == f"{path}: line 3: pills.example"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lists_come_as_editors_write_them(listed, encoding):
    path = listed("# mine\r", "J\u00fcrgen\r", encoding=encoding)
    assert matches(path, author="J\u00fcrgen")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("http://pills.example/buy", "only whole hosts can be listed, as 'pills.example'"),
        ("pills.example/buy", "only whole hosts"),
        ("host: a b", "'a b' is no host"),
        ("email: anna", "'anna' is no e-mail address"),
        ("author:", "nothing stands after 'author:'"),
        ("author: \u200b", "shows nothing"),
        ("\u200b", "shows nothing"),
        ("phrase: a", "too little"),
        ("phrase: ...", "too little"),
        ("phrase: buy at pills.com", "holds a link"),
        ("write to anna@mail.example", "holds a link or an e-mail address"),
        ("x" * 600, "longer than 500 characters"),
    ],
)
def test_a_bad_entry_is_one_line_with_its_place(listed, line, says):
    path = listed("good", line)
    for command in (["score"], ["explain"], ["label", "-", "-o", "-"]):
        result = invoke(*command, "--block", path, stdin=b"text\nx\n")
        check_refused(result, f"{path}: line 2: ", says)


def test_all_bad_lines_are_told_at_once(listed):
    path = listed("email: a", *["good", "phrase: b"] * 12)
    check_refused(
        invoke("score", "--allow", path), f"{path}: line 1: ",
        "(12 more bad lines: 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, ...)",
    )  # fmt: skip


def test_what_is_no_list_is_refused(tmp_path):
    check_refused(invoke("score", "--allow", tmp_path), "is a folder")
    check_refused(invoke("score", "--allow", tmp_path / "none"), "No such file")
    check_refused(invoke("score", "--allow", "-"), "stdin is for comments")
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"J\xfcrgen\n")
    check_refused(invoke("score", "--allow", latin), "latin.txt: line 1: is not valid UTF-8")


def test_allowed_is_ham_and_blocked_is_spam_whatever_the_model_says(model, known, listed):
    allow, block = listed("author: Anna", name="a.txt"), listed("author: Tom", name="b.txt")
    texts = [known[label][0] for label in ("spam", "unsure", "ham")]
    data = table(*({"content": text, "author": who} for who in ("Anna", "Tom") for text in texts))
    found, err = labels(model, data, "--allow", allow, "--block", block)
    assert found == ["ham"] * 3 + ["spam"] * 3
    assert err == "6 comments: 3 spam, 0 unsure, 3 ham; 0 bad rows; 3 allowed, 3 blocked\n"


def test_allowing_wins_over_blocking(model, known, listed):
    allow, block = listed("author: Anna", name="a.txt"), listed("pills.example", name="b.txt")
    data = table({"content": known["spam"][0] + " http://pills.example", "author": "Anna"})
    found, err = labels(model, data, "--block", block, "--allow", allow)
    assert found == ["ham"]
    assert err.endswith("; 1 allowed, 0 blocked\n")


def test_several_lists_count_together(model, listed):
    lists = [listed(name, name=f"{name}.txt") for name in ("author: Ann", "author: Bob")]
    data = table({"content": "Hm", "author": "Ann"}, {"content": "Hm", "author": "Bob"})
    options = [word for path in lists for word in ("--block", path)]
    assert labels(model, data, *options)[0] == ["spam", "spam"]


def test_the_probability_stays_the_models_and_the_others_verdicts_too(model, known, listed):
    texts = [text for label in known for text in known[label][:5]]
    block = listed("phrase: " + " ".join(re.findall("[a-z]+", texts[0].lower())[:3]))
    plain = invoke("score", "-m", model, stdin="\n".join(texts).encode())
    blocked = invoke("score", "-m", model, "--block", block, stdin="\n".join(texts).encode())
    for before, after in zip(plain.lines, blocked.lines, strict=True):
        assert after in (before, "spam\t" + before.partition("\t")[2])


def test_every_output_with_reasons_names_the_line(model, listed, tmp_path):
    block = listed("", "pills.example")
    data = table({"content": "See http://pills.example"}, {"content": "Thanks"})
    reason = f"{block}: line 2: pills.example"
    options = ("-m", model, "--block", block, "--format", "csv")
    first, second = json_answers(invoke("score", *options, "--json", stdin=data))
    assert first["reason"] == reason
    assert "reason" not in second
    first, second = json_answers(invoke("explain", *options, "--json", stdin=data))
    assert (first["label"], first["reason"]) == ("spam", reason)
    assert "reason" not in second
    shown = invoke("explain", *options, stdin=data).lines
    assert shown[0].startswith("spam\t")
    assert shown[1] == "  " + reason
    assert shown.count("  " + reason) == 1
    text = invoke("score", *options, stdin=data).lines
    assert [line.count("\t") for line in text] == [2, 2]


def test_label_gives_the_reason_in_json_and_takes_an_earlier_one_away(model, listed, tmp_path):
    block = listed('author: "Tom" \\')
    lines = b'{"author": "\\"Tom\\" \\\\", "text": "caf\\u00e9"}\n{"text": "Thanks"}\n'
    label = ("label", "-m", model, "-", "-o", tmp_path / "out.jsonl", "-q")
    assert invoke(*label, stdin=lines).code == 0
    plain = (tmp_path / "out.jsonl").read_bytes()
    assert invoke(*label, "--block", block, stdin=lines).code == 0
    blocked = (tmp_path / "out.jsonl").read_bytes()
    first, second = map(json.loads, blocked.splitlines())
    assert first["spamguard_label"] == "spam"
    assert first["spamguard_reason"] == f'{block}: line 1: author: "Tom" \\'
    assert "spamguard_reason" not in second
    assert invoke(*label, stdin=blocked).code == 0
    assert (tmp_path / "out.jsonl").read_bytes() == plain


@pytest.mark.parametrize("options", [(), ("--excel-safe",)])
def test_label_gives_the_reason_in_a_column_of_a_table(model, listed, tmp_path, options):
    name = "=cmd, of 'his'.txt"
    block = listed('phrase: say "hi"', name=name)
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b'"id";text\r\n1;say "hi" to all\r\n2;"thanks"\r\n3\r\n\r\n')
    label = ("label", source, "-o", out, "-m", model)
    assert invoke(*label, "--block", block, *options).code == 0
    text = out.read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))
    assert list(rows[0])[-1] == "spamguard_reason"
    said = f'{block}: line 1: phrase: say "hi"'
    assert [row["spamguard_reason"] for row in rows] == [said, "", ""]
    if not options:  # every byte of a row stays
        assert text.startswith('"id";text;spamguard_label;')
        assert '\r\n2;"thanks";' in text
        assert text.endswith("3;;;;\r\n\r\n")
    source.write_text(text, newline="")
    assert invoke(*label).code == 0
    assert b"spamguard_reason" not in out.read_bytes()


def test_label_gives_the_reason_in_parquet(model, listed, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    block, out = listed("author: Ada"), tmp_path / "out.parquet"
    source = EXPORTS / "wordpress.xml"
    assert invoke("label", source, "-o", out, "-m", model, "--block", block).code == 0
    reasons = parquet.read_table(out).column("spamguard_reason").to_pylist()
    assert reasons == [f"{block}: line 1: author: Ada", *[None] * 5]


def test_label_gives_the_reason_in_the_rows_of_an_export(model, listed, tmp_path):
    allow = listed("ada@mail.example")
    out = tmp_path / "out.jsonl"
    done = invoke("label", EXPORTS / "wordpress.xml", "-o", out, "--allow", allow, "-m", model)
    assert done.code == 0
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    reasons = {row["id"]: row.get("spamguard_reason") for row in rows}
    assert reasons["11"] == f"{allow}: line 1: ada@mail.example"
    assert reasons["12"] is None


def test_a_column_can_be_named_for_the_email(model, listed):
    block = listed("tom@mail.example")
    data = b"text,whence\nThanks,tom@mail.example\n"
    options = ("-m", model, "--format", "csv", "--block", block)
    assert invoke("score", *options, stdin=data).lines[0].startswith(("ham", "unsure"))
    found = invoke("score", *options, "--author-email-column", "whence", stdin=data)
    assert found.lines[0].startswith("spam")


def test_a_list_of_tens_of_thousands_of_words_is_fast_and_matches_whole_words(model, tmp_path):
    block = tmp_path / "blocklist.txt"
    block.write_text("".join(f"word{n}\nbest word{n}\nhost{n}.example\n" for n in range(20_000)))
    texts = [f"the best words of word{n}s, best of all " * 5 for n in range(2_000)]
    texts[7] += "best word19999"
    done = run("score", "-m", model, "--json", "--block", block, stdin="\n".join(texts).encode())
    assert done.code == 0
    reasons = {
        n: found["reason"] for n, found in enumerate(json_answers(done)) if "reason" in found
    }
    assert reasons == {7: f"{block}: line 59998: word19999"}


def test_without_a_list_nothing_of_it_is_loaded():
    done = run("score", stdin=b"Thanks\n", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert "spamguard.labelling" in done.err
    for module in ("policy", "lists", "traits"):
        assert f"spamguard.{module}" not in done.err


#: The authors below.
SENDERS = [{"author": author, "author_url": url} for author in ("Ann", "") for url in ("", ANN)]


@pytest.fixture(scope="session")
def likely_spam(model):
    """The text that is the likeliest spam whoever of ``SENDERS`` wrote it, and how likely."""
    texts = candidates()
    rows = [{"content": text, **who} for text in texts for who in SENDERS]
    found = probabilities(model, table(*rows))
    size = len(SENDERS)
    least = [min(found[at : at + size]) for at in range(0, len(found), size)]
    return max(zip(texts, least, strict=True), key=lambda pair: pair[1])


@pytest.fixture(scope="session")
def spam_text(likely_spam):
    return likely_spam[0]


@pytest.fixture(scope="session")
def wary(model, likely_spam, tmp_path_factory):
    """A model that calls ``spam_text`` spam whoever of ``SENDERS`` wrote it, and not all else."""
    target = tmp_path_factory.mktemp("wary") / "model.joblib"
    return cut_model(model, target, ham=0.0, spam=likely_spam[1] - 1e-5)  # it was rounded


def trusted(model, data, fewest, *options):
    return labels(model, data, "--trust-approved", str(fewest), *options)


def approved(count, status="1", **who):
    return [{"content": "Thanks a lot", "status": status, **who}] * count


@pytest.mark.parametrize(
    "who",
    [
        {"author": "Ann", "author_email": "ann@mail.example"},
        {"author": "Ann", "author_url": ANN},
        {"author": "Ann"},
    ],
)
def test_a_known_reader_is_never_spam_but_unsure(wary, spam_text, who):
    spam = {"content": spam_text, "status": "0"}
    for count, label in ((1, "spam"), (2, "unsure"), (3, "unsure")):
        data = table({**spam, **who}, *approved(count, **who))
        found, err = trusted(wary, data, 2)
        assert found[0] == label
        assert err.endswith("; 0 trusted\n") == (label == "spam")


def test_who_only_looks_like_a_known_reader_is_not_one(wary, spam_text):
    spam = {"content": spam_text, "status": "0"}
    ann = {"author": "Ann", "author_email": "ann@mail.example"}
    others = [
        {"author": "Ann", "author_email": "other@mail.example"},
        {"author": "Ann"},
        {"author": ""},
    ]
    rows = [{**spam, **who} for who in others]
    data = table(*rows, *approved(3, **ann), *approved(3, author=""))
    assert trusted(wary, data, 2)[0][:3] == ["spam"] * 3


@pytest.mark.parametrize("status", ["0", "hold", "spam", "trash", ""])
def test_only_what_was_approved_makes_a_reader_known(wary, spam_text, status):
    spam = {"content": spam_text, "status": "0", "author": "Ann"}
    data = table(spam, *approved(3, status, author="Ann"))
    found, err = trusted(wary, data, 1)
    assert found[0] == "spam"
    assert "says of no comment that it was approved" in err


def test_a_block_list_wins_over_a_known_reader(wary, spam_text, listed):
    spam = {"content": spam_text, "status": "0", "author": "Ann"}
    data = table(spam, *approved(3, author="Ann"))
    found, err = trusted(wary, data, 1, "--block", listed("author: Ann"))
    assert found == ["spam"] * 4
    assert err.endswith("; 4 blocked, 0 trusted\n")


def test_known_readers_are_the_same_however_the_file_comes(wary, spam_text, tmp_path):
    spam = {"content": spam_text, "status": "0", "author": "Ann"}
    data = table(spam, *approved(3, author="Ann"))
    path, packed = tmp_path / "in.csv", tmp_path / "in.csv.gz"
    path.write_bytes(data)
    packed.write_bytes(gzip.compress(data))
    options = ("label", "-m", wary, "-o", "-", "--trust-approved", "2", "-q")
    found = run(*options, path).out
    (row, *_) = csv.DictReader(io.StringIO(found.decode(), newline=""))
    assert row["spamguard_label"] == "unsure"
    assert row["spamguard_reason"] == "known reader: 3 approved comments"
    assert run(*options, packed).out == found
    assert run(*options, "-", stdin=data).out == found
    assert run(*options, "-", stdin=packed.read_bytes()).out == found
    with path.open("rb") as file:
        assert run(*options, "-", stdin_from=file).out == found


def test_known_readers_by_the_status_in_an_export(model, tmp_path):
    options = ("label", "-m", model, "-o", tmp_path / "o.csv", "--trust-approved", "1", "--block")
    nobody = tmp_path / "nobody.txt"
    nobody.write_text("")
    for name in ("wordpress.xml", "disqus.xml", "wp-cli.json", "movabletype.txt"):
        done = run(*options, nobody, EXPORTS / name)
        assert done.code == 0, done
        assert "approved" not in done.err, name
    done = run(*options, nobody, EXPORTS / "isso.json")
    check = "isso.json: says of no comment that it was approved"
    assert check in done.err


def test_the_input_stays_the_one_that_is_not_written(tmp_path, model):
    path = tmp_path / "in.csv"
    path.write_bytes(table(*approved(2)))
    check_refused(
        invoke("label", path, "-o", path, "-m", model, "--trust-approved", "1"), "is the input"
    )


def objects(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def labelled(model, rows, *options):
    result = invoke("label", "-m", model, "-", "-o", "-", *options, stdin=objects(*rows))
    assert result.code == 0, result
    return [json.loads(line) for line in result.out.splitlines()], result.err


def linking_rows():
    """Comments with a link to one host, each by another author."""
    return [
        {"text": f"{text} http://pills.example/{number}", "author": f"N{number}"}
        for number, text in enumerate(candidates())
    ]


@pytest.fixture(scope="session")
def linking(model, tmp_path_factory):
    """A model whose cut-offs make every verdict common among ``linking_rows``."""
    target = tmp_path_factory.mktemp("linking") / "model.joblib"
    return evenly_cut(model, target, probabilities(model, objects(*linking_rows())))


@pytest.fixture(scope="session")
def linked(linking):
    """Comments of ``linking_rows`` by the verdict that ``linking`` gives them."""
    rows, found = linking_rows(), {"spam": [], "unsure": [], "ham": []}
    for row, answer in zip(rows, labelled(linking, rows)[0], strict=True):
        found[answer["spamguard_label"]].append(row)
    assert min(map(len, found.values())) >= 4
    return found


def verdicts_of(model, rows, *options):
    found, err = labelled(model, rows, "--campaigns", *options)
    return [row["spamguard_label"] for row in found], err


def test_an_unsure_comment_of_a_campaign_is_spam_and_says_why(linking, linked):
    found, err = labelled(linking, [*linked["unsure"][:2], *linked["spam"][:3]], "--campaigns")
    assert [row["spamguard_label"] for row in found] == ["spam"] * 5
    said = "campaign: 3 authors or more were called spam with pills.example"
    assert [row.get("spamguard_reason") for row in found] == [said] * 2 + [None] * 3
    assert err == "5 comments: 5 spam, 0 unsure, 0 ham; 0 bad rows; 2 of a campaign\n"


def test_two_authors_are_no_campaign(linking, linked):
    again = [{**linked["spam"][0], "text": row["text"]} for row in linked["spam"][:5]]
    rows = [linked["unsure"][0], *linked["spam"][:2], *again]
    found, _ = verdicts_of(linking, rows)
    assert found[0] == "unsure"


def test_what_readers_link_to_is_no_campaign(linking, linked):
    rows = [linked["unsure"][0], *linked["spam"][:4], linked["ham"][0]]
    assert verdicts_of(linking, rows)[0] == ["unsure", *["spam"] * 4, "ham"]
    assert verdicts_of(linking, rows[::-1])[0] == ["ham", *["spam"] * 4, "unsure"]


def test_other_hosts_are_of_no_campaign(linking, linked):
    other = {**linked["unsure"][0]}
    other["text"] = other["text"].replace("pills.example", "pillz.example")
    before = labelled(linking, [other])[0][0]["spamguard_label"]
    assert verdicts_of(linking, [other, *linked["spam"][:4]])[0][0] == before


def test_lists_and_known_readers_come_before_a_campaign(linking, linked, listed):
    unsure = {**linked["unsure"][0], "status": "1"}
    rows = [unsure, *linked["spam"][:4]]
    allow = listed("phrase: " + unsure["author"], f"author: {unsure['author']}")
    assert verdicts_of(linking, rows, "--allow", allow)[0][0] == "ham"
    found, err = verdicts_of(linking, rows, "--trust-approved", "1")
    assert found == ["unsure", *["spam"] * 4]
    assert err.endswith("; 1 trusted, 0 of a campaign\n")
    block = listed("pills.example")
    assert verdicts_of(linking, rows, "--block", block)[0] == ["spam"] * 5


def test_a_campaign_is_seen_in_what_comes_from_a_pipe(linking, linked, tmp_path):
    rows = [linked["unsure"][0], *linked["spam"][:3]]
    path = tmp_path / "in.jsonl"
    path.write_bytes(objects(*rows))
    options = ("label", "-m", linking, "-o", "-", "-q", "--campaigns")
    assert run(*options, path).out == run(*options, "-", stdin=objects(*rows)).out != b""


def test_several_processes_decide_the_same(linking, linked, listed, tmp_path):
    rows = [linked["unsure"][0], *linked["spam"][:3]]
    others = [
        {**row, "text": row["text"].replace("pills", "pillz")}
        for label in ("unsure", "spam", "ham")
        for row in linked[label]
    ]
    path = tmp_path / "in.jsonl"
    path.write_bytes(objects(*rows, *others * 60))
    assert path.stat().st_size > 1 << 17  # a heavy input, so that the processes are used
    block = listed(f"author: {others[-1]['author']}")
    options = ("label", "-m", linking, path, "-o", "-", "--campaigns", "--block", block)
    alone = run(*options, "--jobs", "1")
    assert alone.code == 0
    assert b"campaign" in alone.out
    assert run(*options, "--jobs", "2") == alone
