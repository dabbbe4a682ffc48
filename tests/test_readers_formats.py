"""Each format: all fields, labels and kinds of a small file of it, however it is given."""

import re
import sys
from contextlib import suppress

import pytest

from readers_support import (
    EXPORTS,
    as_stdin,
    gzipped,
    isso_database,
    read,
    read_bytes,
    zipped,
)
from spamguard import formats
from spamguard.errors import InputError
from spamguard.formats.record import Record
from spamguard.formats.source import Source
from spamguard.records import Comment

RYE = "https://crumbs.example/rye/"
STARTER = "A starter wants <em>time</em>. The tag <wp:comment> means nothing here."

WORDPRESS = [
    Comment(
        text="Mine rose in <b>nine</b> hours,\nthank you ]]> naïve me.",
        author="Ada",
        author_url="https://ada.example/?a=1&b=2",
        post_title="Rye & patience",
        id="11",
        parent=None,
        date="2021-02-03T04:06:07Z",
        post_link=RYE,
        post_text=STARTER,
        status="1",
        author_email="ada@mail.example",
    ),
    Comment(
        text="In the queue",
        author="",
        author_url="",
        post_title="Rye & patience",
        id="12",
        parent="11",
        date="2021-02-04T00:00:00",
        post_link=RYE,
        post_text=STARTER,
        status="0",
    ),
    Comment(
        text="buy pills",
        author="Cheap Pills",
        post_title="Oats",
        id="14",
        post_link="https://crumbs.example/oats/",
        post_text="",
        status="spam",
    ),
]


def test_wordpress_gives_every_field():
    found = read(EXPORTS / "wordpress.xml")
    assert found.comments[:3] == WORDPRESS
    assert found.errors == found.reader.damage == []
    assert found.kinds == ["comment"] * 6


def test_wordpress_labels_say_what_the_owner_meant():
    found = read(EXPORTS / "wordpress.xml")
    said = {comment.id: label for comment, label in zip(found.comments, found.labels, strict=True)}
    assert said == {"11": "ham", "12": None, "14": "spam", "15": "spam", "16": "ham", "17": None}
    assert found.reader.meanings["1", "ham"] == 1


def test_trash_is_spam_only_when_asked_for():
    found = read(EXPORTS / "wordpress.xml", trash_is_spam=True)
    assert found.labels[-1] == "spam"
    assert read(EXPORTS / "disqus.xml").labels == ["ham", "spam", None, None]
    assert read(EXPORTS / "disqus.xml", trash_is_spam=True).labels[2] == "spam"


def test_pingbacks_are_counted_and_given_on_request():
    found = read(EXPORTS / "wordpress.xml")
    assert found.reader.skipped == {"pingback": 1}
    found = read(EXPORTS / "wordpress.xml", include_pingbacks=True)
    assert found.kinds.count("pingback") == 1
    assert not found.reader.skipped
    assert found.comments[2].text == "[...] a good read [...]"


@pytest.mark.parametrize("name", ["wordpress.xml", "disqus.xml", "wordpress-broken.xml"])
def test_the_place_of_a_status_is_where_it_stands_in_the_input(name, tmp_path):
    data = (EXPORTS / name).read_bytes()
    for given in (data, b"\xef\xbb\xbf" + data, data.replace(b"\n", b"\r\n")):
        found = read_bytes(given, tmp_path)
        placed = [record for record in found.records if record.place is not None]
        assert len(placed) >= 3
        for record in placed:
            start, raw = record.place
            assert given[start : start + len(raw)] == raw
            if name == "disqus.xml":
                assert raw in (b"true", b"false")
            else:
                assert raw.decode() == record.comment.status
        assert all(r.place is not None for r in found.records if r.comment.status not in ("", None))


def test_wordpress_1_0_and_text_with_tags_in_it():
    found = read(EXPORTS / "wordpress-1.0.xml")
    (comment,) = found.comments
    assert comment.text == "Plain &lt;b&gt;text&lt;/b&gt; and <i>tags</i> without CDATA"
    assert (comment.author, comment.post_title, found.labels) == ("Mr Old", "Old", ["ham"])


