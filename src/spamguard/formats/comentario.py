"""The JSON export of Commento and of Comentario, which went on from it: versions 1 and 3."""

from collections.abc import Iterator
from typing import Any

from spamguard.formats.export import (
    MOST_POSTS,
    Export,
    in_batches,
    label_of,
    parent_of,
    shown,
    words,
)
from spamguard.formats.jsonstream import Item, items
from spamguard.formats.record import Record
from spamguard.formats.source import Source
from spamguard.records import Comment

_NOBODY = "00000000-0000-0000-0000-000000000000"
#: Name, address and e-mail address.
_Person = tuple[str | None, str | None, str | None]


class Comentario(Export):
    """The comments of such an export. Who wrote them stands behind them, so it is read twice."""

    kind = "a Commento or Comentario export"

    def _batches(self) -> Iterator[list[Record]]:
        return in_batches(self._records())

    def _items(self) -> Iterator[Item]:
        with Source(self._source.plain_file()) as source:
            yield from items(source)

    def _records(self) -> Iterator[Record | None]:
        people: dict[str, _Person] = {}
        pages: dict[str, tuple[str | None, str | None]] = {}
        for key, _, value, *_ in self._items():
            if not isinstance(value, dict):
                continue
            if key == "commenters" and len(people) < MOST_POSTS:
                link = words(value, "link", "websiteUrl")
                who = words(value, "commenterHex", "id") or ""
                link = None if link == "undefined" else link
                people[who] = (words(value, "name"), link, words(value, "email"))
            elif key == "pages" and len(pages) < MOST_POSTS:
                pages[words(value, "id") or ""] = (words(value, "title"), words(value, "path"))
        for item in self._items():
            if item.error is not None and not item.raw:
                self.note(item.line, item.error)
            elif item.error is not None:
                yield Record(None, item.line, item.raw, item.error)
            elif item.key == "comments":
                yield self._record(item, people, pages)

    def _record(
        self,
        item: Item,
        people: dict[str, _Person],
        pages: dict[str, tuple[str | None, str | None]],
    ) -> Record | None:
        said = item.value
        if not isinstance(said, dict):
            return Record(None, item.line, "", "not a JSON object")
        who = words(said, "commenterHex", "userCreated") or ""
        name, link, email = people.get(who, (None, None, None))
        title, path = pages.get(words(said, "pageId") or "", (None, None))
        text = words(said, "markdown", "html")
        status = _status(said)
        comment = Comment(
            text=text or "",
            author=name or words(said, "authorName"),
            author_url=link,
            post_title=title,
            id=words(said, "commentHex", "id"),
            parent=_parent(said),
            date=words(said, "creationDate", "createdTime"),
            post_link=path or _link(said),
            status=status,
            author_email=email,
        )
        label = label_of(
            spam=status == "flagged",
            trashed=status in ("deleted", "rejected"),
            published=status == "approved",
        )
        error = None if text is not None else "no markdown in it"
        return self.record(comment, item.line, label, error=error)


def _status(said: dict[str, Any]) -> str:
    """The state; Commento calls ``flagged`` what Akismet took for spam."""
    if said.get("deleted") is True or said.get("isDeleted") is True:
        return "deleted"
    if "state" in said:
        return shown(said["state"]) or ""
    if said.get("isPending") is True:
        return "pending"
    return "approved" if said.get("isApproved") is True else "rejected"


def _parent(said: dict[str, Any]) -> object:
    parent = words(said, "parentHex", "parentId")
    return None if parent == _NOBODY else parent_of(parent)


def _link(said: dict[str, Any]) -> str | None:
    return ((words(said, "domain", "host") or "") + (words(said, "url", "path") or "")) or None
