import csv
import gzip
import hashlib
import io
import json
import os
import re

import pytest

from cli_support import (
    DATA,
    check_refused,
    even_model,
    invoke,
    rows_of,
    run,
    shell,
    strict_json,
    verdicts,
)
from spamguard import storage, training

FIGURES = [
    "accuracy", "precision", "recall", "f1", "mcc", "roc_auc", "recall_at_1%_fpr",
    "recall_at_0.1%_fpr", "ham_called_spam", "spam_caught", "spam_passed", "unsure", "brier",
    "calibration_error",
]  # fmt: skip


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    return even_model(model_file, tmp_path_factory.mktemp("even") / "model.joblib")


@pytest.fixture(scope="session")
def texts():
    """Comments of both classes, no two alike."""
    found = {"spam": {}, "ham": {}}
    for row in rows_of(DATA / "blogs_2012.csv"):
        found[row["label"]].setdefault(row["content"].strip())
    return {label: list(contents)[:60] for label, contents in found.items()}


def mixed(texts, count, *, begin=0):
    """``count`` comments of each class in turn, as pairs (text, label)."""
    end = begin + count
    pairs = zip(texts["spam"][begin:end], texts["ham"][begin:end], strict=True)
    return [pair for spam, ham in pairs for pair in ((spam, "spam"), (ham, "ham"))]


def table(header, rows, delimiter=","):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=delimiter).writerows([header, *rows])
    return buffer.getvalue().encode()


def json_lines(items):
    return "".join(json.dumps(item) + "\n" for item in items).encode()


def measured(model, content, *options):
    """What ``evaluate`` says of reading ``content``: cheaper than training, by the same reader."""
    result = invoke("evaluate", "-", "-m", model, *options, stdin=content)
    assert result.code == 0, result
    return result.err


# --- columns and labels ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spam", "ham"),
    [
        ("spam", "ham"),
        ("SPAM", "Ham"),
        ("1", "0"),
        ("1.0", "0.0"),
        ("true", "false"),
        ("True", "FALSE"),
        ("yes", "no"),
        ("y", "n"),
        (" spam ", "not spam"),
    ],
)
def test_the_values_people_use_for_labels_are_known(model, texts, spam, ham):
    rows = [(text, {"spam": spam, "ham": ham}[label]) for text, label in mixed(texts, 3)]
    err = measured(model, table(["text", "label"], rows))
    assert "stdin: columns: text = text, label = label\n" in err
    assert f"stdin: labels: {spam.strip()} = spam (3), {ham} = ham (3)\n" in err
    assert "6 comments measured: 3 spam, 3 ham (dropped: " in err


@pytest.mark.parametrize("column", ["comment_approved", "Comment Approved", "status", "Status"])
def test_a_status_column_is_read_as_wordpress_means_it(model, texts, column):
    values = ["spam", "1", "0", "trash", "spam", "1", "hold", "post-trashed"]
    rows = [(text, value) for (text, _), value in zip(mixed(texts, 4), values, strict=True)]
    err = measured(model, table(["comment_content", column], rows))
    assert f"columns: text = comment_content, label = {column}\n" in err
    assert "spam = spam (2), 1 = ham (2)" in err
    for value in ("0", "trash", "hold", "post-trashed"):
        assert f"{value} = unlabelled (1)" in err
    assert "4 comments measured: 2 spam, 2 ham (dropped: 4 unlabelled, " in err


@pytest.mark.parametrize("value", ["approved", "approve"])
def test_other_words_for_approved(model, texts, value):
    rows = [(text, {"spam": "spam", "ham": value}[label]) for text, label in mixed(texts, 2)]
    assert f"{value} = ham (2)" in measured(model, table(["text", "status"], rows))


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (
            ["COMMENT_ID", "AUTHOR", "DATE", "CONTENT", "CLASS"],
            "text = CONTENT, label = CLASS, author = AUTHOR, date = DATE, id = COMMENT_ID",
        ),
        (
            ["comment_ID", "comment_author", "date", "comment_content", "is_spam"],
            "text = comment_content, label = is_spam, author = comment_author, date = date",
        ),
        (
            ["id", "Name", "created_at", "message", "spam"],
            "text = message, label = spam, author = Name, date = created_at, id = id",
        ),
        (["a", "b", "c", "body", "label"], "text = body, label = label"),
    ],
)
def test_columns_are_found_by_the_names_people_use(model, texts, header, said):
    rows = [
        (place, "Ann", "2015-05-29T02:30:18", text, int(label == "spam"))
        for place, (text, label) in enumerate(mixed(texts, 3))
    ]
    err = measured(model, table(header, rows))
    assert f"stdin: columns: {said}" in err
    assert "1 = spam (3), 0 = ham (3)" in err