def test_disqus():
    found = read(EXPORTS / "disqus.xml")
    assert found.comments[0] == Comment(
        text='<p>First loaf, <a href="http://ada.example">photo</a></p>',
        author="Ada",
        post_title="Rye",
        id="30",
        date="2020-01-02T03:04:05Z",
        post_link=RYE,
        status="approved",
        author_email="ada@mail.example",
    )
    assert [comment.status for comment in found.comments] == [
        "approved", "spam", "deleted", "unapproved",
    ]  # fmt: skip
    assert [comment.parent for comment in found.comments] == [None, "30", None, None]
    assert [comment.id for comment in found.comments] == ["30", "31", "32", None]


def test_blogger_backup():
    found = read(EXPORTS / "blogger-classic.xml")
    assert found.comments[0] == Comment(
        text="Nice <b>loaf</b>",
        author="Ada",
        author_url="http://ada.example",
        post_title="Rye",
        id="tag:blogger.com,1999:blog-5.post-101",
        date="2011-01-02T03:04:05.000+01:00",
        post_link="http://crumbs.example/rye.html",
        status="published",
    )
    assert found.comments[1].parent == "tag:blogger.com,1999:blog-5.post-101"
    assert found.labels == ["ham", "ham"]


def test_blogger_takeout():
    found = read(EXPORTS / "blogger-takeout.atom")
    assert found.comments[0] == Comment(
        text="With salt.",
        author="Ada",
        author_url="http://ada.example",
        post_title="Oats",
        id="tag:blogger.com,1999:blog-5.post-201",
        date="2021-03-01T10:00:00Z",
        post_link="/2021/03/oats.html",
        status="LIVE",
    )
    assert found.comments[1].parent == found.comments[0].id
    assert [comment.status for comment in found.comments] == ["LIVE", "PENDING", "TRASHED"]
    assert found.labels == ["ham", None, None]


def test_isso_database(tmp_path):
    found = read(isso_database(tmp_path / "comments.db"))
    assert found.comments[0] == Comment(
        text="Good *crust*",
        author="Ada",
        author_url="http://ada.example",
        post_title="Rye",
        id=1,
        date="2020-09-13T12:26:40Z",
        post_link="/rye/",
        status="approved",
        author_email="ada@mail.example",
    )
    assert [comment.status for comment in found.comments] == ["approved", "held", "deleted"]
    assert found.labels == ["ham", None, None]
    assert found.comments[1].parent == 1
    assert [path.name for path in tmp_path.iterdir()] == ["comments.db"]


def test_isso_json():
    found = read(EXPORTS / "isso.json")
    assert found.comments[0] == Comment(
        text="Good crust",
        author="Ada",
        author_url="http://ada.example",
        post_title="Rye",
        id=1,
        date="2020-09-13T12:26:40",
        post_link="/rye/",
        author_email="",
    )
    assert found.labels == [None, None]


def test_remark42():
    found = read(EXPORTS / "remark42.jsonl")
    assert found.comments[0] == Comment(
        text="<p>Good crust</p>\n",
        author="Ada",
        post_title="Rye",
        id="c1",
        date="2020-09-13T12:26:40Z",
        post_link=RYE,
        status="published",
    )
    assert [comment.status for comment in found.comments] == ["published", "blocked", "deleted"]
    assert found.labels == ["ham", "spam", None]
    assert found.comments[1].parent == "c1"


def test_commento():
    found = read(EXPORTS / "commento.json")
    assert found.comments[0] == Comment(
        text="Good *crust*",
        author="Ada",
        author_url="http://ada.example",
        id="a1",
        date="2020-09-13T12:26:40Z",
        post_link="crumbs.example/rye/",
        status="approved",
        author_email="ada@mail.example",
    )
    assert found.labels == ["ham", "spam", None, None]
    assert found.comments[1].parent == "a1"


def test_comentario_3():
    found = read(EXPORTS / "comentario-3.json")
    assert found.comments[0] == Comment(
        text="Good *crust*",
        author="Ada",
        author_url="http://ada.example",
        post_title="Rye",
        id="b1",
        date="2023-11-14T20:15:12.000Z",
        post_link="/rye/",
        status="approved",
        author_email="ada@mail.example",
    )
    assert found.comments[1].author == "Guest"
    assert [comment.status for comment in found.comments] == ["approved", "pending", "rejected"]
    assert found.labels == ["ham", None, None]


