"""Runs that were stopped, and go on."""

import json
import signal
import time

import pytest

from cli_support import (
    HANGS,
    check_one_line,
    check_refused,
    even_model,
    invoke,
    run,
    shell,
    started,
)
from readers_support import EXPORTS

#: Rows for some checkpoints, since most of a row is no text to judge.
ROWS = 20_000
FILLER = "filler " * 450


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    return even_model(model_file, tmp_path_factory.mktemp("even") / "model.joblib")


@pytest.fixture(scope="session")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("large") / "in.csv"
    rows = (f"{number},the comment {number},{FILLER}\n" for number in range(ROWS))
    path.write_text("id,text,more\n" + "a,bad,row,here\n" + "".join(rows))
    return path


@pytest.fixture(scope="session")
def whole(model, source, tmp_path_factory):
    """What a run that nobody stops writes and says."""
    target = tmp_path_factory.mktemp("whole") / "out.csv"
    result = run("label", source, "-m", model, "-o", target)
    assert result.code == 0, result
    assert [path.name for path in target.parent.iterdir()] == ["out.csv"]
    plain = run("label", source, "-m", model, "-o", "-", "-q")  # keeps no checkpoints
    assert plain.out == target.read_bytes()
    assert plain.out.count(b"\n") == ROWS + 2
    return plain.out, result.err


def stop(model, source, target, *options, number=signal.SIGKILL):
    """Start a run and end it after its first checkpoint."""
    mark = target.with_name(target.name + ".part.json")
    with started("label", source, "-m", model, "-o", target, *options) as process:
        begun = time.monotonic()
        while not mark.exists():
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() - begun < HANGS
            time.sleep(0.01)
        process.send_signal(number)
        process.wait()
        return process.stderr.read().decode()


def resume(model, source, target, *options):
    return run("label", source, "-m", model, "-o", target, "--resume", *options)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_stopped_run_goes_on_and_gives_the_same(model, source, whole, tmp_path, number):
    target = tmp_path / "out.csv"
    target.write_bytes(b"old")
    said = stop(model, source, target, number=number)
    assert ("--resume" in said) == (number != signal.SIGKILL)
    assert target.read_bytes() == b"old"
    part = tmp_path / "out.csv.part"
    data = part.read_bytes()
    assert whole[0].startswith(data) or number != signal.SIGKILL
    # What was written is not written anew: a change in it shows in the end.
    part.write_bytes(data.replace(b"id,text,more,", b"ID,TEXT,MORE,", 1))
    result = resume(model, source, target)
    assert result.code == 0, result
    assert target.read_bytes() == whole[0].replace(b"id,text,more,", b"ID,TEXT,MORE,", 1)
    assert "going on after" in result.err
    assert result.err.splitlines()[-1] == whole[1].splitlines()[-1]  # counts of all records
    assert list(tmp_path.iterdir()) == [target]


def test_without_it_what_is_left_is_written_over(model, source, whole, tmp_path):
    target = tmp_path / "out.csv"
    stop(model, source, target)
    part = tmp_path / "out.csv.part"
    part.write_bytes(part.read_bytes().replace(b"id,text,more,", b"ID,TEXT,MORE,", 1))
    result = run("label", source, "-m", model, "-o", target)
    assert result.code == 0, result
    assert target.read_bytes() == whole[0]
    assert list(tmp_path.iterdir()) == [target]


def test_with_nothing_to_go_on_with_it_begins_anew(model, source, whole, tmp_path):
    result = resume(model, source, tmp_path / "out.csv")
    assert (result.code, (tmp_path / "out.csv").read_bytes()) == (0, whole[0])
    assert "no unfinished run" in result.err