def test_columns_can_be_named(model, texts):
    rows = [("nothing", text, label, "ham") for text, label in mixed(texts, 3)]
    content = table(["text", "mine", "verdicts", "label"], rows)
    err = measured(model, content, "--text-column", "mine", "--label-column", "verdicts")
    assert "text = mine, label = verdicts" in err
    assert "6 comments measured: 3 spam, 3 ham" in err


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize(
    "option", ["text", "label", "author", "author-url", "date", "id", "source"]
)
def test_a_column_that_is_not_there_is_answered_with_those_that_are(command, option, tmp_path):
    options = ["-o", tmp_path / "out"] if command == "train" else []
    content = b"content,label,Strange Name\nhello,spam,x\n"
    result = invoke(command, "-", f"--{option}-column", "nope", *options, stdin=content)
    check_refused(result, "stdin: ", "nope", "content, label, Strange Name")


@pytest.mark.parametrize(
    ("option", "with_model"),
    [("--group-by", True), ("--group-by", False), ("--time-column", False)],
)
def test_a_column_to_divide_by_that_is_not_there_is_answered_too(model, texts, option, with_model):
    content = table(["content", "label", "blog"], [(*row, "x") for row in mixed(texts, 25)])
    options = ["-m", model] if with_model else []
    result = invoke("evaluate", "-", "-q", option, "nope", *options, stdin=content)
    check_refused(result, "nope", "content, label, blog")


def test_label_values_can_be_named(model, texts):
    values = {"spam": "junk", "ham": "Fine"}
    rows = [(text, values[label]) for text, label in mixed(texts, 3)]
    rows += [("a", "bulk"), ("b", "ham"), ("c", "spam"), ("d", "eggs"), ("e", "eggs"), ("f", "")]
    options = ("--spam-value", "JUNK", "--spam-value", "bulk", "--ham-value", "fine")
    err = measured(model, table(["text", "label"], rows), *options)
    for part in (
        "junk = spam (3)",
        "Fine = ham (3)",
        "bulk = spam (1)",
        "eggs = unknown, left out (2)",
    ):
        assert part in err
    # A named value takes the place of the known ones on its side.
    assert "ham = unknown, left out (1)" in err
    assert "spam = unknown, left out (1)" in err
    assert "(empty) = unlabelled (1)" in err
    assert "7 comments measured: 4 spam, 3 ham (dropped: 5 unlabelled, " in err


def test_one_side_may_be_named_alone(model, texts):
    rows = [(text, {"spam": "spam", "ham": "0"}[label]) for text, label in mixed(texts, 3)]
    err = measured(model, table(["text", "status"], rows), "--ham-value", "0")
    assert "spam = spam (3)" in err
    assert "0 = ham (3)" in err


def test_a_value_named_for_both_sides_is_wrong_usage(model, texts):
    content = table(["text", "label"], mixed(texts, 3))
    options = ("--spam-value", "x", "--ham-value", "X")
    assert invoke("evaluate", "-", "-m", model, *options, stdin=content).code == 2


def test_every_unknown_value_is_listed_or_counted(model, texts):
    rows = mixed(texts, 3) + [(f"text {n}", f"value{n}") for n in range(30)]
    err = measured(model, table(["text", "label"], rows))
    (line,) = [line for line in err.splitlines() if "labels: " in line]
    named = len(re.findall(r"value\d+ = unknown, left out \(1\)", line))
    more = re.search(r"(\d+) (?:more|other)", line)
    assert named + int(more[1] if more else 0) == 30, line


# --- what is read ---------------------------------------------------------------------------------


def test_another_encoding_is_told_of(model):
    content = "text,label\ncafé,ham\nthé,spam\n".encode("latin-1")
    said = measured(model, content)
    assert "stdin: 2 comments hold what is not valid UTF-8" in said
    assert "iconv" in said


def test_what_cannot_be_learned_from_is_dropped_and_counted(model, texts):
    (spam, _), (ham, _), *rest = mixed(texts, 4)
    rows = [
        *rest,
        (spam, "spam"),
        (f" {spam}\n", "spam"),  # the same but for blanks around it
        (ham, "spam"),
        (ham, "ham"),
        ("  \n ", "ham"),
        ("", "spam"),
        ("nobody knows", ""),
    ]
    content = table(["text", "label"], rows) + b'"open" quote,spam\n1,2,3\n'
    err = measured(model, content)
    assert (
        "7 comments measured: 4 spam, 3 ham (dropped: 1 unlabelled, 2 empty, 2 labelled both ways,"
        " 1 duplicates, 2 bad)\n" in err
    )
    assert err.count("spamguard: stdin: line ") == 2


@pytest.mark.parametrize("values", [("spam", "ham"), (1, 0), (True, False), (1.0, 0.0), ("1", "0")])
def test_json_lines_are_read(model, texts, values):
    meaning = dict(zip(("spam", "ham"), values, strict=True))
    items = [{"text": text, "is_spam": meaning[label]} for text, label in mixed(texts, 3)]
    err = measured(model, json_lines(items) + b"no JSON\n")
    assert "6 comments measured: 3 spam, 3 ham (dropped: " in err
    assert "1 bad)" in err
    assert "stdin: line 7: not JSON" in err


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_tables_of_every_dialect_are_read(model, texts, delimiter):
    content = b"\xef\xbb\xbf" + table(["text", "label"], mixed(texts, 3), delimiter)
    assert "6 comments measured: 3 spam, 3 ham" in measured(model, content)
    packed = measured(model, gzip.compress(content))
    assert "6 comments measured: 3 spam, 3 ham" in packed