def test_movable_type():
    found = read(EXPORTS / "movabletype.txt")
    assert found.comments[0] == Comment(
        text="Good crust.\n\nURL: is what I wrote here, and a line\n-----\n"
        "that is no end, then more.",
        author="Ada",
        author_url="http://ada.example",
        post_title="Rye",
        id="4",
        date="2002-02-01T04:02:07",
        post_link="http://crumbs.example/rye.html",
        post_text="A starter wants time.\nAnd more time.",
        status="published",
        author_email="ada@mail.example",
    )
    assert (found.comments[1].parent, found.comments[1].date) == ("4", "2002-02-06T16:09:12")
    assert found.labels == ["ham", "ham"]
    assert found.reader.skipped == {"ping": 1}
    assert len(read(EXPORTS / "movabletype.txt", include_pingbacks=True).comments) == 3


def test_movable_type_in_two_encodings(tmp_path):
    data = (EXPORTS / "movabletype.txt").read_text()
    data = data.replace("Agreed.", "Grüße “you”").encode("windows-1252")
    found = read_bytes(data.replace(b"Good crust", "Größe".encode()), tmp_path)
    assert found.comments[0].text.startswith("Größe.")
    assert found.comments[1].text == "Grüße “you”"
    assert [kind for _, kind in found.reader.damage] == [
        "lines that are not UTF-8, read as windows-1252"
    ]


def test_staticman():
    pytest.importorskip("yaml")
    for path in (EXPORTS / "staticman", EXPORTS / "staticman" / "_data" / "comments"):
        found = read(path)
        assert [comment.text.strip() for comment in found.comments] == [
            "With salt.", "Good crust,\nreally", "Agreed",
        ]  # fmt: skip
        assert found.comments[1] == Comment(
            text="Good crust,\nreally",
            author="Ada",
            author_url="http://ada.example",
            id="5ea1",
            date="2020-09-13T12:26:40+00:00",
            post_link="rye",
            status="merged",
        )
        assert found.comments[2].parent == "5ea1"
        assert found.comments[2].date == "2020-09-13T12:26:40Z"
        assert found.labels == ["ham"] * 3


def test_a_folder_of_texts_is_no_staticman_and_needs_no_yaml(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "notes.txt").write_text("milk\nbread\n")
    with pytest.raises(InputError, match=r"not of comments; notes\.txt: no front matter"):
        read(tmp_path)


def test_staticman_tells_which_file_holds_no_comment(tmp_path):
    pytest.importorskip("yaml")
    (tmp_path / "a.yml").write_text("message: hello\n")
    (tmp_path / "b.yml").write_text("title: [unclosed\n")
    (tmp_path / "c.yml").write_text("!!python/object/apply:os.system ['true']\n")
    (tmp_path / "d.json").write_text('{"nothing": 1}')
    (tmp_path / "e.yml").symlink_to(tmp_path / "a.yml")
    found = read(tmp_path)
    assert [comment.text for comment in found.comments] == ["hello"]
    assert [error.split(":")[0] for error in found.errors] == ["b.yml", "c.yml", "d.json"]


