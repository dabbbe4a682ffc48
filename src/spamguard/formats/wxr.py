"""WordPress eXtended RSS, the export of WordPress: versions 1.0, 1.1 and 1.2.

The exporter leaves spam out, so a file holds spam only where a plugin wrote it.
"""

from collections.abc import Iterator

from spamguard.formats.export import TRASHED, Export, iso_time, label_of, parent_of
from spamguard.formats.record import Record
from spamguard.formats.shape import Element, Shape
from spamguard.formats.xml import Elements
from spamguard.records import HAM, SPAM, Comment

SHAPE = Shape(
    comment="comment",
    fields=(
        "comment_id", "comment_author", "comment_author_email", "comment_author_url",
        "comment_author_IP", "comment_date", "comment_date_gmt", "comment_content",
        "comment_approved", "comment_type", "comment_parent", "comment_user_id",
        "meta_key", "meta_value",
    ),
    text="comment_content",
    inner=("commentmeta",),
    around="item",
    kept=("title", "link", "encoded"),
    opened=b"<rss><channel>",
    status="comment_approved",
)  # fmt: skip

_TRASH = ("trash", "post-trashed")
_NO_TIME = "0000-00-00 00:00:00"


class Wxr(Export):
    """The comments of a WordPress export."""

    kind = "a WordPress export (WXR)"

    def _batches(self) -> Iterator[list[Record]]:
        for elements in Elements(self._source, SHAPE, self.note):
            records = map(self._record, filter(_is_comment, elements))
            yield [record for record in records if record is not None]

    def _record(self, element: Element) -> Record | None:
        said = {field.path: field.text for field in reversed(element.fields)}
        status = said.get("comment_approved", "").strip()
        text = said.get("comment_content")
        approved = element.find("comment_approved")
        around = element.around
        comment = Comment(
            text=text or "",
            author=said.get("comment_author"),
            author_url=said.get("comment_author_url"),
            post_title=around.get("title"),
            id=said.get("comment_id", "").strip() or None,
            parent=parent_of(said.get("comment_parent", "").strip()),
            date=_date(said),
            post_link=around.get("link"),
            post_text=around.get("encoded"),
            status=status,
            author_email=said.get("comment_author_email"),
        )
        error = element.error or ("no text in it" if text is None else None)
        kind = said.get("comment_type", "").strip() or "comment"
        place = None if approved is None else approved.place
        return self.record(comment, element.line, _label(status, element), kind, place, error)


def _is_comment(element: Element) -> bool:
    """Other extensions of RSS have an element of that name too."""
    return element.error is not None or any(
        field.path.startswith("comment_") for field in element.fields
    )


def _date(said: dict[str, str]) -> str | None:
    gmt = said.get("comment_date_gmt", _NO_TIME).strip()
    if gmt and gmt != _NO_TIME:
        return iso_time(gmt, "Z")
    return iso_time(said["comment_date"]) if "comment_date" in said else None


def _label(status: str, element: Element) -> str | None:
    """The owner's word, given as a status or to Akismet, counts before Akismet's own.

    That Akismet let a comment pass says little: it does so when it knows nothing.
    """
    said = label_of(spam=status == "spam", trashed=False, published=status == "1")
    if said is not None:
        return said
    meta = _meta(element)
    owner = {"true": SPAM, "false": HAM}.get(meta.get("akismet_user_result", ""))
    if owner is not None:
        return owner
    if meta.get("akismet_result") == "true":
        return SPAM
    return TRASHED if status in _TRASH else None


def _meta(element: Element) -> dict[str, str]:
    keys = [field.text for field in element.fields if field.path == "commentmeta/meta_key"]
    values = [field.text for field in element.fields if field.path == "commentmeta/meta_value"]
    return dict(zip(keys, values, strict=False))