@pytest.fixture
def files(tmp_path, texts):
    """Labelled comments in two files of two formats."""
    first, second = tmp_path / "first.csv.gz", tmp_path / "second.jsonl"
    first.write_bytes(gzip.compress(table(["content", "class"], mixed(texts, 25))))
    items = [{"comment": text, "label": label} for text, label in mixed(texts, 25, begin=25)]
    second.write_bytes(json_lines(items))
    return first, second


# --- train ----------------------------------------------------------------------------------------


def test_training_says_what_it_did(files, tmp_path):
    target = tmp_path / "new.joblib"
    result = invoke("train", *files, "-o", target)
    assert result.code == 0
    assert result.out == b""
    assert f"{files[0]}: columns: text = content, label = class\n" in result.err
    assert f"{files[1]}: columns: text = comment, label = label\n" in result.err
    assert result.err.count("spam = spam (25), ham = ham (25)") == 2
    assert "100 comments: 50 spam, 50 ham (dropped: 0 unlabelled, 0 empty," in result.err
    for name in FIGURES:
        figure = r"(\d\.\d{4} \(\d\.\d{4} to \d\.\d{4}\)|- \(.+\))"
        assert re.search(
            rf"^  {re.escape(name.replace('_', ' '))} +{figure}$", result.err, re.MULTILINE
        )
    assert "recall at 1% fpr     - (needs 100 ham, there are 50)" in result.err
    cutoffs = r"cut-offs: ham below 0\.\d+, spam from 0\.\d+ on \(\d+ of 50 ham lie above: at most"
    assert re.search(cutoffs, result.err)
    assert re.search(rf"{re.escape(str(target))}: written in \d+\.\d s\n", result.err)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "first.csv.gz",
        "new.joblib",
        "second.jsonl",
    ]
    facts = storage.load(str(target)).facts
    assert (facts["spam"], facts["ham"]) == (50, 50)
    assert facts["files"] == ["first.csv.gz", "second.jsonl"]
    assert len(verdicts(target, ["hello"])) == 1


def test_training_says_what_it_dropped_before_it_refuses(tmp_path):
    content = table(["text", "label"], [("  ", "ham"), ("a", "ham"), ("a", "spam"), ("b", "")])
    result = invoke("train", "-", "-o", tmp_path / "m.joblib", stdin=content)
    assert result.code == 3
    assert "dropped: 1 unlabelled, 1 empty, 2 labelled both ways" in result.err


def test_quiet_training_says_nothing(tmp_path, texts):
    content = table(["text", "label"], mixed(texts, 20))
    result = invoke("train", "-", "-q", "-o", tmp_path / "m", stdin=content)
    assert result == (0, b"", "")
    assert storage.load(str(tmp_path / "m")).facts["files"] == ["-"]


def test_the_same_input_gives_the_same_model_byte_for_byte(tmp_path, texts):
    content = table(["text", "label", "author"], [(*row, "Ann") for row in mixed(texts, 30)])
    moment = {"SOURCE_DATE_EPOCH": "1000000000"}
    here, there = tmp_path / "here", tmp_path / "there"
    assert invoke("train", "-", "-o", here, stdin=content, env=moment).code == 0
    other = run("train", "-", "-o", there, stdin=content, env={**moment, "PYTHONHASHSEED": "7"})
    assert other.code == 0
    assert here.read_bytes() == there.read_bytes()
    assert storage.load(str(here)).facts["trained"] == "2001-09-09T01:46:40Z"


def test_a_memory_limit_changes_nothing_but_the_memory(tmp_path, texts):
    content = table(["text", "label", "author"], [(*row, "") for row in mixed(texts, 30)])
    moment = {"SOURCE_DATE_EPOCH": "1000000000"}
    models = []
    for size in ("0", "1.5 GiB"):
        target = tmp_path / size
        options = ("-q", "-o", target, "--max-memory", size)
        assert invoke("train", "-", *options, stdin=content, env=moment).code == 0
        models.append(target.read_bytes())
    assert models[0] == models[1]