def test_a_folder_of_other_things_is_one_line_that_says_so(tmp_path):
    (tmp_path / "a.json").write_text('{"nothing": 1}')
    (tmp_path / "b.json").write_text("{")
    with pytest.raises(
        InputError, match=r"a folder, but not of comments; a\.json: no text"
    ) as caught:
        read(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_line_of_json_that_no_comment_has_is_a_bad_record(tmp_path):
    data = b'{"text": "%s"}\n{"text": "hello"}\n' % (b"a" * (17 << 20))
    found = read_bytes(data, tmp_path)
    assert [comment.text for comment in found.comments] == ["hello"]
    assert found.errors == ["more than 16 MiB: no comment"]


@pytest.mark.parametrize("name", ["wp-cli.csv", "wp-cli.json"])
def test_wp_cli(name):
    found = read(EXPORTS / name)
    assert [comment.text for comment in found.comments] == ["Good crust,\nreally", "buy pills"]
    assert found.labels == ["ham", "spam"]
    assert [comment.status for comment in found.comments] == ["1", "spam"]
    assert [comment.parent for comment in found.comments] == [None, "1"]
    assert found.comments[0].id == "1"
    assert found.comments[0].date == "2021-02-03 04:06:07"
    has_email = name == "wp-cli.csv"
    assert found.comments[0].author_email == ("ada@mail.example" if has_email else None)
    assert found.reader.skipped == {"pingback": 1}
    assert len(read(EXPORTS / name, include_pingbacks=True).comments) == 3


def test_wp_rest():
    found = read(EXPORTS / "wp-rest.json")
    assert found.comments[0] == Comment(
        text="Good crust",
        author="Ada",
        author_url="http://ada.example",
        id=1,
        date="2021-02-03T04:06:07",
        post_link="https://crumbs.example/rye/#comment-1",
        status="approved",
    )
    assert found.labels == ["ham", "spam"]
    assert found.comments[1].parent == 1


@pytest.mark.parametrize(("name", "status"), [("ghost.csv", "published"), ("cusdis.json", "true")])
def test_ghost_and_cusdis(name, status):
    found = read(EXPORTS / name)
    first, second = found.comments
    assert first.text in ("Good crust", "<p>Good crust</p>")
    assert (first.author, first.post_title, first.post_link) == ("Ada", "Rye", RYE)
    assert (first.status, first.parent, second.parent) == (status, None, first.id)
    assert found.labels == ["ham", None]
    assert first.author_email == ("ada@mail.example" if name == "cusdis.json" else None)


def test_json_in_other_shapes(tmp_path):
    for data in (
        b'{"comments": [{"content": "one"}, {"content": "two"}]}',
        b'{"meta": {"n": 2}, "comments": [\n{"content": "one"},\n{"content": "two"}]}',
        b'[{"content": "one"}\n,\n{"content": "two"}]',
    ):
        assert [c.text for c in read_bytes(data, tmp_path).comments] == ["one", "two"]
    found = read_bytes(b'{\n"content": "only",\n"author": "Ada"}', tmp_path)
    assert found.comments == [Comment("only", "Ada")]


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "comments.parquet"
    columns = {
        "comment_ID": [1, 2, 3],
        "comment_content": ["Good crust", "[...]", None],
        "comment_author": ["Ada", "Other", None],
        "comment_author_email": ["ada@mail.example", "", None],
        "comment_type": ["comment", "pingback", "comment"],
        "comment_approved": ["1", "1", "spam"],
    }
    parquet.write_table(pyarrow.table(columns), path)
    found = read(path)
    ada = "ada@mail.example"
    assert found.comments == [Comment("Good crust", "Ada", id=1, status="1", author_email=ada)]
    assert found.labels == ["ham"]
    assert found.errors == ["no text in 'comment_content'"]
    assert found.reader.skipped == {"pingback": 1}
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="Parquet file is broken"):
        read(path)


FILES = sorted(path.name for path in EXPORTS.iterdir() if path.is_file() and path.suffix != ".sql")


@pytest.mark.parametrize("name", FILES)
def test_a_file_reads_the_same_however_it_is_given(name, tmp_path, monkeypatch):
    data = (EXPORTS / name).read_bytes()
    found = read(EXPORTS / name)
    assert found.comments
    expected = (found.comments, found.labels, found.errors, found.reader.skipped)
    for path in (gzipped(tmp_path, data), zipped(tmp_path, **{f"some/{name}": data})):
        given = read(path)
        assert (given.comments, given.labels, given.errors, given.reader.skipped) == expected
    as_stdin(monkeypatch, data)
    given = read("-")
    assert (given.comments, given.labels, given.errors, given.reader.skipped) == expected
    as_stdin(monkeypatch, zipped(tmp_path, **{name: data}).read_bytes())
    assert read("-").comments == found.comments


def test_a_database_reads_the_same_however_it_is_given(tmp_path, monkeypatch):
    path = isso_database(tmp_path / "comments.db")
    data = path.read_bytes()
    found = read(path)
    assert read(gzipped(tmp_path, data)).comments == found.comments
    assert read(zipped(tmp_path, **{"comments.db": data})).comments == found.comments
    as_stdin(monkeypatch, data)
    assert read("-").comments == found.comments


def test_a_zip_of_several_files(tmp_path):
    files = {name: (EXPORTS / name).read_bytes() for name in ("wordpress.xml", "disqus.xml")}
    empty = b'<rss xmlns:wp="http://wordpress.org/export/1.2/"><channel></channel></rss>'
    path = zipped(tmp_path, **files, **{"empty.xml": empty, "photo.png": b"\x89PNG\r\n\x1a\n\0"})
    found = read(path)
    assert len(found.comments) == 6 + 4
    assert found.reader.skipped == {"pingback": 1, "file without comments": 2}


