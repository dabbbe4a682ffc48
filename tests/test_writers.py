"""Exports written back in their own format: only statuses change, and undo takes that back."""

import csv
import gzip
import importlib.util
import io
import json
import os
import random
import re
import signal
import sqlite3
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_support import (
    check_one_line,
    check_refused,
    cut_model,
    evenly_cut,
    invoke,
    run,
    shell,
    started,
)
from readers_support import EXPORTS, SHARED, isso_database, read, zipped
from spamguard import formats, storage
from spamguard.errors import InputError
from spamguard.formats.changes import STATUSES, Change, Changes
from spamguard.formats.inplace import labelled_copy, patch, undone
from spamguard.formats.source import Source
from spamguard.records import Verdict

OWN = [
    EXPORTS / name
    for name in ("wordpress.xml", "wordpress-1.0.xml", "wordpress-broken.xml", "disqus.xml")
]
REAL = sorted(
    path
    for pattern in ("wxr/*+*.xml", "isso/*.xml", "remark42/*.xml", "wxr/importer-valid*.xml")
    for path in SHARED.glob(pattern)
)
#: A status as the files spell it: what lies before it, and the word.
STATUS = re.compile(rb"((?:<wp:comment_approved|<isSpam)[^>]*>\s*(?:<!\[CDATA\[)?\s*)([\w-]*)")


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    """A model whose cut-offs make every verdict common among the comments of ``OWN``."""
    folder = tmp_path_factory.mktemp("even")
    probabilities = [
        float(row["spamguard_probability"])
        for path in OWN
        for row in rows_of(model_file, path, folder)
        if row["spamguard_probability"]
    ]
    return evenly_cut(model_file, folder / "model.joblib", probabilities)


@pytest.fixture(scope="session")
def strict(model_file, tmp_path_factory):
    """A model that calls everything spam, whatever it has learned."""
    target = tmp_path_factory.mktemp("strict") / "model.joblib"
    return cut_model(model_file, target, ham=0.0, spam=0.0)


def labelled(model, source, target, *options):
    result = invoke("label", source, "-m", model, "-o", target, *options)
    assert result.code == 0, result
    return result


