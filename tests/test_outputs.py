"""The forms of the output: rows of CSV, JSON lines and Parquet, with reasons, safe to open."""

import csv
import gzip
import io
import json
import re

import pytest

from cli_support import LABELS, check_refused, even_model, examples, invoke, shell, strict_json
from readers_support import EXPORTS, zipped

ADDED = ["spamguard_label", "spamguard_probability"]
REASON = re.compile(r"[+-]\d+\.\d\d \S.*")


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    return even_model(model_file, tmp_path_factory.mktemp("even") / "model.joblib")


def labelled(model, source, target, *options):
    result = invoke("label", source, "-m", model, "-o", target, "-q", *options)
    assert result.code == 0, result
    return target


def csv_rows(path, delimiter=","):
    text = path.read_bytes().decode()
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


def parquet_rows(path):
    parquet = pytest.importorskip("pyarrow.parquet")
    return parquet.read_table(path).to_pylist()


EXPORT = EXPORTS / "wordpress.xml"


@pytest.mark.parametrize("options", [(), ("--explain",), ("--only", "ham")])
@pytest.mark.parametrize("source", [EXPORT, EXPORTS / "wp-cli.csv", EXPORTS / "wp-cli.json"])
def test_all_forms_hold_the_same(model, tmp_path, source, options):
    items = [
        strict_json(line)
        for line in labelled(model, source, tmp_path / "out.jsonl", *options)
        .read_text(encoding="utf-8")
        .split("\n")[:-1]
    ]
    rows = csv_rows(labelled(model, source, tmp_path / "out.csv", *options))
    packed = parquet_rows(labelled(model, source, tmp_path / "out.parquet", *options))
    assert items
    names = list(items[0])
    assert list(rows[0]) == list(packed[0]) == names
    assert [name for name in names if name in ADDED] == ADDED
    texts = [{key: "" if item[key] is None else str(item[key]) for key in names} for item in items]
    for text, row, pack, item in zip(texts, rows, packed, items, strict=True):
        probability = item[ADDED[1]]
        shown = "" if probability is None else f"{probability:.6f}"
        assert row == text | {ADDED[1]: shown}
        assert pack == {key: item[key] and str(item[key]) for key in names} | {
            ADDED[1]: item[ADDED[1]]
        }