def test_no_temporary_file_is_left(tmp_path, texts, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    content = table(["text", "label"], mixed(texts, 20))
    options = ("-q", "-o", tmp_path / "m", "--max-memory", "0")
    assert invoke("train", "-", *options, stdin=content).code == 0
    assert list(folder.iterdir()) == []


def test_a_field_that_is_empty_throughout_a_file_is_not_there(tmp_path, texts):
    """In a file where some comments have an author, those without are another matter."""
    moment = {"SOURCE_DATE_EPOCH": "1000000000"}
    models = {}
    for name, header, author in (
        ("none", ["text", "label"], ()),
        ("empty", ["text", "label", "author"], ("",)),
    ):
        content = table(header, [(*row, *author) for row in mixed(texts, 30)])
        assert invoke("train", "-", "-o", tmp_path / name, stdin=content, env=moment).code == 0
        models[name] = (tmp_path / name).read_bytes()
    assert models["none"] == models["empty"]


@pytest.mark.parametrize("epoch", ["9" * 30, "\N{SUPERSCRIPT TWO}"])
def test_a_moment_that_is_none_is_no_crash(tmp_path, texts, epoch):
    content = table(["text", "label"], mixed(texts, 20))
    moment = {"SOURCE_DATE_EPOCH": epoch}
    assert invoke("train", "-", "-o", tmp_path / "m", "-q", stdin=content, env=moment).code in (
        0,
        3,
    )


def test_a_larger_share_of_errors_that_is_allowed_lowers_the_cutoff(tmp_path, trained, texts):
    content = table(["text", "label"], mixed(texts, 40))
    options = ("-o", tmp_path / "m", "--max-fpr", "0", "--seed", "3")
    assert invoke("train", "-", *options, stdin=content).code == 0
    none = storage.load(str(tmp_path / "m")).facts
    some = storage.load(str(trained)).facts
    assert (none["max_fpr"], some["max_fpr"]) == (0, 0.05)
    assert none["cutoffs"]["ham_above"] == 0
    assert some["cutoffs"]["ham_above"] <= 0.05 * 40
    assert some["cutoffs"]["spam"] < none["cutoffs"]["spam"]
    assert some["cutoffs"]["promise"] > none["cutoffs"]["promise"] > 0.005


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        ([("spam", 40)], ["no ham", "40"]),
        ([("ham", 40)], ["no spam", "40"]),
        ([("ham", 40), ("spam", 5)], ["only 5 spam", "at least 20"]),
        ([("ham", 19), ("spam", 40)], ["only 19 ham", "at least 20"]),
        ([], ["no labelled comments"]),
        ([("eggs", 40)], ["no labelled comments"]),
        ([("", 40)], ["no labelled comments"]),
    ],
    ids=["only spam", "only ham", "five", "nineteen", "header alone", "unknown", "unlabelled"],
)
@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_too_little_is_answered_with_what_is_missing(tmp_path, command, rows, parts):
    labels = [label for label, count in rows for _ in range(count)]
    content = table(
        ["text", "label"], [(f"text number {n}", label) for n, label in enumerate(labels)]
    )
    options = ["-o", tmp_path / "m"] if command == "train" else []
    check_refused(invoke(command, "-", "-q", *options, stdin=content), *parts)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"", ["stdin", "empty"]),
        (b"\n\n", ["stdin", "empty"]),
        (b"text,name\na,b\n", ["stdin", "label", "--label-column"]),
        (b"text,name\n", ["label"]),
        (b"name,label\na,spam\n", ["stdin", "line 1", "--text-column", "name, label"]),
        (b'{"text": "a", "name": "b"}\n', ["stdin", "label", "--label-column"]),
        (b"[]", ["without comments"]),
        (gzip.compress(b"text,label\na,spam\n")[:-6], ["stdin", "cannot be read"]),
    ],
    ids=["empty", "blank", "no label", "header", "no text", "json", "array", "gzip"],
)
def test_what_cannot_be_learned_from_is_refused_in_one_line(tmp_path, command, content, parts):
    options = ["-o", tmp_path / "m"] if command == "train" else []
    check_refused(invoke(command, "-", *options, stdin=content), *parts)


def test_one_class_that_is_nearly_all_alike_is_refused(tmp_path, texts):
    rows = [(text, "ham") for text in texts["ham"][:30]]
    rows += [
        (f"buy cheap pills now at the best price of the whole town {n}", "spam") for n in range(30)
    ]
    result = invoke("train", "-", "-q", "-o", tmp_path / "m", stdin=table(["text", "label"], rows))
    check_refused(result, "alike")