def rows_of(model, source, folder):
    """The comments of an export with their verdicts, as the rows of a table."""
    labelled(model, source, folder / "rows.csv", "-q")
    text = (folder / "rows.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def verdicts_of(model, source, folder):
    """(old status, verdict) of each comment, in order."""
    rows = rows_of(model, source, folder)
    return [(row["status"], row["spamguard_label"]) for row in rows]


def masked(data):
    return STATUS.sub(rb"\1?", data)


def written_statuses(data):
    return [word for _, word in STATUS.findall(data)]


@pytest.mark.parametrize("path", [*OWN, *REAL], ids=lambda path: path.name)
@pytest.mark.parametrize("unsure", ["keep", "hold"])
def test_only_the_statuses_of_spam_change_and_undo_gives_every_byte_back(
    model, tmp_path, path, unsure
):
    if unsure == "hold" and "disqus" in path.name:
        pytest.skip("Disqus cannot hold a comment")
    before = path.read_bytes()
    target, log = tmp_path / "out.xml", tmp_path / "changes.jsonl"
    labelled(model, path, target, "--log", log, "--unsure", unsure)
    assert path.read_bytes() == before
    after = target.read_bytes()
    assert masked(after) == masked(before)

    verdicts = verdicts_of(model, path, tmp_path)
    held = unsure == "hold"
    expected = [
        "spam" if label == "spam" else "0" if held and label == "unsure" and old == "1" else old
        for old, label in verdicts
    ]
    once, twice = read(path), read(target)
    changeable = [record.place is not None for record in once.records if record.comment]
    olds = [old for old, _ in verdicts]
    assert [comment.status for comment in twice.comments] == [
        new if can else old for new, old, can in zip(expected, olds, changeable, strict=True)
    ]
    assert [comment._replace(status=None) for comment in twice.comments] == [
        comment._replace(status=None) for comment in once.comments
    ]
    assert twice.kinds == once.kinds

    restored = tmp_path / "restored.xml"
    result = invoke("undo", log, target, "-o", restored)
    assert result.code == 0, result
    assert restored.read_bytes() == before
    assert target.read_bytes() == after


def test_the_verdicts_of_the_examples_are_of_every_kind(model, tmp_path):
    """Or else the tests above would show little."""
    found = set()
    for path in OWN:
        found |= set(verdicts_of(model, path, tmp_path))
    assert {label for _, label in found} == {"spam", "unsure", "ham"}
    assert any(label == "spam" != status for status, label in found)


def test_the_log_has_a_line_for_each_changed_comment(strict, tmp_path):
    path, log = EXPORTS / "wordpress.xml", tmp_path / "changes.jsonl"
    said = labelled(strict, path, tmp_path / "out.xml", "--log", log).err
    before = path.read_bytes()
    changes = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    once, twice = (
        {comment.id: comment.status for comment in read(file).comments}
        for file in (path, tmp_path / "out.xml")
    )
    assert said.endswith(f"; {len(changes)} given another status\n")
    assert [change["id"] for change in changes] == [key for key in once if once[key] != twice[key]]
    for change in changes:
        old = change["old"].encode()
        assert before[change["place"] :].startswith(old)
        assert (change["old_status"], change["new_status"]) == (once[change["id"]], "spam")
        assert 0 < change["probability"] <= 1
        assert change["model"] == storage.digest(str(strict))
    assert changes


@pytest.mark.parametrize("way", ["gzip", "stdin", "stdin-gzip", "bom", "gzip-out"])
def test_it_does_not_matter_how_the_file_comes(model, tmp_path, way):
    path = EXPORTS / "wordpress.xml"
    data = path.read_bytes()
    if way == "bom":
        data = b"\xef\xbb\xbf" + data
    target, log = tmp_path / "out.xml", tmp_path / "changes.jsonl"
    if way == "gzip-out":
        target = tmp_path / "out.xml.gz"
    packed = gzip.compress(data) if "gzip" in way and way != "gzip-out" else data
    source = tmp_path / "in"
    source.write_bytes(packed)
    if way.startswith("stdin"):
        result = run("label", "-", "-m", model, "-o", target, "--log", log, stdin=packed)
        assert result.code == 0, result
    else:
        labelled(model, source, target, "--log", log)
    written = target.read_bytes()
    assert masked(gzip.decompress(written) if way == "gzip-out" else written) == masked(data)
    assert invoke("undo", log, target, "-o", tmp_path / "restored.xml").code == 0
    assert (tmp_path / "restored.xml").read_bytes() == data


def test_nothing_is_left_in_the_folder_of_temporary_files(model, tmp_path):
    spool = tmp_path / "spool"
    spool.mkdir()
    data = gzip.compress((EXPORTS / "wordpress.xml").read_bytes())
    target = tmp_path / "out.xml"
    done = run("label", "-", "-m", model, "-o", target, stdin=data, env={"TMPDIR": str(spool)})
    assert done.code == 0, done
    assert list(spool.iterdir()) == []


WXR = """<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><item><wp:post_id>1</wp:post_id>
{}</item></channel></rss>"""
SPAM_TEXT = "buy cheap viagra casino pills http://pills.example/ http://casino.example/ cheap cheap"


def wxr(*statuses):
    """An export of the same spam again and again, with other markup around each status."""
    return WXR.format(
        "\n".join(
            f"<wp:comment><wp:comment_id>{number}</wp:comment_id>"
            f"<wp:comment_content><![CDATA[{SPAM_TEXT}]]></wp:comment_content>{status}</wp:comment>"
            for number, status in enumerate(statuses, 1)
        )
    ).encode()


def test_statuses_are_found_however_they_are_written(strict, tmp_path):
    spelled = [
        "<wp:comment_approved>1</wp:comment_approved>",
        "<wp:comment_approved><![CDATA[1]]></wp:comment_approved>",
        "<wp:comment_approved >\n 0 </wp:comment_approved>",
        "<x:comment_approved a='>'>trash</x:comment_approved>",
        "<wp:comment_approved></wp:comment_approved>",
        "<wp:comment_approved>spam</wp:comment_approved>",
    ]
    source, target = tmp_path / "in.xml", tmp_path / "out.xml"
    source.write_bytes(wxr(*spelled))
    labelled(strict, source, target)
    expected = [
        spelled[0].replace(">1<", ">spam<"),
        spelled[1].replace("[1]", "[spam]"),
        spelled[2].replace("0", "spam"),
        spelled[3].replace("trash", "spam"),
        spelled[4].replace("><", ">spam<"),
        spelled[5],
    ]
    assert target.read_bytes() == wxr(*expected)


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_what_the_owner_knows_counts_before_the_model(strict, tmp_path, way):
    """A comment that is allowed keeps its status, also where the file is read twice."""
    approved = "<wp:comment_approved>1</wp:comment_approved>"
    author = "<wp:comment_author>{}</wp:comment_author>"
    data = wxr(*(author.format(name) + approved for name in ("Ada", "Bo", "Bo", "Cy")))
    source, target, allow = (tmp_path / name for name in ("in.xml", "out.xml", "allow.txt"))
    source.write_bytes(data)
    allow.write_text("author: Ada\n")
    options = ("-m", strict, "-o", target, "--allow", allow, "--trust-approved", 2)
    if way == "file":
        result = invoke("label", source, *options)
    else:
        result = run("label", "-", *options, stdin=data)
    assert result.code == 0, result
    assert written_statuses(target.read_bytes()) == [b"1", b"1", b"1", b"spam"]
    assert result.err.endswith("; 1 allowed, 2 trusted, 1 given another status\n")


def test_spam_whose_status_cannot_be_changed_is_told(strict, tmp_path):
    source, target = tmp_path / "in.xml", tmp_path / "out.xml"
    odd = "<wp:comment_approved>a b</wp:comment_approved>"
    source.write_bytes(wxr("", "<wp:comment_approved/>", odd))
    result = labelled(strict, source, target, "-q")
    assert result.err.count("has no status that can be changed") == 3
    assert target.read_bytes() == source.read_bytes()


def test_a_file_in_another_encoding_of_one_byte_a_character_keeps_it(strict, tmp_path):
    source, target = tmp_path / "in.xml", tmp_path / "out.xml"
    head = '<?xml version="1.0" encoding="ISO-8859-1"?><!-- naïve -->'.encode("latin-1")
    source.write_bytes(head + wxr("<wp:comment_approved>1</wp:comment_approved>"))
    labelled(strict, source, target)
    assert target.read_bytes() == head + wxr("<wp:comment_approved>spam</wp:comment_approved>")


# --- the database of Isso -------------------------------------------------------------------------


def dump(path):
    with sqlite3.connect(path) as database:
        lines = list(database.iterdump())
    database.close()
    return lines


def modes(path):
    with sqlite3.connect(path) as database:
        found = database.execute("SELECT id, mode, text FROM comments ORDER BY id").fetchall()
    database.close()
    return found


@pytest.mark.parametrize("unsure", ["keep", "hold"])
def test_a_copy_of_the_isso_database_has_its_spam_held(model, tmp_path, unsure):
    source = isso_database(
        tmp_path / "comments.db",
        "INSERT INTO comments (tid, id, created, mode, text, voters) "
        f"VALUES (1, 90, 1.5, 1, '{SPAM_TEXT}', x''), (1, 91, 1.5, 4, '{SPAM_TEXT}', x'')",
    )
    before = source.read_bytes()
    target, log = tmp_path / "out.db", tmp_path / "changes.jsonl"
    keys = [key for key, _, _ in modes(source)]
    verdicts = dict(zip(keys, verdicts_of(model, source, tmp_path), strict=True))
    labelled(model, source, target, "--log", log, "--unsure", unsure)
    assert source.read_bytes() == before
    wanted = {"spam"} | ({"unsure"} if unsure == "hold" else set())
    assert modes(target) == [
        (key, 2 if mode == 1 and verdicts[key][1] in wanted else mode, text)
        for key, mode, text in modes(source)
    ]
    assert modes(target) != modes(source)
    assert (91, 4, SPAM_TEXT) in modes(target)
    result = invoke("undo", log, target, "-o", tmp_path / "restored.db")
    assert result.code == 0, result
    assert dump(tmp_path / "restored.db") == dump(source)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"comments.db", "out.db", "restored.db", "changes.jsonl", "rows.csv"}


