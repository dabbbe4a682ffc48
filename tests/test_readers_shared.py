"""Real export files: every comment in them, by kind and status, however they are given."""

import gzip
import re
from collections import Counter

import pytest

from readers_support import SHARED, as_stdin, read, zipped

pytestmark = pytest.mark.skipif(
    not SHARED.is_dir(), reason=f"needs the real export files in {SHARED}"
)

COUNTS = SHARED / "wxr" / "COUNTS.tsv"
WXR = [line.split("\t") for line in COUNTS.read_text().splitlines()[1:]] if SHARED.is_dir() else []
BY_NAME = {name: (int(total), counts) for name, _, _, total, counts in WXR}


def counted(found):
    by_kind = Counter(
        f"{kind}:{comment.status}"
        for kind, comment in zip(found.kinds, found.comments, strict=True)
    )
    return " ".join(f"{name}={count}" for name, count in sorted(by_kind.items()))


@pytest.mark.parametrize("name", BY_NAME)
def test_wordpress_counts(name, tmp_path, monkeypatch):
    path = SHARED / "wxr" / name
    data = path.read_bytes()
    total, counts = BY_NAME[name]
    whole = read(path, include_pingbacks=True)
    assert counted(whole) == counts
    assert len(whole.comments) == total == data.count(b"<wp:comment>")
    assert whole.errors == []
    packed = tmp_path / "export.xml.gz"
    packed.write_bytes(gzip.compress(data, 1))
    for given in (packed, zipped(tmp_path, **{f"folder/{name}": data})):
        assert read(given, include_pingbacks=True).comments == whole.comments
    as_stdin(monkeypatch, data)
    assert read("-", include_pingbacks=True).comments == whole.comments
    usual = read(path)
    assert len(usual.comments) + sum(usual.reader.skipped.values()) == total


@pytest.mark.parametrize("name", BY_NAME)
def test_wordpress_texts_are_whole(name):
    """No text is lost: all that stands between the tags is given, character by character."""
    data = (SHARED / "wxr" / name).read_bytes()
    texts = re.findall(rb"<wp:comment_content>(.*?)</wp:comment_content>", data, re.DOTALL)
    found = read(SHARED / "wxr" / name, include_pingbacks=True)
    for raw, comment in zip(texts, found.comments, strict=True):
        inside = raw.removeprefix(b"<![CDATA[").removesuffix(b"]]>").decode("utf-8", "replace")
        inside = inside.replace("]]]]><![CDATA[>", "]]>").replace("\r\n", "\n")
        assert re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", " ", inside) == comment.text


@pytest.mark.parametrize("name", BY_NAME)
def test_wordpress_statuses_stand_where_the_record_says(name):
    data = (SHARED / "wxr" / name).read_bytes()
    for record in read(SHARED / "wxr" / name, include_pingbacks=True).records:
        start, raw = record.place
        assert data[start : start + len(raw)] == raw == record.comment.status.encode()


IMPORTER = {"importer-valid-wxr-1.0.xml": 1, "importer-valid-wxr-1.1.xml": 1,
            "themeunittestdata.wordpress.xml": 32}  # fmt: skip


@pytest.mark.parametrize("name", IMPORTER)
def test_the_importers_own_examples(name):
    found = read(SHARED / "wxr" / name, include_pingbacks=True)
    assert len(found.comments) == IMPORTER[name]


#: File, what stands once for each comment in it, and the pattern's file where it is packed.
OTHERS = {
    "isso/disqus.xml": rb"<post[ >]",
    "isso/generic.json": rb'"text":',
    "remark42/disqus.xml": rb"<post[ >]",
    "remark42/commento.json": rb'"markdown":',
    "remark42/native-backup.jsonl.gz": rb'"locator":',
    "comentario/comentario-ok-single-v1.json.gz": rb'"markdown":',
    "comentario/comentario-ok-single-v3.json.gz": rb'"markdown":',
    "comentario/disqus-ok-single.xml.gz": rb"<post[ >]",
    "blogger/blogger-sample.xml": rb"kind#comment'",
    "movabletype/mt-example.dump": rb"(?m)^COMMENT:",
}


@pytest.mark.parametrize("name", OTHERS)
def test_the_other_formats(name):
    data = (SHARED / name).read_bytes()
    data = gzip.decompress(data) if name.endswith(".gz") else data
    found = read(SHARED / name)
    assert len(found.comments) == len(re.findall(OTHERS[name], data))
    assert found.errors == []


def test_an_isso_database():
    assert len(read(SHARED / "isso" / "isso-comments.db").comments) == 10


@pytest.mark.parametrize("name", ["wordpress-ok-long.zip", "wordpress-bad-two-files.zip"])
def test_zips(name):
    assert len(read(SHARED / "comentario" / name).comments) == 1
