"""``convert``, and the commands that read exports besides ``label``."""

import csv
import io

import pytest

from cli_support import check_refused, even_model, invoke, run, strict_json
from readers_support import EXPORTS, SHARED, isso_database, read, zipped

NAMES = [
    *("id", "parent", "author", "author_url", "date", "post_title", "post_link", "status"),
    *("text", "post_text", "source", "label"),
]
FILES = sorted(path for path in EXPORTS.iterdir() if path.suffix != ".sql")
REAL = sorted(path for path in SHARED.glob("*/*") if path.suffix != ".tsv")


@pytest.fixture(scope="session")
def model(model_file, tmp_path_factory):
    return even_model(model_file, tmp_path_factory.mktemp("even") / "model.joblib")


def converted(source, target, *options):
    result = invoke("convert", source, "-o", target, *options)
    assert result.code == 0, result
    return result


def objects(path):
    return [strict_json(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def verdicts(model, source, tmp_path):
    target = tmp_path / "verdicts.jsonl"
    result = invoke("label", source, "-m", model, "-o", target)
    assert result.code == 0, result
    found = objects(target)
    return [(item["spamguard_label"], item["spamguard_probability"]) for item in found]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
@pytest.mark.parametrize("source", [*FILES, *REAL], ids=lambda path: path.name)
def test_the_table_gets_the_verdicts_of_the_file(model, tmp_path, source, form):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    if source.name == "staticman":
        pytest.importorskip("yaml")
    target = tmp_path / f"table.{form}"
    result = invoke("convert", source, "-o", target)
    if result.code == 3:  # a file without comments
        assert invoke("label", source, "-m", model, "-o", tmp_path / "x.csv").code == 3
        return
    expected = [found for found in verdicts(model, source, tmp_path) if found[0] is not None]
    assert verdicts(model, target, tmp_path) == expected


@pytest.mark.parametrize("form", ["csv", "jsonl", "csv.gz"])
@pytest.mark.parametrize("source", FILES, ids=lambda path: path.name)
def test_the_table_holds_the_same_comments_and_labels(tmp_path, source, form):
    target = tmp_path / f"table.{form}"
    converted(source, target)
    before, after = read(source), read(target)
    written = [record for record in after.records if record.comment is not None]
    cells = [after.reader.cell(record, "label") or None for record in written]
    assert cells == before.labels

    def plain(comment):
        """A table knows no difference between what is empty and what is not there."""
        kept = comment._replace(author_email=None)  # which stays where it was
        values = [None if value == "" else value for value in kept]
        return [str(value) if value is not None else None for value in values]

    assert list(map(plain, after.comments)) == list(map(plain, before.comments))


def test_a_row_has_every_field(tmp_path):
    converted(EXPORTS / "wordpress.xml", tmp_path / "out.jsonl")
    items = objects(tmp_path / "out.jsonl")
    assert [list(item) for item in items] == [NAMES] * len(items)
    assert items[0]["post_text"].startswith("A starter wants")
    assert {item["label"] for item in items} == {"spam", "ham", None}


def test_what_the_label_means_can_be_said(tmp_path):
    source = tmp_path / "in.csv"
    source.write_text("text,kind,blog\na,bad,x\nb,good,y\nc,other,z\n")
    options = ("--label-column", "kind", "--spam-value", "bad", "--ham-value", "good")
    result = converted(source, tmp_path / "out.jsonl", *options)
    items = objects(tmp_path / "out.jsonl")
    found = [(item["text"], item["label"], item["source"]) for item in items]
    assert found == [("a", "spam", "x"), ("b", "ham", "y"), ("c", None, "z")]
    assert result.err == "3 comments: 1 spam, 1 ham, 1 unlabelled; 0 bad rows\n"


def test_bad_rows_are_left_out_and_told(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "a"}\nno\n{"text": "b"}\n')
    result = converted(source, tmp_path / "out.jsonl")
    assert [item["text"] for item in objects(tmp_path / "out.jsonl")] == ["a", "b"]
    assert "line 2: not JSON" in result.err
    assert result.err.endswith("; 1 bad row\n")
    strict = invoke("convert", source, "-o", tmp_path / "out.jsonl", "--strict")
    assert strict.code == 3


def test_from_stdin_to_stdout():
    data = (EXPORTS / "disqus.xml").read_bytes()
    result = run("convert", "-", "-o", "-", "-q", stdin=data)
    assert (result.code, result.err) == (0, "")
    rows = list(csv.DictReader(io.StringIO(result.out.decode(), newline="")))
    comments = read(EXPORTS / "disqus.xml").comments
    assert [row["id"] for row in rows] == [comment.id or "" for comment in comments]


@pytest.mark.parametrize("name", ["out.xml", "out.db", "out.txt", "out.parquet.gz"])
def test_only_tables_are_written(tmp_path, name):
    result = invoke("convert", EXPORTS / "disqus.xml", "-o", tmp_path / name)
    check_refused(result, name)
    assert list(tmp_path.iterdir()) == []


def test_the_input_is_never_the_output(tmp_path):
    source = tmp_path / "in.jsonl"
    source.write_text('{"text": "a"}\n')
    check_refused(invoke("convert", source, "-o", source), "is the input")
    assert source.read_text() == '{"text": "a"}\n'


# --- choices of the readers -----------------------------------------------------------------------


def test_trash_is_spam_only_for_who_says_so(tmp_path):
    for source in (EXPORTS / "wordpress.xml", EXPORTS / "wp-rest.json", EXPORTS / "disqus.xml"):
        counts = []
        for options in ((), ("--trash-is-spam",)):
            converted(source, tmp_path / "out.jsonl", *options)
            items = objects(tmp_path / "out.jsonl")
            counts.append([item["label"] for item in items].count("spam"))
            trash = [item["label"] for item in items if item["status"] in ("trash", "deleted")]
            if options:
                assert set(trash) <= {"spam"}
        assert counts[0] <= counts[1]


def test_pingbacks_are_read_by_who_asks_for_them(tmp_path):
    for source in (EXPORTS / "wordpress.xml", EXPORTS / "wp-cli.csv"):
        converted(source, tmp_path / "out.jsonl")
        few = len(objects(tmp_path / "out.jsonl"))
        converted(source, tmp_path / "out.jsonl", "--include-pingbacks")
        assert len(objects(tmp_path / "out.jsonl")) > few


def trained(tmp_path, source, *options):
    return invoke("train", source, "-o", tmp_path / "m.joblib", *options)


def wordpress(statuses):
    """An export with so many comments of each status."""
    items = "".join(
        f"<wp:comment><wp:comment_id>{number}</wp:comment_id>"
        f"<wp:comment_approved>{status}</wp:comment_approved><wp:comment_content>"
        f"{'buy pills' if status == 'trash' else 'a word on bread'} {number} {status}"
        "</wp:comment_content></wp:comment>"
        for status, count in statuses.items()
        for number in range(count)
    )
    head = '<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel><item>'
    return f"{head}{items}</item></channel></rss>".encode()


def test_train_says_which_status_it_took_for_what(tmp_path):
    source = tmp_path / "in.xml"
    source.write_bytes(wordpress({"1": 40, "trash": 30, "0": 3}))
    told = "statuses: 1 = ham (40), trash = unlabelled (30), 0 = unlabelled (3)\n"
    result = trained(tmp_path, source)
    assert result.code == 3
    assert told in result.err
    result = trained(tmp_path, source, "--trash-is-spam")
    assert result.code == 0, result
    assert "statuses: 1 = ham (40), trash = spam (30), 0 = unlabelled (3)\n" in result.err
    packed = zipped(tmp_path, a__xml=source.read_bytes(), b__xml=wordpress({"1": 2}))
    assert told.replace("(40)", "(42)") in trained(tmp_path, packed).err
    options = ("--model", tmp_path / "m.joblib", "--trash-is-spam")
    measured = invoke("evaluate", source, *options)
    assert (measured.code, "trash = spam (30)" in measured.err) == (0, True)


def test_a_model_of_the_table_is_the_model_of_the_export(tmp_path):
    source = tmp_path / "in.xml"
    source.write_bytes(wordpress({"1": 40, "trash": 30}))
    table = tmp_path / "in.jsonl"
    converted(source, table, "--trash-is-spam")
    for path, options in ((source, ("--trash-is-spam",)), (table, ())):
        result = trained(tmp_path, path, *options)
        assert result.code == 0, result
        lines = [line for line in result.err.splitlines() if ":" in line and "written" not in line]
        shown = lines[-1]
        if path == source:
            first = shown
    assert shown == first


# --- score and explain ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["score", "explain"])
def test_an_export_is_found_by_its_content(model, tmp_path, command):
    for source in FILES:
        if source.name == "comments.jsonl" or source.suffix in (".csv", ".tsv"):
            continue  # it might be lines
        if source.name == "staticman":
            pytest.importorskip("yaml")
        result = invoke(command, source, "-m", model, "--json")
        assert result.code == 0, result
        answers = [strict_json(line) for line in result.lines]
        expected = [found for found in verdicts(model, source, tmp_path) if found[0] is not None]
        found = [(item["label"], item["probability"]) for item in answers if item["label"]]
        assert found == expected, source


@pytest.mark.parametrize("kind", ["gzip", "zip", "isso"])
def test_so_is_one_that_is_packed(model, tmp_path, kind):
    data = (EXPORTS / "wordpress.xml").read_bytes()
    if kind == "isso":
        source = isso_database(tmp_path / "comments.db")
    elif kind == "zip":
        source = zipped(tmp_path, a__xml=data)
    else:
        import gzip

        source = tmp_path / "in"
        source.write_bytes(gzip.compress(data))
    plain = source if kind == "isso" else EXPORTS / "wordpress.xml"
    scored = invoke("score", source, "-m", model)
    assert scored.code == 0
    assert len(scored.lines) == len([f for f in verdicts(model, plain, tmp_path) if f[0]]) + (
        scored.out.count(b"error\t")
    )


LINES = [
    "<b>hello</b> there",
    "[link] look {here}",
    '{"text": "an object a line is asked for with --format"}',
    "id,author,content",
    "see <rss> or <feed> or <disqus> in the docs",
    "%PDF is how a file begins",
]


@pytest.mark.parametrize("first", LINES)
def test_lines_stay_lines(model, tmp_path, first):
    source = tmp_path / "lines.txt"
    source.write_text(f"{first}\nthe second\n")
    by_file = invoke("score", source, "-m", model)
    assert len(by_file.lines) == 2
    assert by_file == invoke("score", "-", "-m", model, stdin=source.read_bytes())


def test_an_export_on_stdin_is_lines_unless_it_is_named(model):
    data = (EXPORTS / "disqus.xml").read_bytes()
    plain = run("score", "-m", model, stdin=data)
    assert len(plain.lines) == data.count(b"\n")
    named = run("score", "-m", model, "--format", "disqus", stdin=data)
    assert len(named.lines) == len(read(EXPORTS / "disqus.xml").records)
