"""Files made to harm: refused, or bounded in time and memory, with one line."""

import gzip
import os
import sqlite3
import stat
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from contextlib import suppress

import pytest

from readers_support import EXPORTS, as_stdin, isso_database, read, read_bytes, zipped
from spamguard.errors import InputError, OutputError
from spamguard.formats.source import Source

WORDPRESS = (EXPORTS / "wordpress.xml").read_bytes()
HEAD, TAIL = WORDPRESS.split(b"<wp:comment>\n", 1)[0], b"</item></channel></rss>"
COMMENT = (
    b"<wp:comment><wp:comment_id>%d</wp:comment_id>"
    b"<wp:comment_content><![CDATA[%s]]></wp:comment_content></wp:comment>"
)
#: What a reader may take for any of these files.
SECONDS, MEBIBYTES = 10, 300


def refused(data, tmp_path, match):
    begun = time.perf_counter()
    with pytest.raises(InputError, match=match) as caught:
        read_bytes(data, tmp_path)
    assert time.perf_counter() - begun < SECONDS
    assert "\n" not in str(caught.value)


def bounded(path):
    """Read a file in a process of its own: (records, errors, kinds of damage, last line)."""
    code = f"""
import resource, sys
sys.path.insert(0, {os.path.dirname(__file__)!r})
from spamguard import formats
from spamguard.errors import InputError
from spamguard.formats.source import Source
resource.setrlimit(resource.RLIMIT_CPU, ({4 * SECONDS}, {4 * SECONDS}))
given = bad = 0
try:
    with Source({str(path)!r}) as source:
        reader = formats.open_reader(source, None, {{}})
        for batch in reader.batches():
            given += sum(record.error is None for record in batch)
            bad += sum(record.error is not None for record in batch)
    print(given, bad, "|", reader.damage)
except InputError as error:
    print(given, bad, "|", "refused:", error)
print(max(int(line.split()[1]) for line in open("/proc/self/status") if "VmHWM" in line) >> 10)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said, memory = done.stdout.strip().split("\n")
    assert int(memory) < MEBIBYTES
    given, bad = said.split()[:2]
    return int(given), int(bad), said.partition("| ")[2]


BOMB = (
    b'<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
)
EXTERNAL = b'<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("dtd", [BOMB, EXTERNAL, b"<!DOCTYPE rss>", b'<!DOCTYPE rss SYSTEM "x">'])
def test_document_types_are_refused(dtd, tmp_path):
    data = WORDPRESS.replace(b"<rss", dtd + b"<rss", 1).replace(b"Mine rose", b"]]>&c;<![CDATA[")
    refused(data, tmp_path, "declares a document type")
    refused((EXPORTS / "disqus.xml").read_bytes().replace(b"<disqus", dtd + b"<disqus"),
            tmp_path, "declares a document type")  # fmt: skip


def test_the_word_doctype_in_a_text_is_just_a_word(tmp_path):
    found = read_bytes(WORDPRESS.replace(b"buy pills", b"<!DOCTYPE html> buy pills"), tmp_path)
    assert found.comments[2].text == "<!DOCTYPE html> buy pills"


def test_an_entity_that_is_hidden_behind_damage_is_not_resolved(tmp_path):
    data = b"junk <rss" + WORDPRESS.replace(b"<rss", EXTERNAL + b"<rss", 1)
    data = data.replace(b"<![CDATA[buy pills]]>", b"&a; buy pills")
    try:
        found = read_bytes(data, tmp_path)
    except InputError:
        return
    assert found.comments[2].text == "&a; buy pills"


LARGE = 50 << 20
ONE, THREE = COMMENT % (1, b"one"), COMMENT % (3, b"three")
FIRST = HEAD + ONE
TOKENS = {
    "attribute": lambda: HEAD + b'<wp:post_id x="' + b"a" * LARGE + b'"/>' + ONE + TAIL,
    "comment": lambda: HEAD + b"<!--" + b"a" * LARGE + b"-->" + ONE + TAIL,
    "attribute inside a comment": lambda: (
        FIRST + b'<wp:comment><wp:comment_id x="' + b"a" * LARGE + b'"/></wp:comment>' + TAIL
    ),
    "text": lambda: FIRST + COMMENT % (2, b"a" * LARGE) + THREE + TAIL,
    "text of a post": lambda: HEAD.replace(b"A starter", b"A" * LARGE) + ONE + TAIL,
    "open CDATA": lambda: FIRST + b"<x><![CDATA[" + b"a" * LARGE,
    "open tag": lambda: FIRST + b"<" + b"a" * LARGE,
    "deep": lambda: FIRST + b"<a>" * (LARGE // 10),
    "openings": lambda: FIRST + b"<a & " + b"<![CDATA[" * (LARGE // 30),
    "starts": lambda: FIRST + b"<wp:comment>" * (LARGE // 250),
    "broken posts": lambda: FIRST + b"<x><![CDATA[" + b"<item <" * (LARGE // 7),
    "broken posts in sections": lambda: FIRST + b"& <![CDATA[<item <" * (LARGE // 18),
    "broken comments": lambda: FIRST + b"<x><![CDATA[" + b"<wp:comment><a b>" * (LARGE // 250),
    "blanks": lambda: FIRST + b"& <wp:comment" + b" " * LARGE,
    "status of blanks": lambda: (
        FIRST + b"<wp:comment><wp:comment_approved>" + b" " * (LARGE // 8)
        + b"</wp:comment_approved></wp:comment>" + TAIL
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", TOKENS)
def test_a_token_of_50_mib_costs_neither_time_nor_memory(kind, tmp_path):
    path = tmp_path / "export.xml"
    path.write_bytes(TOKENS[kind]())
    given, bad, said = bounded(path)
    assert given >= 1
    assert bad <= (LARGE // 250 if kind in ("starts", "broken comments") else 1)
    assert said != "[]" or kind in ("attribute", "comment", "status of blanks")
    if kind == "text":
        assert (given, bad) == (2, 1)


@pytest.mark.parametrize("quote", [b"", b'"'])
def test_a_row_of_50_mib_costs_neither_time_nor_memory(quote, tmp_path):
    path = tmp_path / "comments.csv"
    row = b"2," + quote + b"a" * LARGE + quote
    path.write_bytes(b"id,text\n1,one\n" + row + b"\n3,three\n")
    assert bounded(path)[1] == 1


def test_names_without_end_are_refused(tmp_path):
    names = b"".join(b"<n%d/>" % number for number in range(100_000))
    refused(HEAD + names + TAIL, tmp_path, "names of elements")


def test_json_tokens_of_50_mib(tmp_path):
    path = tmp_path / "export.json"
    for data in (
        b'[{"content": "one"},{"content": "' + b"a" * LARGE + b'"}]',
        b'[{"content": "one"},' + b"[" * LARGE,
        b'[{"content": "one"},' + b'{"a":' * (LARGE // 5),
        b'[{"content": "one"},' + b" " * LARGE,
    ):
        path.write_bytes(data)
        given, _, said = bounded(path)
        assert given >= 1
        assert said
    path.write_bytes(b'[{"content": "one"},' + b'{"a":x},' * 100_000)
    assert "this is no JSON" in bounded(path)[2]


def test_gzip_bombs_are_refused(tmp_path):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    data = packer.compress(HEAD)
    data += b"".join(packer.compress(b" " * (1 << 20)) for _ in range(300))
    path = tmp_path / "bomb.gz"
    path.write_bytes(data + packer.flush())
    assert "zip bomb" in bounded(path)[2]
    refused(gzip.compress(WORDPRESS)[:-300], tmp_path, "cannot be read to its end")


def test_zip_bombs_are_refused(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("export.xml", HEAD + b" " * (100 << 20))
    assert "zip bomb" in bounded(path)[2]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(100):
            archive.writestr(f"{number}.xml", HEAD + b" " * (1 << 20))
    assert "zip bomb" in bounded(path)[2]
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(10_001):
            archive.writestr(f"{number}.xml", b"")
    assert "10,001 files" in bounded(path)[2]


def test_a_zip_that_lies_about_a_size_gives_no_more_than_it_says(tmp_path):
    path = zipped(tmp_path, **{"export.xml": WORDPRESS + b" " * 1_000_000})
    data = path.read_bytes()
    size = struct.pack("<L", len(WORDPRESS) + 1_000_000)
    refused(data.replace(size, struct.pack("<L", len(WORDPRESS))), tmp_path, "cannot be read")


def member(name, **attributes):
    info = zipfile.ZipInfo(name)
    for key, value in attributes.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    ("info", "why"),
    [
        (member("../export.xml"), "leads out of the zip"),
        (member("a/../../export.xml"), "leads out of the zip"),
        (member("/etc/export.xml"), "leads out of the zip"),
        (member("C:\\export.xml"), "leads out of the zip"),
        (member("link.xml", external_attr=(stat.S_IFLNK | 0o777) << 16), "symbolic link"),
    ],
)
def test_a_zip_that_reaches_out_is_refused(info, why, tmp_path):
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.xml", WORDPRESS)
        archive.writestr(info, b"/etc/passwd")
    with pytest.raises(InputError, match=why):
        read(path)


def test_an_encrypted_a_broken_and_a_nested_zip(tmp_path):
    data = bytearray(zipped(tmp_path, **{"export.xml": WORDPRESS}).read_bytes())
    nested = zipped(tmp_path, **{"inner.zip": bytes(data)})
    with pytest.raises(InputError, match="a zip file inside another one"):
        read(nested)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    refused(bytes(data), tmp_path, "encrypted")
    refused(bytes(data[:-40]), tmp_path, "the zip is broken")


@pytest.mark.parametrize(
    "names",
    [
        ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml"),
        ("mimetype", "META-INF/manifest.xml", "content.xml"),
        ("Index/Document.iwa", "Metadata/Properties.plist"),
    ],
)
def test_a_spreadsheet_is_called_one(names, tmp_path):
    path = zipped(tmp_path, **dict.fromkeys(names, b"<x/>"))
    refused(path.read_bytes(), tmp_path, "a spreadsheet.*save it as CSV")


def test_a_spreadsheet_of_old_excel_is_called_one(tmp_path):
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)
    refused(data, tmp_path, "Office.*save it as CSV")


@pytest.mark.parametrize(
    ("mark", "codec"),
    [
        ("", "utf-16-le"),
        ("", "utf-16-be"),
        ("", "utf-32-le"),
        ("", "utf-32-be"),
        ("\ufeff", "utf-32-le"),
        ("\ufeff", "utf-32-be"),
    ],
)
@pytest.mark.parametrize(
    "text", ["id,text\n1,hello\n", '{"id": 1, "text": "hello"}\n', "<?xml version='1.0'?>\n"]
)
def test_an_encoding_that_is_not_read_is_named(codec, text, mark, tmp_path):
    refused((mark + text).encode(codec), tmp_path, "UTF-16 or UTF-32; save it as UTF-8")


UPDATED = "AFTER UPDATE ON comments BEGIN DELETE FROM comments; END"
COUNTING = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
HOSTILE_SQL = {
    "a trigger": ([f"CREATE TRIGGER t {UPDATED}"], "has a trigger"),
    "a trigger under Isso's name": (
        [
            "DROP TRIGGER remove_stale_threads",
            f"CREATE TRIGGER remove_stale_threads {UPDATED}",
        ],
        "has a trigger",
    ),
    "a view": (
        [
            "DROP TABLE comments",
            f"CREATE VIEW comments AS {COUNTING} SELECT i AS id, 'x' AS text, 1 AS mode FROM n",
        ],
        "is a view",
    ),
    "a computed column": (
        ["ALTER TABLE comments ADD COLUMN extra GENERATED ALWAYS AS (zeroblob(1000000000))"],
        "computed",
    ),
    "another program": (["DROP TABLE threads"], "not of Isso"),
}


@pytest.mark.parametrize("kind", HOSTILE_SQL)
def test_a_database_that_does_more_than_keep_comments_is_refused(kind, tmp_path):
    statements, why = HOSTILE_SQL[kind]
    path = isso_database(tmp_path / "comments.db", *statements)
    begun = time.perf_counter()
    with pytest.raises(InputError, match=why):
        read(path)
    assert time.perf_counter() - begun < SECONDS


def test_a_database_is_never_written_to(tmp_path):
    path = isso_database(tmp_path / "comments.db")
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("UPDATE comments SET text = 'changed' WHERE id = 2")
    database.close()
    before = path.read_bytes()
    path.chmod(0o444)
    tmp_path.chmod(0o555)
    try:
        assert [comment.text for comment in read(path).comments][1] == "changed"
    finally:
        tmp_path.chmod(0o755)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == ["comments.db"]


def test_a_database_with_broken_pages(tmp_path):
    data = isso_database(tmp_path / "comments.db").read_bytes()
    for begin in range(100, len(data), 509):
        broken = data[:begin] + b"\xff" * 40 + data[begin + 40 :]
        with suppress(InputError):
            assert len(read_bytes(broken, tmp_path).records) <= 3


def test_temporary_files_are_taken_away(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "spool"))
    (tmp_path / "spool").mkdir()
    data = isso_database(tmp_path / "comments.db").read_bytes()
    path = tmp_path / "comments.db.gz"
    path.write_bytes(gzip.compress(data))
    assert len(read(path).comments) == 3
    path.write_bytes(gzip.compress(data[:3000]))
    with pytest.raises(InputError):
        read(path)
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_temporary_file_that_cannot_be_is_one_line(tmp_path, monkeypatch):
    missing = str(tmp_path / "missing")
    monkeypatch.setattr("tempfile.tempdir", missing)
    as_stdin(monkeypatch, b"id,text\n1,hello\n")
    with Source("-") as source, pytest.raises(OutputError, match="TMPDIR") as caught:
        source.plain_file()
    assert str(caught.value).startswith(f"{missing}: a temporary file cannot be written: ")


def test_yaml_bombs_are_small_or_refused(tmp_path):
    pytest.importorskip("yaml")
    lines = ["a: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"b{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (tmp_path / "bomb.yml").write_text("\n".join([*lines, "message: hello"]))
    (tmp_path / "deep.yml").write_text("[" * 100_000)
    (tmp_path / "large.yml").write_text("message: " + "x" * 300_000)
    begun = time.perf_counter()
    found = read(tmp_path)
    assert time.perf_counter() - begun < SECONDS
    assert [comment.text for comment in found.comments] == ["hello"]
    assert len(found.errors) == 2