def test_undo_of_a_database_that_went_on_is_refused(strict, tmp_path):
    source = isso_database(tmp_path / "comments.db")
    with sqlite3.connect(source) as database:
        database.execute("UPDATE comments SET mode = 1, text = ?", (SPAM_TEXT,))
    database.close()
    target, log = tmp_path / "out.db", tmp_path / "changes.jsonl"
    labelled(strict, source, target, "--log", log)
    with sqlite3.connect(target) as database:
        database.execute("UPDATE comments SET mode = 4")
    database.close()
    check_refused(invoke("undo", log, target, "-o", tmp_path / "no.db"), str(target), "in mode 2")
    assert not (tmp_path / "no.db").exists()


# --- what cannot be -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "output", "parts"),
    [
        ("blogger-classic.xml", "out.xml", ["blogger", ".csv"]),
        ("wp-cli.csv", "out.xml", ["csv", ".xml"]),
        ("wordpress.xml", "out.db", ["wxr", ".db"]),
        ("disqus.xml", "out.html", [".csv"]),
        ("wordpress.xml", "out.parquet.gz", [".gz"]),
        ("archive.zip", "out.xml", ["zip"]),
    ],
)
def test_a_form_that_cannot_be_written_is_one_line(model, tmp_path, name, output, parts):
    source = EXPORTS / name
    if name == "archive.zip":
        source = zipped(tmp_path, a__xml=(EXPORTS / "wordpress.xml").read_bytes())
    result = invoke("label", source, "-m", model, "-o", tmp_path / output)
    check_refused(result, output, *parts)
    assert not (tmp_path / output).exists()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("wordpress.xml", ["-o", "out.xml", "--only", "spam"]),
        ("wordpress.xml", ["-o", "out.xml", "--explain"]),
        ("wordpress.xml", ["-o", "out.csv", "--log", "changes.jsonl"]),
        ("wordpress.xml", ["-o", "out.csv", "--unsure", "hold"]),
        ("wordpress.xml", ["-o", "out.jsonl", "--excel-safe"]),
        ("wordpress.xml", ["--ids", "spam", "--explain"]),
        ("disqus.xml", ["-o", "out.xml", "--unsure", "hold"]),
        ("disqus.xml", ["--wp-cli", "out.sh"]),
        ("wordpress.xml", ["--wp-cli", "out.sh", "--dry-run"]),
    ],
)
def test_wishes_that_do_not_go_together_end_with_2(model, tmp_path, monkeypatch, name, options):
    monkeypatch.chdir(tmp_path)
    result = invoke("label", EXPORTS / name, "-m", model, *options)
    assert (result.code, result.out) == (2, b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["label", "in.xml", "-o", "out.xml", "--log", "-"],
        ["label", "in.xml", "--wp-cli", "-"],
        ["undo", "changes.jsonl", "in.xml", "-o", "-"],
        ["train", "in.csv", "-o", "-"],
        ["evaluate", "in.csv", "--report", "-"],
    ],
)
def test_what_is_no_table_is_not_written_to_stdout(tmp_path, monkeypatch, words):
    """Or else a file of that name would be written."""
    monkeypatch.chdir(tmp_path)
    result = invoke(*words)
    assert (result.code, result.out) == (2, b"")
    assert "name a file" in result.err
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def done(strict, tmp_path):
    """An export, written back with its log."""
    target, log = tmp_path / "out.xml", tmp_path / "changes.jsonl"
    labelled(strict, EXPORTS / "wordpress.xml", target, "--log", log)
    return target, log


