"""Atom as Blogger writes it: the classic backup, and ``feed.atom`` of a Google Takeout."""

from collections.abc import Iterator

from spamguard.formats.export import MOST_POSTS, Export, label_of
from spamguard.formats.record import Record
from spamguard.formats.shape import Element, Shape
from spamguard.formats.xml import Elements
from spamguard.records import Comment

SHAPE = Shape(
    comment="entry",
    fields=(
        "id", "title", "content", "published", "updated", "created", "category", "link",
        "name", "uri", "email", "type", "status", "parent", "inReplyTo", "in-reply-to",
        "filename", "trashed",
    ),
    text="content",
    inner=("author",),
    opened=b"<feed>",
)  # fmt: skip

_KIND = "blogger/2008/kind#"

Posts = dict[str, tuple[str | None, str | None]]


class Blogger(Export):
    """The comments among the entries of a Blogger export.

    A comment is given the title and link of its post where the post stands before it.
    """

    kind = "a Blogger export"

    def _batches(self) -> Iterator[list[Record]]:
        posts: Posts = {}
        for elements in Elements(self._source, SHAPE, self.note):
            batch = []
            for element in elements:
                kind = _kind(element)
                if kind == "comment" or element.error is not None:
                    record = self._record(element, posts)
                    if record is not None:
                        batch.append(record)
                elif kind in ("post", "page") and len(posts) < MOST_POSTS:
                    posts[_text(element, "id")] = (element.text("title"), _link(element))
                elif not kind:
                    self.note(element.line, "an entry that does not say what it is, left out")
            yield batch

    def _record(self, element: Element, posts: Posts) -> Record | None:
        reply = element.find("in-reply-to")
        post = reply.attributes.get("ref", "") if reply else _text(element, "parent")
        title, link = posts.get(post, (None, None))
        status = "TRASHED" if _text(element, "trashed") else _text(element, "status")
        text = element.text("content")
        comment = Comment(
            text=(text or "").strip(),
            author=element.text("author/name"),
            author_url=element.text("author/uri") or None,
            post_title=title,
            id=_text(element, "id") or None,
            parent=_parent(element),
            date=_text(element, "published") or None,
            post_link=(reply.attributes.get("href") if reply else None) or link,
            status=status or "published",  # a classic backup holds nothing else, and does not say
        )
        label = label_of(
            spam=False, trashed=status == "TRASHED", published=comment.status in _PUBLISHED
        )
        error = element.error or ("no content in it" if text is None else None)
        return self.record(comment, element.line, label, error=error)


_PUBLISHED = ("LIVE", "published")


def _text(element: Element, path: str) -> str:
    return (element.text(path) or "").strip()


def _kind(element: Element) -> str:
    """What an entry is (post, comment, template, ...), by its category or its type."""
    for field in element.fields:
        if field.path == "category" and _KIND in field.attributes.get("term", ""):
            return field.attributes["term"].partition(_KIND)[2]
    kind = _text(element, "type").lower()
    return kind or ("comment" if element.find("in-reply-to") else "")


def _link(element: Element) -> str | None:
    for field in element.fields:
        if field.path == "link" and field.attributes.get("rel") == "alternate":
            return field.attributes.get("href")
    return _text(element, "filename") or None


def _parent(element: Element) -> str | None:
    """The comment that is answered: named in Takeout; in a backup its number ends a link."""
    for field in element.fields:
        if field.path == "link" and field.attributes.get("rel") == "related":
            number = field.attributes.get("href", "").rpartition("/")[2]
            return f"{_text(element, 'id').rpartition('-')[0]}-{number}"
    return _text(element, "inReplyTo") or None