@pytest.mark.parametrize("name", ["wordpress.xml", "disqus.xml", "blogger-classic.xml"])
def test_a_text_that_speaks_of_another_export_does_not_make_it_one(name, tmp_path):
    marks = (
        b"<wp:comment> http://wordpress.org/export/1.2/ <disqus> <feed> blogger http://disqus.com"
    )
    data = (EXPORTS / name).read_bytes()
    data = data.replace(b"?>", b"?>\n<!-- " + marks + b" -->", 1)
    path = tmp_path / "input"
    path.write_bytes(data)
    with Source(str(path)) as source:
        found = formats.format_of(source)
    with Source(str(EXPORTS / name)) as source:
        assert found == formats.format_of(source)
    assert len(read(path).comments) == len(read(EXPORTS / name).comments)


def test_many_comments_before_the_root_take_no_time(tmp_path):
    with pytest.raises(InputError):
        read_bytes(b"<?xml version='1.0'?>" + b"<!-- a --><?b?>" * 4000 + b"<x/>", tmp_path)


ANOTHER_KIND = {
    b"": "empty",
    b"  \n": "empty",
    b"%PDF-1.4 ...": r"a binary file \(PDF\)",
    b"\x89PNG\r\n\x1a\n": r"a binary file \(a picture\)",
    b"<!DOCTYPE html><html><body>comment": "an HTML page",
    b"<?xml version='1.0'?><rss version='2.0'><channel><item/></channel></rss>": "an RSS feed",
    b"<feed xmlns='http://www.w3.org/2005/Atom'><entry/></feed>": "an Atom feed",
    b"<?xml version='1.0'?><other/>": "XML",
    b"abc\0def": "a binary file",
    b"PK\x05\x06" + bytes(18): "a zip file with nothing in it",
    b"[]": "JSON without comments",
    b"one two\nthree four\n": "no column looks like the text of a comment",
    b"SQLite format 3\0 and then nothing": "the database is broken",
    b"PAR1 and then nothing": "Parquet",
}


@pytest.mark.parametrize("data", ANOTHER_KIND)
def test_what_is_no_export_gets_one_line_that_says_what_it_is(data, tmp_path):
    with pytest.raises(InputError, match=ANOTHER_KIND[data]) as caught:
        read_bytes(data, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "kind"),
    [("wordpress.xml", "WordPress"), ("disqus.xml", "Disqus"), ("blogger-classic.xml", "Blogger")],
)
def test_an_export_without_comments_says_so(name, kind, tmp_path):
    data = (EXPORTS / name).read_text()
    for tag in ("wp:comment", "post", "entry"):
        data = re.sub(f"<{tag}[ >].*</{tag}>", "", data, flags=re.DOTALL)
    with pytest.raises(InputError, match=f"{kind} export.* without comments"):
        read_bytes(data.encode(), tmp_path)


def test_an_export_of_pingbacks_only_says_how_to_read_them(tmp_path):
    data = (EXPORTS / "wordpress.xml").read_text()
    begin, end = data.index("<wp:comment>\n\t\t\t<wp:comment_id>13"), data.index("<item>", 2000)
    head = data[: data.index("<wp:comment>\n\t\t\t<wp:comment_id>11")]
    tail = data[data.index("\t</item>") :][:9] + "</channel></rss>"
    assert begin < end
    ping = data[begin : data.index("</wp:comment>", begin) + 13]
    with pytest.raises(InputError, match="1 pingback left out; --include-pingbacks"):
        read_bytes((head + ping + tail).encode(), tmp_path)


def test_a_missing_extra_is_one_line_that_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install spamguard\[yaml\]"):
        read(EXPORTS / "staticman")
    with pytest.raises(InputError, match=r"pip install spamguard\[parquet\]"):
        read_bytes(b"PAR1", tmp_path)


EMPTY = Record(Comment(""), 1, "")


def test_every_format_of_the_table_can_be_asked_for_by_name(tmp_path):
    path = tmp_path / "input"
    path.write_bytes(b"")
    for name in formats.FORMATS:
        with Source(str(path)) as source, suppress(InputError):
            reader = formats.open_reader(source, name, {})
            assert [record for batch in reader.batches() for record in batch] in ([], [EMPTY])
            assert (reader.skipped, reader.damage) == ({}, [])


def test_a_folder_is_no_table(tmp_path):
    with Source(str(tmp_path)) as source, pytest.raises(InputError, match="is a folder"):
        formats.open_reader(source, "csv", {})