def test_undo_of_what_is_another_file_is_one_line(done, tmp_path):
    target, log = done
    data = target.read_bytes()
    restored = tmp_path / "restored.xml"
    last = max(json.loads(line)["place"] for line in log.read_text().splitlines())
    for other in (data.replace(b"spam<", b"ham<"), data[:last], b"\n" + data, b"<rss/>"):
        target.write_bytes(other)
        check_refused(invoke("undo", log, target, "-o", restored), str(target), "at byte")
        assert not restored.exists()


LINE = (
    '{"id": "1", "old_status": "1", "new_status": "spam", "probability": 1, "model": "",'
    ' "place": %s, "old": "%s", "new": "spam"}'
)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no",
        "[]",
        "{}",
        '{"id": 1}',
        LINE % ("-1", "1"),
        LINE % ("1", "<x>"),
        "[" * 100_000,
    ],
)
def test_a_log_that_is_none_is_one_line(done, tmp_path, line):
    target, log = done
    log.write_text(log.read_text() + line + "\n")
    result = invoke("undo", log, target, "-o", tmp_path / "restored.xml")
    check_refused(result, str(log), "line ", "no change")
    assert not (tmp_path / "restored.xml").exists()


def test_the_changes_of_a_database_are_not_taken_back_in_a_text(done, tmp_path):
    target, log = done
    change = json.loads(log.read_text().splitlines()[0]) | {"id": 1, "place": None}
    log.write_text(json.dumps(change) + "\n")
    check_refused(invoke("undo", log, target, "-o", tmp_path / "x.xml"), "no database")


