"""A JSON document: an array of objects, bare or as ``comments`` in an object, or one object.

So do WP-CLI, the REST interface of WordPress and most databases hand out comments.
"""

from collections.abc import Iterator

from spamguard.errors import NoCommentsError
from spamguard.formats.export import in_batches, note_once
from spamguard.formats.jsonl import Objects
from spamguard.formats.jsonstream import items
from spamguard.formats.record import Record

#: The names under which an object holds the array of comments.
ARRAYS = ("", "comments", "data", "items", "results", "rows", "records")


class JsonArray(Objects):
    """The objects of a JSON document, whatever lines it is laid out in."""

    def batches(self) -> Iterator[list[Record]]:
        empty = True
        for batch in in_batches(self._records()):
            empty = empty and not batch
            yield batch
        if empty:
            raise NoCommentsError(f"{self._source.name}: JSON without comments in it")

    def _records(self) -> Iterator[Record]:
        values: dict[str, object] = {}
        found = False
        line = 1
        for item in items(self._source):
            if item.error is not None and not item.raw:
                note_once(self.damage, item.line, item.error)
            elif item.error is not None:
                yield Record(None, item.line, item.raw, item.error)
            elif item.alone and len(values) < 1000:
                values[item.key] = item.value
                line = line if values else item.line
            elif item.key in ARRAYS:
                found = True
                yield self._of_object(item.value, item.line, "")
        if values and not found:
            yield self._of_object(values, line, "")
