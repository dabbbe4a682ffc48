"""Exports of blogs, labelled: their comments become rows of a new table."""

import csv
import io
import json
from pathlib import Path

import pytest

from cli_support import check_refused, invoke

EXPORTS = Path(__file__).parent / "exports"
FILES = ["wordpress.xml", "disqus.xml", "blogger-classic.xml", "movabletype.txt", "remark42.jsonl"]


@pytest.mark.parametrize("name", FILES)
def test_an_export_becomes_rows_with_the_verdicts_that_score_gives(model_file, tmp_path, name):
    target = tmp_path / "out.csv"
    result = invoke("label", EXPORTS / name, "-m", model_file, "-o", target)
    assert result.code == 0, result.err
    rows = list(csv.DictReader(io.StringIO(target.read_text(encoding="utf-8"), newline="")))
    assert rows
    lines = [
        json.dumps({"text": row["text"], "author": row["author"], "author_url": row["author_url"]})
        for row in rows
        if row["author"] and row["author_url"]
    ]
    scored = invoke("score", "-m", model_file, "--format", "jsonl", stdin="\n".join(lines).encode())
    labelled = [
        (row["spamguard_label"], row["spamguard_probability"])
        for row in rows
        if row["author"] and row["author_url"]
    ]
    assert [tuple(line.split("\t")[:2]) for line in scored.lines] == labelled


def test_json_lines_hold_the_same_as_csv(model_file, tmp_path):
    for name in ("out.csv", "out.jsonl"):
        source = EXPORTS / "wordpress.xml"
        assert invoke("label", source, "-m", model_file, "-o", tmp_path / name).code == 0
    text = (tmp_path / "out.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    items = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [row["text"] for row in rows] == [item["text"] for item in items]
    assert [row["spamguard_label"] for row in rows] == [item["spamguard_label"] for item in items]


def test_what_is_left_out_is_counted(model_file):
    result = invoke("label", EXPORTS / "wordpress.xml", "-m", model_file, "--dry-run")
    assert "left out: pingback" in result.err


def test_an_export_with_ham_alone_cannot_be_trained_on(tmp_path):
    result = invoke("train", EXPORTS / "wordpress.xml", "-o", tmp_path / "m.joblib")
    assert result.code == 3
    assert "at least 20 of each class" in result.err


@pytest.mark.parametrize(
    "words",
    [
        ("label", "--dry-run"),
        ("score",),
        ("explain",),
        ("convert", "-o", "-"),
        ("train", "-q", "-o", "blog.joblib"),
        ("evaluate", "-q"),
    ],
)
def test_a_column_that_is_named_for_an_export_is_refused(model_file, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command, *options = words
    if command in ("label", "score", "explain"):
        options += ["-m", model_file]
    result = invoke(command, EXPORTS / "disqus.xml", "--text-column", "message", *options)
    check_refused(result, "disqus.xml: an export", "leave --text-column out")
    assert list(tmp_path.iterdir()) == []


def test_a_column_that_is_named_for_another_file_is_no_matter_to_an_export(tmp_path):
    table = tmp_path / "spam.csv"
    table.write_text("mine,kind\nbuy,bad\n")
    columns = ("--text-column", "mine", "--label-column", "kind", "--spam-value", "bad")
    result = invoke("train", EXPORTS / "disqus.xml", table, *columns, "-o", tmp_path / "m")
    assert "usable rows" in result.err.splitlines()[-1]  # too few, but all were read
