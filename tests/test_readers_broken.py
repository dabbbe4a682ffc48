"""Broken files: every comment that is there is given, and what is broken is said once."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readers_support import EXPORTS, read, read_bytes

WORDPRESS = (EXPORTS / "wordpress.xml").read_bytes()
DISQUS = (EXPORTS / "disqus.xml").read_bytes()
TAKEOUT = (EXPORTS / "blogger-takeout.atom").read_bytes()
IDS = ["11", "12", "14", "15", "16", "17"]


def ids(found):
    return [comment.id for comment in found.comments]


def kinds(found):
    return [kind for _, kind in found.reader.damage]


def damaged(tmp_path, *changes, data=WORDPRESS):
    for old, new in changes:
        assert data.count(old) >= 1, old
        data = data.replace(old, new, 1)
    return read_bytes(data, tmp_path)


def test_a_file_with_seven_kinds_of_damage_gives_all_its_comments():
    found = read(EXPORTS / "wordpress-broken.xml")
    assert ids(found) == IDS
    assert found.errors == []
    texts = {comment.id: comment.text for comment in found.comments}
    assert texts["12"] == "In the  queue"
    assert texts["14"] == "buy <![CDATA[pills]]> now"
    assert texts["16"] == "A friend of the h\ufffduse"
    assert texts["17"] == "thrown away"
    assert found.comments[0].author_url == "https://ada.example/?a=1&b=2"
    assert "Casino" in found.comments[3].author
    assert found.labels == ["ham", None, "spam", "spam", "ham", None]
    assert (2, "not well-formed (invalid token)") in found.reader.damage
    assert (40, "control characters, read as blanks") in found.reader.damage
    assert "bytes that are not UTF-8, read as U+FFFD" in kinds(found)
    assert kinds(found)[-1] == "ends too early"
    assert len(kinds(found)) == len(set(kinds(found)))


DAMAGE = {
    "junk before the root": [(b"<?xml", b"Warning: in <b>/x.php</b>\n<?xml")],
    "an empty line before the root": [(b"<?xml", b"\n<?xml")],
    "junk after the root": [(b"</rss>", b"</rss>\n<br>bye")],
    "no end": [(b"</channel>\n</rss>", b"")],
    "unbound prefix": [(b"<wp:post_id>", b'<atom:link rel="hub"/><wp:post_id>')],
    "mismatched tag": [(b"</content:encoded>", b"</content:incoded>")],
    "unclosed element": [(b"<wp:post_id>7</wp:post_id>", b"<wp:post_id>7")],
    "undefined entity": [(b"Rye &amp;", b"Rye &nbsp;")],
    "bare ampersand": [(b"Rye &amp;", b"Rye &")],
    "CDATA in CDATA of a post": [(b"wants", b"wants <![CDATA[much]]> of")],
    "unclosed CDATA of a post": [(b"nothing here.]]>", b"nothing here.")],
    "unclosed comment in XML": [(b"export it -->", b"export it")],
    "attribute without quotes": [(b"<wp:post_id>", b"<wp:post_id x=1>")],
    "bad character reference": [(b"Rye &amp;", b"Rye &#1;")],
    "missing end of a post": [(b"\t</item>\n\t<item>", b"\t<item>")],
    "no element around posts": [(b"<channel>", b"<notachannel>")],
    "NUL": [(b"wants", b"wa\0ts")],
    "half a character": [(b"wants", b"wa\xc3ts")],
    "a surrogate": [(b"wants", b"wa\xed\xa0\x80ts")],
    "no character": [(b"wants", b"wa\xef\xbf\xbfts")],
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_damage_outside_of_comments_costs_none_of_them(kind, tmp_path):
    found = damaged(tmp_path, *DAMAGE[kind])
    sound = read(EXPORTS / "wordpress.xml")
    assert found.errors == []
    assert [c._replace(post_text=None, post_title=None) for c in found.comments] == [
        c._replace(post_text=None, post_title=None) for c in sound.comments
    ]
    assert found.labels == sound.labels
    assert found.reader.damage or kind == "unbound prefix"


APPROVED = b"spam</wp:comment_approved>"
AFTER = b"\n\t\t\t<wp:comment_type>comment</wp:comment_type>\n\t\t</wp:comment>"
INSIDE = {
    "unclosed CDATA": [(b"buy pills]]>", b"buy pills")],
    "no end of the text": [(b"buy pills]]></wp:comment_content>", b"buy pills]]>")],
    "another end of the text": [(b"buy pills]]></wp:comment_c", b"buy pills]]></wp:komment_c")],
    "no CDATA at all": [(b"<![CDATA[buy pills]]>", b"buy pills & <br> more")],
    "CDATA twice": [(b"<![CDATA[buy pills]]>", b"<![CDATA[<![CDATA[buy pills]]>]]>")],
    "no end of the comment": [(APPROVED + AFTER, APPROVED)],
    "entity in a field": [(b"<![CDATA[Cheap Pills]]>", b"Cheap &nbsp; Pills")],
    "an end too many": [(b"<![CDATA[buy pills]]>", b"<![CDATA[buy pills]]></b>")],
}  # fmt: skip


@pytest.mark.parametrize("kind", INSIDE)
def test_damage_inside_a_comment_costs_neither_it_nor_its_neighbours(kind, tmp_path):
    found = damaged(tmp_path, *INSIDE[kind])
    assert ids(found) == IDS
    assert found.errors == []
    assert "buy pills" in found.comments[2].text
    assert (found.comments[2].status, found.labels[2]) == ("spam", "spam")
    assert found.comments[3].text == "win now"
    assert kinds(found)


def test_a_comment_without_text_is_no_comment_but_is_told_of(tmp_path):
    found = damaged(
        tmp_path, (b"<wp:comment_content><![CDATA[buy pills]]></wp:comment_content>", b"")
    )
    assert found.errors == ["no text in it"]
    assert ids(found) == ["11", "12", "15", "16", "17"]


def test_marks_of_comments_inside_a_sound_text_are_text(tmp_path):
    hostile = b"</wp:comment_content></wp:comment><wp:comment><wp:comment_id>11</wp:comment_id>"
    found = damaged(tmp_path, (b"buy pills", b"buy pills" + hostile))
    assert ids(found) == IDS
    assert found.comments[2].text.endswith("<wp:comment_id>11</wp:comment_id>")
    assert kinds(found) == []
    found = damaged(tmp_path, (b"buy pills", b"buy pills" + hostile), (b"Rye &amp;", b"Rye &"))
    assert ids(found) == IDS


def test_a_text_that_swallowed_the_next_comment_is_told_of(tmp_path):
    found = damaged(tmp_path, (b"photo</a></p>]]>", b"photo</a></p>"), data=DISQUS)
    assert "a text with the marks of another comment in it" in kinds(found)


@pytest.mark.parametrize("data", [DISQUS, TAKEOUT], ids=["disqus", "takeout"])
def test_the_other_xml_formats_are_mended_in_the_same_way(data, tmp_path):
    sound = read_bytes(data, tmp_path)
    for changes in (
        [(b"<?xml", b"`<?xml")],
        [(b"?>", b"?>\x01")],
        [(b'<thread dsq:id="20"/>', b"<thread dsq:id=20/>")] if data is DISQUS else [],
        [(b"</post>", b"")] if data is DISQUS else [(b"</author>", b"")],
        [(b"</disqus>" if data is DISQUS else b"</feed>", b"")],
    ):
        found = damaged(tmp_path, *changes, data=data)
        assert ids(found) == ids(sound)
        assert [c.text for c in found.comments] == [c.text for c in sound.comments]
        assert found.errors == []


def test_a_file_cut_anywhere_gives_all_that_is_before_the_cut(tmp_path):
    for cut in range(WORDPRESS.index(b"<wp:comment>\n") + 200, len(WORDPRESS), 41):
        found = read_bytes(WORDPRESS[:cut], tmp_path)
        begun = len(re.findall(rb"<wp:comment>\n", WORDPRESS[:cut]))
        given = len(found.records) + sum(found.reader.skipped.values())
        whole = WORDPRESS[:cut].count(b"</wp:comment>")
        assert whole <= given <= begun
        # Less than a text is no comment, and is told of.
        assert given == begun or kinds(found)
        assert cut > WORDPRESS.index(b"</rss>") or kinds(found)


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("iso-8859-1", "latin-1"),
        ("windows-1252", "windows-1252"),
        ("koi8-r", "koi8-r"),
        ("utf-16", "utf-16"),
        ("shift_jis", "shift_jis"),
        ("gb2312", "gb2312"),
    ],
)
def test_other_encodings_are_read_as_they_say(declared, codec, tmp_path):
    text = {"koi8-r": "хлеб", "shift_jis": "パン", "gb2312": "面包"}.get(codec, "Größe é")
    data = WORDPRESS.decode().replace("UTF-8", declared).replace("naïve", text)
    found = read_bytes(data.encode(codec), tmp_path)
    assert text in found.comments[0].text
    assert kinds(found) == []
    placed = [record.place for record in found.records]
    exact = codec in ("latin-1", "windows-1252", "koi8-r")
    assert all((place is not None) == exact for place in placed)


@pytest.mark.parametrize("declared", ["iso-8859-1", "utf-16", "nonsense", "rot13", "base64"])
def test_a_wrong_name_of_the_encoding_is_found_out(declared, tmp_path):
    found = damaged(tmp_path, (b"UTF-8", declared.encode()))
    assert "naïve" in found.comments[0].text
    assert ids(found) == IDS


JSON_DAMAGE = {
    "isso.json": (b'"text": "Good crust"', b'"text": "Good "crust"', 2),
    "commento.json": (b'"markdown": "pills"', b'"markdown": pills"', 1),
    "wp-cli.json": (b'"comment_content":"buy pills"', b'"comment_content":"buy pills', 1),
    "comentario-3.json": (b'"markdown":"waits"', b'"markdown":"wa\\its"', 1),
    "remark42.jsonl": (b'"text":"<p>buy now</p>', b'"text":"<p>buy" now</p>', 1),
}


@pytest.mark.parametrize("name", JSON_DAMAGE)
def test_a_broken_object_is_one_bad_record(name, tmp_path):
    old, new, bad = JSON_DAMAGE[name]
    data = (EXPORTS / name).read_bytes()
    sound = read_bytes(data, tmp_path)
    found = damaged(tmp_path, (old, new), data=data)
    assert len(found.errors) == bad
    assert "not JSON" in found.errors[0]
    assert len(found.comments) < len(sound.comments)
    assert {c.text for c in found.comments} < {c.text for c in sound.comments}


@pytest.mark.parametrize("name", ["isso.json", "commento.json", "wp-rest.json"])
def test_json_that_ends_too_early_gives_what_is_before(name, tmp_path):
    data = (EXPORTS / name).read_bytes().rstrip()
    found = read_bytes(data[: len(data) * 2 // 3], tmp_path)
    assert found.comments
    assert found.errors or kinds(found)


def test_movable_type_that_ends_too_early(tmp_path):
    data = (EXPORTS / "movabletype.txt").read_bytes()
    found = read_bytes(data[: data.index(b"greed.")], tmp_path)
    assert [comment.id for comment in found.comments] == ["4", "5"]
    assert kinds(found) == ["ends too early"]


@settings(max_examples=150)
@given(st.data())
def test_a_change_anywhere_loses_nothing_in_silence(tmp_path_factory, data):
    """Whatever is put somewhere: as many comments as before, or word of what is wrong."""
    at = data.draw(st.integers(700, len(WORDPRESS)))
    cut = data.draw(st.integers(0, 12))
    new = data.draw(st.sampled_from(
        [b"", b"\0", b"\xff", b"<", b">", b"&", b"]]>", b"<![CDATA[", b"</", b"<wp:", b"<!--", b'"']
    ))  # fmt: skip
    given_data = WORDPRESS[:at] + new + WORDPRESS[at + cut :]
    found = read_bytes(given_data, tmp_path_factory.mktemp("change"))
    count = len(found.records) + sum(found.reader.skipped.values())
    assert count == 7 or kinds(found) or found.errors
    assert count >= 6
    assert count <= 8


@pytest.mark.parametrize(
    "name", ["comments.jsonl", "remark42.jsonl", "wp-cli.json", "comment.json"]
)
def test_a_number_without_end_is_named_in_our_words(name, tmp_path):
    bad = b'{"id": %s, "text": "hello"}' % (b"9" * 5000)
    if name == "comment.json":
        (tmp_path / "a.json").write_bytes(bad)
        (tmp_path / "b.json").write_bytes(b'{"message": "hello"}')
        found = read(tmp_path)
    else:
        data = (EXPORTS / name).read_bytes()
        data = data.rstrip(b"\n]") + b"," + bad + b"]" if data[:1] == b"[" else data + bad + b"\n"
        found = read_bytes(data, tmp_path)
    assert found.comments
    assert found.errors[-1].endswith("a number with thousands of digits")