@pytest.mark.parametrize("other", ["model", "input", "options", "part", "touched", "lists"])
def test_another_run_is_not_gone_on_with(model, model_file, source, tmp_path, other):
    target = tmp_path / "out.csv"
    changed = tmp_path / "in.csv"
    changed.write_bytes(source.read_bytes())
    readers = tmp_path / "readers.txt"
    readers.write_text("Anna\n")
    options = ["--allow", readers]
    stop(model, changed, target, *options)
    if other == "model":
        model = model_file
    elif other == "input":
        changed.write_bytes(source.read_bytes().replace(b"filler", b"FILLER"))
    elif other == "touched":
        time.sleep(0.01)
        changed.touch()
    elif other == "options":
        options += ["--only", "spam"]
    elif other == "lists":
        readers.write_text("Tom\n")
    else:
        part = tmp_path / "out.csv.part"
        part.write_bytes(part.read_bytes()[:1000])
    result = resume(model, changed, target, *options)
    assert result.code == 3
    assert not target.exists()
    what = {"part": "shorter", "touched": "input"}.get(other, other)
    check_one_line(result.err, what, "--resume")
    assert (tmp_path / "out.csv.part").exists()  # for who gives the right ones


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[" * 9999, b'{"about": 1, "size": 0, "state": 1}']
)
def test_a_checkpoint_that_is_none_is_no_crash(model, tmp_path, content):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("text\nhello\n")
    (tmp_path / "out.csv.part").write_bytes(b"mine")
    (tmp_path / "out.csv.part.json").write_bytes(content)
    result = invoke("label", source, "-m", model, "-o", target, "--resume")
    if result.code:
        check_refused(result)
    else:
        assert target.read_text().startswith("text,spamguard_label")
    assert (tmp_path / "out.csv.part").read_bytes() == b"mine"


def test_a_file_that_only_has_the_name_is_left_alone(model, source, whole, tmp_path):
    (tmp_path / "out.csv.part").write_bytes(b"mine")
    assert run("label", source, "-m", model, "-o", tmp_path / "out.csv").code == 0
    assert (tmp_path / "out.csv").read_bytes() == whole[0]
    assert (tmp_path / "out.csv.part").read_bytes() == b"mine"


def test_what_is_left_can_be_the_input_of_another_run(model, source, tmp_path):
    target = tmp_path / "out.csv"
    stop(model, source, target)
    part = tmp_path / "out.csv.part"
    data = part.read_bytes()
    result = run("label", part, "-m", model, "-o", target)
    assert result.code == 0, result
    assert part.read_bytes() == data


def test_a_full_disk_keeps_what_was_written(model, source, whole, tmp_path):
    target = tmp_path / "out.csv"
    full = shell('ulimit -f 32768; exec "$@"', "label", source, "-m", model, "-o", target)
    assert full.code == 3
    assert "cannot be written" in full.err.splitlines()[-1]
    assert not target.exists()
    assert resume(model, source, target).code == 0
    assert target.read_bytes() == whole[0]


@pytest.mark.parametrize(
    "options",
    [
        ("-o", "-"),
        ("-o", "out.csv.gz"),
        ("-o", "out.parquet"),
        ("-o", "out.xml"),
        ("-o", "out.csv", "--ids", "spam"),
        ("--dry-run",),
    ],
)
def test_only_rows_of_text_can_be_gone_on_with(model, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    result = invoke("label", EXPORTS / "wordpress.xml", "-m", model, "--resume", *options)
    assert (result.code, result.out) == (2, b"")
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_cannot_be_gone_on_with(model, tmp_path):
    options = ("-m", model, "-o", tmp_path / "out.csv", "--resume")
    assert run("label", "-", *options, stdin=b"text\nhello\n").code == 2


def test_an_export_goes_on_too(model, tmp_path):
    comment = (
        "<wp:comment><wp:comment_id>{0}</wp:comment_id><wp:comment_approved>1</wp:comment_approved>"
        "<wp:comment_content><![CDATA[the comment {0}]]></wp:comment_content></wp:comment>\n"
    )
    source, target = tmp_path / "in.xml", tmp_path / "out.jsonl"
    comments = "".join(comment.format(number) for number in range(ROWS))
    head = '<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel>'
    item = f"<item><title>{FILLER}</title>{comments}</item>"
    source.write_text(f"{head}{item}</channel></rss>")
    stop(model, source, target)
    assert resume(model, source, target).code == 0
    lines = target.read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [str(number) for number in range(ROWS)]
