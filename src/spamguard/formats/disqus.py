"""The XML export of Disqus. It says which comments are spam."""

from collections.abc import Iterator

from spamguard.formats.export import MOST_POSTS, Export, label_of
from spamguard.formats.record import Record
from spamguard.formats.shape import Element, Shape
from spamguard.formats.xml import Elements
from spamguard.records import Comment

SHAPE = Shape(
    comment="post",
    fields=(
        "id", "message", "createdAt", "isDeleted", "isSpam", "isApproved", "email", "name",
        "isAnonymous", "username", "link", "ipAddress", "thread", "parent",
    ),
    text="message",
    inner=("author",),
    others=("thread",),
    opened=b"<disqus>",
    status="isSpam",
)  # fmt: skip


class Disqus(Export):
    """The comments of a Disqus export. Threads stand before them: title and link of the post."""

    kind = "a Disqus export"

    def _batches(self) -> Iterator[list[Record]]:
        threads: dict[str, tuple[str | None, str | None]] = {}
        for elements in Elements(self._source, SHAPE, self.note):
            batch = []
            for element in elements:
                if element.name != SHAPE.comment:
                    if len(threads) < MOST_POSTS:
                        title, link = _stripped(element, "title", "link")
                        threads[_id(element.attributes)] = (title, link)
                    continue
                record = self._record(element, threads)
                if record is not None:
                    batch.append(record)
            yield batch

    def _record(
        self, element: Element, threads: dict[str, tuple[str | None, str | None]]
    ) -> Record | None:
        thread, parent, spam = (element.find(name) for name in ("thread", "parent", "isSpam"))
        title, link = threads.get(_id(thread.attributes) if thread else "", (None, None))
        message, created, author, email = _stripped(
            element, "message", "createdAt", "author/name", "author/email"
        )
        status = _status(element)
        comment = Comment(
            text=message or "",
            author=author,
            post_title=title,
            id=_id(element.attributes) or None,
            parent=_id(parent.attributes) or None if parent else None,
            date=created,
            post_link=link,
            status=status,
            author_email=email,
        )
        label = label_of(
            spam=status == "spam", trashed=status == "deleted", published=status == "approved"
        )
        error = element.error or ("no message in it" if message is None else None)
        return self.record(
            comment, element.line, label, place=spam.place if spam else None, error=error
        )


def _id(attributes: object) -> str:
    """The attribute ``id`` in whatever namespace."""
    found = (value for name, value in dict(attributes).items() if name.split(":")[-1] == "id")  # type: ignore[call-overload]
    return next(found, "")


def _stripped(element: Element, *paths: str) -> tuple[str | None, ...]:
    texts = (element.text(path) for path in paths)
    return tuple(None if text is None else text.strip() for text in texts)


def _status(element: Element) -> str:
    """One word out of three flags; what is no flag is given as it stands."""
    spam, deleted, approved = (
        (element.text(path) or "").strip() for path in ("isSpam", "isDeleted", "isApproved")
    )
    if spam not in ("true", "false", ""):
        return spam
    if spam == "true":
        return "spam"
    if deleted == "true":
        return "deleted"
    return "unapproved" if approved == "false" else "approved"