def test_a_file_that_cannot_be_read_is_one_line(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        check_refused(invoke("train", path, "-o", tmp_path / "m"), str(path))
        check_refused(invoke("evaluate", path), str(path))


@pytest.fixture
def small(tmp_path, texts):
    """A file to train on, in a directory of its own."""
    directory = tmp_path / "small"
    directory.mkdir()
    path = directory / "comments.csv"
    path.write_bytes(table(["text", "label"], mixed(texts, 20)))
    return path


def test_a_disk_that_fills_up_leaves_the_old_model(small):
    target = small.parent / "m.joblib"
    target.write_bytes(b"old")
    before = sorted(small.parent.iterdir())
    result = shell('ulimit -f 100; exec "$@"', "train", "-q", small, "-o", target)
    check_refused(result, str(target), "cannot be written")
    assert sorted(small.parent.iterdir()) == before
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize("place", ["missing/m.joblib", "."])
def test_an_output_that_cannot_be_is_one_line(small, place):
    before = sorted(small.parent.iterdir())
    target = f"{small.parent}/{place}"
    check_refused(invoke("train", "-q", small, "-o", target), target, "cannot be written")
    assert sorted(small.parent.iterdir()) == before


def test_a_disk_that_has_no_room_for_what_memory_has_not_is_one_line(small, texts):
    small.write_bytes(table(["text", "label"], mixed(texts, 60)))
    words = ("train", "-q", small, "-o", small.parent / "m.joblib", "--max-memory", "1M")
    check_refused(shell('ulimit -f 20; exec "$@"', *words), "--max-memory", "cannot be written")
    assert [path.name for path in small.parent.iterdir()] == [small.name]


def test_an_output_that_cannot_be_is_found_before_the_long_work(small, monkeypatch):
    monkeypatch.setattr(training, "fit", lambda *_: pytest.fail("it has trained"))
    check_refused(invoke("train", "-q", small, "-o", f"{small.parent}/missing/m.joblib"), "missing")


@pytest.mark.parametrize(
    "words", [("train", "-o"), ("evaluate", "--report"), ("undo", "log.jsonl", "-o")], ids=" ".join
)
def test_what_is_no_stream_is_not_written_to_a_file_called_dash(small, monkeypatch, words):
    monkeypatch.chdir(small.parent)
    result = invoke(*words, "-", small)
    assert (result.code, result.out) == (2, b"")
    assert "stdout" in result.err
    assert [path.name for path in small.parent.iterdir()] == [small.name]


@pytest.mark.parametrize("kind", ["same", "symlink", "hard link"])
def test_the_input_is_refused_as_output(small, kind):
    content = small.read_bytes()
    target = small if kind == "same" else small.parent / "other"
    if kind == "symlink":
        target.symlink_to(small)
    elif kind == "hard link":
        target.hardlink_to(small)
    check_refused(invoke("train", "-q", small, "-o", target), str(target), "input")
    assert small.read_bytes() == content


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-",),
        ("-o", "m"),
        ("-", "-o", "m", "--max-fpr", "0.7"),
        ("-", "-o", "m", "--max-fpr", "-0.1"),
        ("-", "-o", "m", "--max-fpr", "nan"),
        ("-", "-o", "m", "--max-memory", "much"),
        ("-", "-o", "m", "--max-memory", "-1G"),
        ("-", "-o", "m", "--max-memory", "1X"),
        ("-", "-o", "m", "--seed", "x"),
        ("-", "-o", "m", "--seed", "-1"),
        ("-", "-o", "m", "--seed", "9999999999"),
        ("-", "-o", "m", "--format", "text"),
        ("-", "-o", "m", "--folds", "3"),
    ],
    ids=" ".join,
)
def test_wrong_usage_of_train_ends_with_2(tmp_path, monkeypatch, texts, options):
    monkeypatch.chdir(tmp_path)
    result = invoke("train", *options, stdin=table(["text", "label"], mixed(texts, 20)))
    assert (result.code, result.out) == (2, b"")
    assert "Usage: " in result.err
    assert list(tmp_path.iterdir()) == []


# --- info -----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def trained(tmp_path_factory, texts):
    """A model that the command line trained."""
    path = tmp_path_factory.mktemp("trained") / "blog.joblib"
    content = table(["text", "label"], mixed(texts, 40))
    options = ("-q", "-o", path, "--max-fpr", "0.05", "--seed", "3")
    moment = {"SOURCE_DATE_EPOCH": "1000000000"}
    assert invoke("train", "-", *options, stdin=content, env=moment).code == 0
    return path


def test_info_shows_what_is_in_a_model(trained):
    result = invoke("info", trained)
    model = storage.load(str(trained))
    raw = trained.read_bytes()
    assert (result.code, result.err) == (0, "")
    shown = result.out.decode()
    assert str(trained) in shown
    assert f"{len(raw):,} bytes" in shown
    assert hashlib.sha256(raw).hexdigest()[:16] in shown
    assert "2001-09-09T01:46:40Z" in shown
    assert re.search(r"\bspam +40\b|\b40 spam\b", shown)
    assert re.search(r"\bham +40\b|\b40 ham\b", shown)
    assert f"ham below {model.ham_cutoff:.4f}, spam from {model.spam_cutoff:.4f} on" in shown
    for part in model.parts:
        assert part.block.name in shown
    assert (
        f"of 40 ham lie above: at most {model.facts['cutoffs']['promise']:.2%} of readers" in shown
    )
    for name, figure in model.facts["figures"].items():
        told = "{:.4f} ({:.4f} to {:.4f})".format(*figure)
        assert re.search(
            f"^  {re.escape(name.replace('_', ' '))} +{re.escape(told)}$", shown, re.MULTILINE
        )


