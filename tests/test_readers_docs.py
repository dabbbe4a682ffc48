"""What docs/formats.md says is so: its examples are there, and its recipe works."""

import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cli_support import shell
from readers_support import EXPORTS, read
from spamguard import formats
from spamguard.formats import Format, _begins
from spamguard.formats.columns import find_columns
from spamguard.formats.record import Choices
from spamguard.formats.source import Source
from spamguard.records import Comment

PAGE = Path(__file__).parents[1] / "docs" / "formats.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_every_format_is_described():
    table = TEXT.partition("## Where")[0]
    described = re.findall(r"(?m)^\| ((?:`[\w-]+`(?:, )?)+) \|", table)
    names = re.findall(r"[\w-]+", " ".join(described))
    assert sorted(names) == sorted(formats.FORMATS)


EXAMPLES = re.findall(r"\| `([\w-]+)`[^|]*\|[^|]*\| (\[.*) \|", TEXT)


@pytest.mark.parametrize(("name", "links"), EXAMPLES)
def test_every_example_is_what_it_is_said_to_be(name, links):
    for link in re.findall(r"\]\((.*?)\)", links):
        path = PAGE.parent / link
        assert path.exists()
        if path.suffix == ".sql":
            continue
        if name == "staticman":
            pytest.importorskip("yaml")
        with Source(str(path)) as source:
            assert formats.format_of(source) == ("csv" if name == "tsv" else name)
        assert read(path).comments


COMMANDS = re.findall(r"(?m)^\| `([\w-]+)` \|[^|]*\| `spamguard ([^`]*)`", TEXT)


@pytest.mark.parametrize(("name", "command"), COMMANDS)
def test_every_example_that_is_a_command_runs(name, command, tmp_path):
    (tmp_path / "wordpress.xml").write_bytes((EXPORTS / "wordpress.xml").read_bytes())
    (tmp_path / "comments.txt").write_bytes(b"Thanks\nTom\0And\nyou\0")
    if name == "parquet":
        pytest.importorskip("pyarrow")
    result = shell(f'"$@" {command}', cwd=tmp_path)
    assert result.code == 0, result
    if name == "parquet":
        assert len(read(tmp_path / "comments.parquet").comments) == 6
    else:
        assert len(result.lines) == {"lines": 3, "nul": 2, "text": 1}[name]


def test_every_format_has_an_example():
    assert {name for name, _ in (*EXAMPLES, *COMMANDS)} == formats.FORMATS.keys()


@pytest.mark.parametrize("page", ["formats.md", "blog.md"])
def test_the_fields_that_wordpress_is_asked_for_are_found(page):
    text = PAGE.with_name(page).read_text(encoding="utf-8")
    asked = [fields.split(",") for fields in re.findall(r"--fields=(\S+)", text)]
    assert asked
    for names in asked:
        found = find_columns(names, {}, page)
        assert {"id", "text", "author", "author_url", "label"} <= found.keys()
    found = find_columns(asked[0], {}, page)
    assert {"author_email", "date", "parent", "type"} <= found.keys()


def test_every_example_file_is_named():
    named = {Path(link).name for link in re.findall(r"\]\((\.\./tests/exports/.*?)\)", TEXT)}
    variants = {"wordpress-broken.xml", "wordpress-1.0.xml"}
    assert {path.name for path in EXPORTS.iterdir()} == named | variants


def test_a_format_is_one_file_and_one_row(tmp_path, monkeypatch):
    module, row = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    guestbook = ModuleType("spamguard.formats.guestbook")
    exec(module, guestbook.__dict__)
    monkeypatch.setitem(sys.modules, guestbook.__name__, guestbook)
    entry = eval(row, {"Format": Format, "_begins": _begins})
    monkeypatch.setattr(formats, "TABLE", (entry, *formats.TABLE))
    path = tmp_path / "book"
    path.write_text("#guestbook\nAda|Good crust\nno bar\n")
    with Source(str(path)) as source:
        assert formats.format_of(source) == "guestbook"
        reader = entry.open(source, Choices())
        (record,) = [record for batch in reader.batches() for record in batch]
    assert record.comment == Comment("Good crust", "Ada")
    assert (record.label, record.line) == ("ham", 2)
    assert reader.damage == [(3, "lines without a bar, left out")]