def test_undo_never_writes_over_what_it_reads(done):
    for path in done:
        data = path.read_bytes()
        check_refused(invoke("undo", *done[::-1], "-o", path), "is the input")
        assert path.read_bytes() == data


def test_a_log_over_the_input_is_refused(model, tmp_path):
    source = tmp_path / "in.xml"
    source.write_bytes((EXPORTS / "wordpress.xml").read_bytes())
    options = ("-m", model, "-o", tmp_path / "out.xml")
    check_refused(invoke("label", source, *options, "--log", source), "is the input")
    assert not (tmp_path / "out.xml").exists()


# --- bytes ----------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.binary(max_size=9), st.binary(max_size=3), st.binary(max_size=3))))
def test_patches_that_are_undone_give_the_same_bytes(parts):
    before, after, changes = b"", b"", []
    for between, old, new in parts:
        place = len(before) + len(between)
        texts = (old.decode("latin-1"), new.decode("latin-1"))
        changes.append(Change(1, "", "", 0.5, "", place, *texts))
        before += between + old
        after += between + new
    assert patched(before, changes) == after
    assert patched(after, undone(changes)) == before


def patched(data, changes):
    out = io.BytesIO()
    steps = ((c.place, c.old.encode("latin-1"), c.new.encode("latin-1")) for c in changes)
    patch(io.BytesIO(data), steps, out.write, "x")
    return out.getvalue()


# --- damaged files --------------------------------------------------------------------------------


def records_of(path, name):
    with Source(str(path)) as source:
        reader = formats.open_reader(source, name, {})
        return [record for batch in reader.batches() for record in batch]


@pytest.mark.parametrize("name", ["wordpress.xml", "disqus.xml"])
def test_damaged_files_are_changed_in_nothing_but_statuses(tmp_path, project, name):
    spec = importlib.util.spec_from_file_location(
        "fuzz_readers", project / "benchmarks" / "fuzz_readers.py"
    )
    fuzz = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fuzz)
    draw = random.Random(0)
    whole = [path.read_bytes() for path in OWN]
    kind = "disqus" if name == "disqus.xml" else "wxr"
    source, target, log = (tmp_path / part for part in ("in.xml", "out.xml", "changes.jsonl"))
    placed = 0
    for _ in range(150):
        source.write_bytes(fuzz.damaged((EXPORTS / name).read_bytes(), whole, draw))
        try:
            records = records_of(source, kind)
        except InputError:
            continue
        changes = Changes(STATUSES[kind], "", hold=False)
        spam = [(record, record.comment and Verdict("spam", 0.9)) for record in records]
        with (
            Source(str(source)) as opened,
            labelled_copy(opened, str(target), str(log), changes, lambda *_: None) as take,
        ):
            take(spam)
        again = records_of(target, kind)
        assert len(again) == len(records)
        for before, after in zip(records, again, strict=True):
            if before.comment is None:
                assert after.comment is None
                continue
            assert after.comment._replace(status=None) == before.comment._replace(status=None)
            placed += before.place is not None
            expected = before.comment.status if before.place is None else "spam"
            assert after.comment.status == expected
        assert invoke("undo", log, target, "-o", tmp_path / "back.xml").code == 0
        assert (tmp_path / "back.xml").read_bytes() == source.read_bytes()
    assert placed > 200