@pytest.mark.parametrize(
    "lies",
    [
        {"cutoffs": 7},
        {"cutoffs": {"ham_above": "x", "ham_rows": 1, "promise": 2}},
        {"figures": [1.0, 2.0]},
        {"figures": {"accuracy": {"deep": [None]}}},
    ],
)
def test_info_shows_whatever_a_model_says_of_itself(trained, tmp_path, lies):
    liar = tmp_path / "liar.joblib"
    model = storage.load(str(trained))
    liar.write_bytes(storage.dump(model._replace(facts=lies)))
    result = invoke("info", liar)
    assert (result.code, result.err) == (0, "")
    assert f"ham below {model.ham_cutoff:.4f}, spam from" in result.out.decode()


def test_info_gives_the_same_as_json(trained):
    result = invoke("info", "--json", trained)
    about = strict_json(result.out)
    model = storage.load(str(trained))
    raw = trained.read_bytes()
    assert about["digest"] == hashlib.sha256(raw).hexdigest()
    assert about["size"] == len(raw)
    assert (about["spam"], about["ham"], about["trained"]) == (40, 40, "2001-09-09T01:46:40Z")
    assert (about["max_fpr"], about["seed"]) == (0.05, 3)
    assert about["cutoffs"]["ham"] == model.ham_cutoff
    assert about["cutoffs"]["spam"] == model.spam_cutoff
    assert about["cutoffs"]["ham_rows"] == 40
    assert list(about["figures"]) == [name for name in FIGURES if name in about["figures"]]
    assert {"accuracy", "mcc", "roc_auc", "ham_called_spam", "spam_caught"} <= set(about["figures"])
    assert [block["name"] for block in about["blocks"]] == [part.block.name for part in model.parts]


def test_what_a_model_says_of_itself_hides_nothing_that_info_found_out(trained, tmp_path):
    liar = tmp_path / "liar.joblib"
    model = storage.load(str(trained))
    lies = {"digest": "0" * 64, "size": 1, "model": "other", "blocks": [], "calibration": {}}
    liar.write_bytes(storage.dump(model._replace(facts={**model.facts, **lies})))
    about = strict_json(invoke("info", "--json", liar).out)
    assert about["digest"] == hashlib.sha256(liar.read_bytes()).hexdigest()
    assert about["size"] == liar.stat().st_size
    assert about["model"] == str(liar)
    assert len(about["blocks"]) == len(model.parts)


def test_info_finds_the_model_as_score_does(trained, tmp_path):
    by_name = invoke("info", trained)
    assert invoke("info", env={"SPAMGUARD_MODEL": str(trained)}) == by_name
    check_refused(invoke("info", tmp_path / "none"), "none", "No such file")
    (tmp_path / "damaged").write_bytes(trained.read_bytes()[:-50])
    check_refused(invoke("info", tmp_path / "damaged"), "damaged")
    assert invoke("info").code == (
        0 if os.path.exists(DATA.parent / "models/default.joblib") else 3
    )


# --- evaluate -------------------------------------------------------------------------------------


def test_evaluating_a_model_counts_what_it_says(model, texts):
    rows = mixed(texts, 60)
    result = invoke("evaluate", "-", "-m", model, "--json", stdin=table(["text", "label"], rows))
    assert result.code == 0
    assert "120 comments measured: 60 spam, 60 ham" in result.err
    found = strict_json(result.out)
    assert list(found) == ["overall"]
    overall = found["overall"]
    assert list(overall) == FIGURES
    said = [
        (label, float(probability), truth)
        for (label, probability), (_, truth) in zip(
            verdicts(model, [text for text, _ in rows]), rows, strict=True
        )
    ]
    counted = {
        "accuracy": sum((p >= 0.5) == (truth == "spam") for _, p, truth in said) / 120,
        "recall": sum(p >= 0.5 for _, p, truth in said if truth == "spam") / 60,
        "ham_called_spam": sum(label == "spam" for label, _, truth in said if truth == "ham") / 60,
        "spam_caught": sum(label == "spam" for label, _, truth in said if truth == "spam") / 60,
        "spam_passed": sum(label == "ham" for label, _, truth in said if truth == "spam") / 60,
        "unsure": sum(label == "unsure" for label, _, _ in said) / 120,
        "brier": sum((p - (truth == "spam")) ** 2 for _, p, truth in said) / 120,
    }
    for name, value in counted.items():
        assert overall[name]["value"] == pytest.approx(value, abs=1e-5), name
    for name, figure in overall.items():
        if figure["value"] is None:
            assert figure["why_not"]
            assert (figure["low"], figure["high"]) == (None, None)
        else:
            assert 0 <= figure["low"] <= figure["high"] <= 1, name
            assert figure["low"] - 1e-9 <= figure["value"] <= figure["high"] + 1e-9, name


