"""The backup of Remark42: JSON lines, of which the first tells who is blocked."""

import json
from collections.abc import Iterator
from typing import Any

from spamguard.formats.export import Export, in_batches, label_of, parent_of, words
from spamguard.formats.jsonstream import DOUBLED, Names, what_is_wrong
from spamguard.formats.record import Record
from spamguard.records import Comment


class Remark42(Export):
    """The comments of a Remark42 backup. What a blocked user wrote is spam."""

    kind = "a Remark42 backup"

    def _batches(self) -> Iterator[list[Record]]:
        return in_batches(self._records())

    def _records(self) -> Iterator[Record | None]:
        blocked: set[str] = set()
        names = Names()
        line = 0
        for chunk in self._source.line_chunks():
            for raw in chunk:
                line += 1
                if not raw.strip():
                    continue
                try:
                    said = json.loads(self._source.visible(raw), object_pairs_hook=names.object_of)
                except (ValueError, RecursionError) as error:
                    yield Record(None, line, raw, what_is_wrong(error))
                    continue
                if names.were_doubled():
                    self.note(line, DOUBLED)
                if not isinstance(said, dict):
                    yield Record(None, line, raw, "not a JSON object")
                elif "users" in said and "text" not in said:
                    blocked |= _blocked(said["users"])
                else:
                    yield self._record(said, line, blocked)

    def _record(self, said: dict[str, Any], line: int, blocked: set[str]) -> Record | None:
        user, place = (said.get(key) for key in ("user", "locator"))
        user = user if isinstance(user, dict) else {}
        place = place if isinstance(place, dict) else {}
        text = words(said, "text", "orig")
        status = (
            "deleted"
            if said.get("delete") is True
            else "blocked"
            if words(user, "id") in blocked
            else "published"
        )
        comment = Comment(
            text=text or "",
            author=words(user, "name"),
            post_title=words(said, "title"),
            id=words(said, "id"),
            parent=parent_of(words(said, "pid")),
            date=words(said, "time"),
            post_link=words(place, "url"),
            status=status,
        )
        label = label_of(
            spam=status == "blocked", trashed=status == "deleted", published=status == "published"
        )
        missing = text is None and "text" not in said
        return self.record(comment, line, label, error="no text in it" if missing else None)


def _blocked(users: object) -> set[str]:
    """The ids of the users who may not write any more."""
    found = set()
    for user in users if isinstance(users, list) else ():
        state = user.get("blocked") if isinstance(user, dict) else None
        if isinstance(state, dict) and state.get("status") is True:
            found.add(words(user, "id") or "")
    return found - {""}