# --- the output is whole or not there -------------------------------------------------------------


@pytest.mark.parametrize("which", ["output", "log"])
def test_a_full_disk_leaves_the_old_files(model_file, tmp_path_factory, tmp_path, which):
    folder = tmp_path_factory.mktemp("strict")
    strict = cut_model(model_file, folder / "model.joblib", ham=0.0, spam=0.0)
    target, log = tmp_path / "out.xml", tmp_path / "changes.jsonl"
    target.write_bytes(b"old")
    log.write_bytes(b"old log")
    options = {"output": ("-o", target, "--log", log), "log": ("-o", target, "--log", "/dev/full")}
    limit = "ulimit -f 1; " if which == "output" else ""
    source = EXPORTS / "wordpress.xml"
    result = shell(limit + 'exec "$@"', "label", source, "-m", strict, *options[which])
    check_refused(result, "cannot be written")
    assert (target.read_bytes(), log.read_bytes()) == (b"old", b"old log")
    assert sorted(tmp_path.iterdir()) == sorted([target, log])


@pytest.mark.parametrize("options", [("-o", "out.xml"), ("--dry-run", "--trust-approved", "1")])
def test_no_room_for_a_temporary_file_is_one_line(model, tmp_path, options):
    spool = tmp_path / "spool"
    spool.mkdir()
    line = 'ulimit -f 1; exec "$@"'
    data = (EXPORTS / "wordpress.xml").read_bytes()
    env = {"TMPDIR": str(spool)}
    result = shell(line, "label", "-", "-m", model, *options, stdin=data, cwd=tmp_path, env=env)
    check_refused(result, str(spool), "a temporary file cannot be written", "TMPDIR")
    assert list(tmp_path.rglob("*")) == [spool]


def test_a_folder_that_may_not_be_written_is_one_line(model, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o500)
    if os.access(locked, os.W_OK):
        pytest.skip("root writes everywhere")
    result = run("label", EXPORTS / "wordpress.xml", "-m", model, "-o", locked / "out.xml")
    check_refused(result, "Permission denied")


def test_a_folder_that_is_not_there_is_one_line(model, tmp_path):
    options = ("-m", model, "-o", tmp_path / "out.xml", "--log", tmp_path / "no" / "log.jsonl")
    check_refused(invoke("label", EXPORTS / "wordpress.xml", *options), "no/log.jsonl")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_ended_leaves_the_old_output(model, tmp_path, number):
    target = tmp_path / "out.xml"
    target.write_bytes(b"old")
    comments = wxr(*["<wp:comment_approved>1</wp:comment_approved>"] * 3000)
    source = tmp_path / "in.xml"
    source.write_bytes(comments)
    with started("label", source, "-m", model, "-o", target) as process:
        while not any(path.suffix == ".part" for path in tmp_path.iterdir()):
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(number)
        process.wait()
    assert target.read_bytes() == b"old"


def test_quiet_says_nothing(strict, tmp_path):
    source = tmp_path / "in.xml"
    source.write_bytes(wxr("<wp:comment_approved>1</wp:comment_approved>"))
    target, log = tmp_path / "out.xml", tmp_path / "changes.jsonl"
    assert labelled(strict, source, target, "--log", log, "-q").err == ""
    result = invoke("undo", log, target, "-o", tmp_path / "back.xml", "-q")
    assert (result.code, result.err) == (0, "")


def test_a_missing_log_is_one_line(tmp_path):
    result = invoke("undo", tmp_path / "no", EXPORTS / "wordpress.xml", "-o", tmp_path / "x")
    assert result.code == 3
    check_one_line(result.err, "cannot be read")