def test_evaluating_prints_the_figures_it_has_as_json(model, texts):
    content = table(["text", "label"], mixed(texts, 20))
    shown = invoke("evaluate", "-", "-q", "-m", model, stdin=content)
    plain = strict_json(invoke("evaluate", "-", "-q", "-m", model, "--json", stdin=content).out)
    assert shown.err == ""
    lines = shown.lines
    assert lines[0] == "overall"
    assert len(lines) == len(FIGURES) + 1
    for line, (name, figure) in zip(lines[1:], plain["overall"].items(), strict=True):
        if figure["value"] is None:
            expected = f"- ({figure['why_not']})"
        else:
            expected = f"{figure['value']:.4f} ({figure['low']:.4f} to {figure['high']:.4f})"
        assert line == f"  {name.replace('_', ' '):<20} {expected}"


@pytest.mark.parametrize(
    ("spam", "ham", "unsupported"),
    [
        (10, 10, {"recall_at_1%_fpr": "100 ham", "recall_at_0.1%_fpr": "1,000 ham"}),
        (0, 10, dict.fromkeys(["recall", "mcc", "roc_auc", "f1", "spam_caught"], "no spam")),
        (10, 0, dict.fromkeys(["mcc", "roc_auc", "ham_called_spam", "recall_at_1%_fpr"], "no ham")),
        (1, 0, {"roc_auc": "no ham"}),
        (0, 1, {"roc_auc": "no spam"}),
    ],
)  # fmt: skip
def test_a_figure_that_the_data_cannot_support_says_so(model, texts, spam, ham, unsupported):
    rows = [(text, "spam") for text in texts["spam"][:spam]]
    rows += [(text, "ham") for text in texts["ham"][:ham]]
    content = table(["text", "label"], rows)
    result = invoke("evaluate", "-", "-m", model, "--json", stdin=content)
    assert result.code == 0
    overall = strict_json(result.out)["overall"]
    for name, reason in unsupported.items():
        assert overall[name]["value"] is None
        assert reason in overall[name]["why_not"]
    shown = invoke("evaluate", "-", "-m", model, stdin=content).out.decode()
    assert "nan" not in shown


def test_a_model_that_calls_nothing_spam_has_no_correlation(model, texts, tmp_path):
    mild = tmp_path / "mild.joblib"
    mild.write_bytes(storage.dump(storage.load(str(model))._replace(offset=-60.0)))
    content = table(["text", "label"], mixed(texts, 10))
    result = invoke("evaluate", "-", "-m", mild, "--json", stdin=content)
    overall = strict_json(result.out)["overall"]
    assert overall["precision"]["value"] is None
    assert overall["mcc"]["value"] in (None, 0)
    assert overall["recall"]["value"] == 0