def test_values_that_are_no_text_stand_in_the_cells_as_json_has_them(model, tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    table = {
        "text": ["hello"],
        "pinned": [True],
        "tags": [["a", "ä"]],
        "likes": [2.5],
        "no": [None],
    }
    parquet.write_table(arrow.table(table), tmp_path / "in.parquet")
    expected = {"text": "hello", "pinned": "true", "tags": '["a", "ä"]', "likes": "2.5"}
    (row,) = csv_rows(labelled(model, tmp_path / "in.parquet", tmp_path / "out.csv"))
    (pack,) = parquet_rows(labelled(model, tmp_path / "in.parquet", tmp_path / "out.parquet"))
    for found in (row, pack):
        assert {name: found[name] for name in expected} == expected
    assert (row["no"], pack["no"]) == ("", None)


def test_a_status_that_is_a_truth_value_is_written_as_json_writes_it(model, tmp_path):
    rows = csv_rows(labelled(model, EXPORTS / "cusdis.json", tmp_path / "out.csv"))
    assert {row["status"] for row in rows} <= {"true", "false"}


def test_a_table_keeps_its_columns_in_another_form(model, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("id;text;mine;spamguard_label\n1;hello;x;old\n2;you;y;old\n", "utf-8")
    target = labelled(model, source, tmp_path / "out.jsonl")
    items = [strict_json(line) for line in target.read_text().splitlines()]
    assert [list(item) for item in items] == [["id", "text", "mine", *ADDED]] * 2
    assert [item["mine"] for item in items] == ["x", "y"]
    assert {item[ADDED[0]] for item in items} <= set(LABELS)


def test_parquet_of_parquet_keeps_its_columns(model, tmp_path):
    pytest.importorskip("pyarrow")
    source = tmp_path / "in.csv"
    source.write_text("id,text,mine\n1,hello,x\n", "utf-8")
    once = labelled(model, source, tmp_path / "once.parquet")
    twice = labelled(model, once, tmp_path / "twice.parquet")
    assert parquet_rows(twice) == parquet_rows(once)
    (row,) = csv_rows(labelled(model, once, tmp_path / "out.csv"))
    assert row["mine"] == "x"


def test_parquet_is_written_in_groups(model, tmp_path, monkeypatch):
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("spamguard.formats.parquet.GROUP", 20_000)
    source = tmp_path / "in.csv"
    rows = [f"{number},hello {number}" for number in range(30_000)]
    source.write_text("id,text\n" + "\n".join(rows) + "\n")
    target = labelled(model, source, tmp_path / "out.parquet")
    file = parquet.ParquetFile(target)
    assert file.metadata.num_row_groups >= 2
    assert file.read().column("id").to_pylist() == [str(number) for number in range(30_000)]


def test_odd_text_comes_through_parquet(model, tmp_path):
    odd = "a\u2028b\0c\ud800 \U0001f600\r\n\x85"
    source = tmp_path / "in.jsonl"
    source.write_text(json.dumps({"text": odd}) + "\n")
    (row,) = parquet_rows(labelled(model, source, tmp_path / "out.parquet"))
    assert row["text"] == odd.replace("\ud800", "\ufffd")


def test_bad_records_are_rows_without_a_verdict_and_what_was_left_out_is_no_row(model, tmp_path):
    source = tmp_path / "in.json"
    items = [
        {"id": 1, "text": "hello", "type": "comment"},
        {"id": 2, "text": "x", "type": "pingback"},
        {"id": 3, "text": None},
    ]
    source.write_text(json.dumps(items))
    rows = csv_rows(labelled(model, source, tmp_path / "out.csv"))
    assert [(row["text"], bool(row[ADDED[0]])) for row in rows] == [("hello", True), ("", False)]


@pytest.mark.parametrize("name", ["out.xlsx", "out.XLS", "out.ods", "out.xlsx.gz"])
@pytest.mark.parametrize("source", [EXPORT, EXPORTS / "wp-cli.csv", EXPORTS / "comments.jsonl"])
def test_a_spreadsheet_is_not_written(model, tmp_path, source, name):
    result = invoke("label", source, "-m", model, "-o", tmp_path / name)
    check_refused(result, name, "choose .csv")
    check_refused(invoke("convert", source, "-o", tmp_path / name), name, "choose .csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_folder_that_is_missing_is_said_to_be(model, tmp_path, name):
    folder = tmp_path / "missing"
    result = invoke("label", EXPORT, "-m", model, "-o", folder / name)
    check_refused(result, f"{folder / name}: cannot be written: there is no folder {folder}\n")


@pytest.mark.parametrize("name", ["out.parquet", "out.csv"])
def test_a_full_disk_is_one_line(model, tmp_path, name):
    pytest.importorskip("pyarrow")
    source = tmp_path / "in.jsonl"
    source.write_text("".join(json.dumps({"text": f"hello {n}"}) + "\n" for n in range(2000)))
    options = ("label", source, "-m", model, "-o", tmp_path / name, "-q")
    check_refused(shell('ulimit -f 1; exec "$@"', *options), name, "cannot be written")
    assert list(tmp_path.iterdir()) == [source]


def test_cells_of_several_lines_stay_one_cell_when_a_row_is_written_anew(model, tmp_path):
    source = tmp_path / "in.csv"
    cells = ["a\nb", "c\rd", "e\r\nf", 'g"h', "i,j"]
    with source.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("id", "spamguard_label", "text"), *((cell, "", cell) for cell in cells)]
        )
    rows = csv_rows(labelled(model, source, tmp_path / "out.csv"))
    assert [(row["id"], row["text"]) for row in rows] == [(cell, cell) for cell in cells]


# --- reasons --------------------------------------------------------------------------------------


def strongest(model, text):
    """The three strongest shares, as ``explain --json`` tells them."""
    line = json.dumps({"text": text}) + "\n"
    result = invoke("explain", "-m", model, "--format", "jsonl", "--json", stdin=line.encode())
    shares = [reason["share"] for reason in json.loads(result.out)["reasons"]]
    return [f"{share:+.2f}" for share in sorted(shares, key=abs, reverse=True)[:3]]


@pytest.mark.parametrize("name", ["in.csv", "in.tsv", "in.jsonl"])
def test_reasons_stand_in_a_column_of_their_own(model, tmp_path, name):
    texts = [examples(model)[label][0] for label in LABELS]
    delimiter = "\t" if name == "in.tsv" else ","
    source, target = tmp_path / name, tmp_path / f"out{name[2:]}"
    if name == "in.jsonl":
        source.write_text("".join(json.dumps({"id": 1, "text": text}) + "\n" for text in texts))
    else:
        with source.open("w", newline="") as file:
            csv.writer(file, delimiter=delimiter).writerows(
                [("id", "text"), *((1, text) for text in texts)]
            )
    labelled(model, source, target, "--explain")
    if name == "in.jsonl":
        rows = [strict_json(line) for line in target.read_text().splitlines()]
    else:
        rows = csv_rows(target, delimiter)
    assert [list(row) for row in rows] == [["id", "text", *ADDED, "spamguard_reasons"]] * 3
    assert [row["text"] for row in rows] == texts
    for row in rows:
        reasons = row["spamguard_reasons"].split("; ")
        assert all(REASON.fullmatch(reason) for reason in reasons)
        assert [reason.split()[0] for reason in reasons] == strongest(model, row["text"])
    # An earlier column of reasons is replaced, or taken away.
    again = labelled(model, target, tmp_path / f"again{name[2:]}", "--explain")
    assert again.read_bytes() == target.read_bytes()
    plain = labelled(model, target, tmp_path / f"plain{name[2:]}")
    assert b"spamguard_reasons" not in plain.read_bytes()


def test_odd_tables_keep_their_cells_when_reasons_are_added(model, tmp_path):
    source = tmp_path / "in.csv"
    source.write_bytes(
        b'\xef\xbb\xbf\r\n"id";text;x\r\n1;"two\r\nlines ""q""; b";y\r\n\r\n2\r\n3;caf\xe9;z'
    )
    data = labelled(model, source, tmp_path / "out.csv", "--explain").read_bytes()
    assert data.startswith(b'\xef\xbb\xbf\r\n"id";text;x;spamguard_label')
    assert data.count(b"\r\n\r\n") == 1
    assert not data.endswith(b"\n")
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=";") if row]
    assert {len(row) for row in rows} == {6}
    assert [row[:3] for row in rows[1:]] == [
        ["1", 'two\r\nlines "q"; b', "y"],
        ["2", "", ""],
        ["3", "caf\udce9", "z"],
    ]
    assert rows[2][3:] == ["", "", ""]