@pytest.fixture(scope="session")
def dated(texts):
    """Comments of two sources, in four groups, and not in the order of their dates."""
    rows = [
        (
            text,
            label,
            ("one", "two")[place % 4 > 1],
            f"20{place:02}-05-17 12:00",
            "abcd"[place // 20],
        )
        for place, (text, label) in enumerate(mixed(texts, 40))
    ]
    return table(["text", "label", "source", "date", "Group"], rows[::2] + rows[1::2])


def test_folds_measure_every_comment_once(dated):
    result = invoke("evaluate", "-", "--folds", "2", "--json", stdin=dated)
    assert result.code == 0
    assert "fold 1 of 2 is through\nfold 2 of 2 is through\n" in result.err
    assert "80 comments measured: 40 spam, 40 ham" in result.err
    found = strict_json(result.out)
    assert list(found) == ["overall"]
    assert found["overall"]["roc_auc"]["value"] > 0.5  # it did learn
    other = invoke("evaluate", "-", "--folds", "2", "--json", "-q", "--seed", "5", stdin=dated)
    assert other.err == ""
    assert other.out != result.out


def test_five_folds_are_the_default(texts):
    content = table(["text", "label"], mixed(texts, 30))
    result = invoke("evaluate", "-", stdin=content)
    assert result.code == 0
    assert "fold 5 of 5 is through" in result.err
    assert "60 comments measured" in result.err
    assert result.lines[0] == "overall"


def test_each_group_is_left_out_once(dated):
    result = invoke("evaluate", "-", "--group-by", "source", "--json", stdin=dated)
    assert result.code == 0
    assert "fold 2 of 2 is through" in result.err
    assert "80 comments measured" in result.err
    found = strict_json(result.out)
    assert list(found["groups"]) == ["one", "two"]
    assert all(list(figures) == FIGURES for figures in found["groups"].values())


def test_files_count_as_groups(files):
    result = invoke("evaluate", *files, "--group-by", "file", "--json")
    assert result.code == 0
    assert list(strict_json(result.out)["groups"]) == [*map(str, files)]


def test_a_model_can_be_measured_by_group(model, dated):
    result = invoke("evaluate", "-", "-m", model, "--group-by", "Group", "--json", stdin=dated)
    found = strict_json(result.out)
    assert list(found["groups"]) == [*"abcd"]
    mean = (
        sum(found["groups"][group]["accuracy"]["value"] for group in "abcd") / 4
    )  # all of one size
    assert found["overall"]["accuracy"]["value"] == pytest.approx(mean)


def test_a_group_may_be_called_overall(model, texts):
    rows = [
        (text, label, "overall" if label == "spam" else "b") for text, label in mixed(texts, 10)
    ]
    content = table(["text", "label", "source"], rows)
    options = ("-q", "-m", model, "--group-by", "source")
    lines = invoke("evaluate", "-", *options, stdin=content).lines
    assert len([line for line in lines if line and not line.startswith(" ")]) == 3
    found = strict_json(invoke("evaluate", "-", *options, "--json", stdin=content).out)
    assert found["overall"]["roc_auc"]["value"] is not None  # of all, not of the group


def test_one_group_alone_cannot_be_left_out(texts):
    content = table(["text", "label", "source"], [(*row, "x") for row in mixed(texts, 20)])
    check_refused(invoke("evaluate", "-", "-q", "--group-by", "source", stdin=content), "one group")


def test_the_newest_are_tested_by_what_came_before(dated):
    result = invoke("evaluate", "-", "--time-column", "date", "--json", stdin=dated)
    assert result.code == 0
    assert "24 comments measured: 12 spam, 12 ham" in result.err
    assert "0 undated" in result.err
    assert list(strict_json(result.out)) == ["overall"]


def test_comments_without_a_date_are_left_out_and_counted(texts):
    dates = ["2015-05-29T02:30:18.971000", "2013-04-27 14:20:24", "", "yesterday", "2019-12-01"]
    rows = [(*row, dates[place % 5]) for place, row in enumerate(mixed(texts, 50))]
    content = table(["text", "label", "created"], rows)
    result = invoke("evaluate", "-", "--time-column", "created", stdin=content)
    assert result.code == 0
    assert "40 undated" in result.err
    assert "18 comments measured" in result.err  # 30% of 60
    rows = [(*row, "x") for row in mixed(texts, 25)]
    content = table(["text", "label", "created"], rows)
    check_refused(
        invoke("evaluate", "-", "-q", "--time-column", "created", stdin=content), "created"
    )


@pytest.mark.parametrize(
    "options",
    [
        ("--model", "m", "--folds", "3"),
        ("--model", "m", "--time-column", "date"),
        ("--model", "m", "--max-fpr", "0.005"),
        ("--model", "m", "--seed", "0"),
        ("--folds", "3", "--time-column", "date"),
        ("--folds", "3", "--group-by", "source"),
        ("--group-by", "source", "--time-column", "date"),
        ("--folds", "1"),
        ("--folds", "0"),
        ("--folds", "-3"),
        ("--folds", "x"),
        ("--max-fpr", "0.7"),
        ("--seed", "-1"),
        ("--format", "lines"),
        ("--nonsense",),
    ],
    ids=" ".join,
)
def test_wrong_usage_of_evaluate_ends_with_2(dated, options):
    result = invoke("evaluate", "-", *options, stdin=dated)
    assert (result.code, result.out) == (2, b"")
    assert "Usage: " in result.err
    assert invoke("evaluate", *options).code == 2


def test_measuring_on_what_was_learned_from_is_told_of(small):
    model = small.parent / "m.joblib"
    invoke("train", "-q", small, "-o", model)
    said = invoke("evaluate", small, "-m", model).err
    assert f"{small}: the model has learned from a file called comments.csv" in said
    assert "learned from" not in invoke("evaluate", small, "-q", "-m", model).err
    other = small.rename(small.parent / "other.csv")
    assert "learned from" not in invoke("evaluate", other, "-m", model).err


def test_more_folds_than_comments_is_one_line(texts):
    content = table(["text", "label"], mixed(texts, 20))
    check_refused(invoke("evaluate", "-", "-q", "--folds", "30", stdin=content), "30 folds", "20")


def test_names_of_groups_are_escaped(model, texts):
    rows = [
        (*row, "a\x1b[31m\nb" if place % 2 else "\u202ec")
        for place, row in enumerate(mixed(texts, 5))
    ]
    content = table(["text", "label", "source"], rows)
    result = invoke("evaluate", "-", "-m", model, "--group-by", "source", stdin=content)
    assert result.code == 0
    assert "a\\u001b[31m\\nb" in result.lines
    assert "\\u202ec" in result.lines


def test_readers_alone_can_be_trained_on_beside_the_builtin_corpus(tmp_path):
    """As with the export of a blog, which holds hardly any spam."""
    readers = tmp_path / "readers.csv"
    rows = [row for row in rows_of(DATA / "everyday.csv") if row["label"] == "ham"]
    readers.write_bytes(table(["content", "label"], [[row["content"], "ham"] for row in rows]))
    target = tmp_path / "own.joblib"
    assert "no spam" in invoke("train", readers, "-o", target).err
    result = invoke("train", readers, "--with-builtin-spam", "-o", target)
    assert result.code == 0, result.err
    assert re.search(r"built in: [\d,]+ spam, [\d,]+ texts of spun templates, and", result.err)
    spam = "order tramadol cod overnight no prescription, cheap viagra cialis levitra online"
    ((label, _),) = verdicts(target, [spam])
    assert label != "ham"