# --- cells that a spreadsheet would run -----------------------------------------------------------

RISKY = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1", "\uff20x"]


@pytest.mark.parametrize("name", ["in.csv", "in.xml", "in.json"])
def test_no_cell_begins_with_what_a_spreadsheet_would_run(model, tmp_path, name):
    source = tmp_path / name
    if name == "in.csv":
        with source.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(
                [("id", "=text", "text"), *((text, text, text) for text in RISKY)]
            )
    elif name == "in.json":
        source.write_text(
            json.dumps([{"id": text, "author": text, "text": text} for text in RISKY])
        )
    else:
        source.write_bytes(EXPORT.read_bytes().replace(b"In the queue", b"=HYPERLINK(1)"))
    rows = labelled(model, source, tmp_path / "out.csv", "--excel-safe", "--explain").read_bytes()
    found = list(csv.reader(io.StringIO(rows.decode(), newline="")))
    assert len(found) > len(RISKY) / 2
    for row in found:
        for cell in row:
            assert not cell.startswith(tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")), row
    if name == "in.csv":
        assert found[0][1] == "'=text"
    cells = {cell for row in found for cell in row}
    wanted = ["=HYPERLINK(1)"] if name == "in.xml" else RISKY
    assert {"'" + text for text in wanted} <= cells


def test_safe_cells_stay_as_they_are(model, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("id,text\n1,a = b - c\n2,hello\n")
    plain = labelled(model, source, tmp_path / "plain.csv").read_bytes()
    assert labelled(model, source, tmp_path / "out.csv", "--excel-safe").read_bytes() == plain


# --- what would change ----------------------------------------------------------------------------


def test_dry_run_shows_what_would_change_the_dangerous_first(model, tmp_path):
    known = examples(model)
    rows = [
        *((key, "0", known["spam"][0]) for key in range(5)),
        (10, "1", known["spam"][0]),
        (11, "1", known["spam"][1]),
        (12, "1", known["ham"][0]),
        (13, "spam", known["unsure"][0]),
    ]
    source = tmp_path / "in.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([("id", "comment_approved", "text"), *rows])
    result = invoke("label", source, "-m", model, "--dry-run")
    lines = result.lines
    assert lines[0].split() == ["status", *LABELS]
    assert [line.split() for line in lines[1:4]] == [
        ["1", "(approved)", "2", "0", "1"],
        ["0", "(held)", "5", "0", "0"],
        ["spam", "0", "1", "0"],
    ]
    assert lines[4].startswith("approved, and called spam: 2")
    probabilities = [float(line.split("\t")[0]) for line in lines[5:7]]
    assert probabilities == sorted(probabilities)
    assert [line.split("\t")[1] for line in lines[5:7]] in (
        ["line 7", "line 8"],
        ["line 8", "line 7"],
    )
    assert lines[7] == "the most certain spam"


def test_a_table_without_statuses_has_none_to_show(model, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("id,text\n1,hello\n")
    assert invoke("label", source, "-m", model, "--dry-run").lines[0] == "the most certain spam"


def test_statuses_without_end_are_summed(model, tmp_path):
    source = tmp_path / "in.csv"
    rows = [f"{number},\x1b[{number}m,hello" for number in range(500)]
    source.write_text("id,status,text\n" + "\n".join(rows))
    lines = invoke("label", source, "-m", model, "--dry-run").lines
    assert lines[13].startswith("488 others")
    assert "\x1b" not in "".join(lines)


# --- pingbacks ------------------------------------------------------------------------------------


def test_pingbacks_are_labelled_when_they_are_asked_for(model, tmp_path):
    without = csv_rows(labelled(model, EXPORT, tmp_path / "out.csv"))
    both = csv_rows(labelled(model, EXPORT, tmp_path / "all.csv", "--include-pingbacks"))
    assert len(both) > len(without)
    zip_file = zipped(tmp_path, a__xml=EXPORT.read_bytes())
    again = labelled(model, zip_file, tmp_path / "zip.csv", "--include-pingbacks")
    assert csv_rows(again) == both
    changed = labelled(model, EXPORT, tmp_path / "out.xml", "--include-pingbacks")
    assert changed.read_bytes().count(b"spam</wp:comment_app") >= 2


def test_gzipped_rows(model, tmp_path):
    plain = labelled(model, EXPORT, tmp_path / "out.csv").read_bytes()
    packed = labelled(model, EXPORT, tmp_path / "out.csv.gz").read_bytes()
    assert gzip.decompress(packed) == plain
