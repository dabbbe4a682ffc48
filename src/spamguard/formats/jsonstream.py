"""The objects in a JSON document, one after another, without the document in memory."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from spamguard.errors import InputError
from spamguard.formats.source import Source

#: An object that is still open after so many characters is none.
MOST_OBJECT = 16 << 20
#: A file with more broken objects is broken in another way.
MOST_LOST = 10_000

_BLANK = re.compile(r"\s*")
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*')
#: Where the next object of an array begins, seen from inside a broken one.
_NEXT = re.compile(r"(?:\}\s*,|\"comments\"\s*:\s*\[)\s*(?=\{)")


#: What is said of an object that has lost a value to another one.
DOUBLED = "a name twice in an object; the last is taken"


class Names:
    """Makes objects of what a JSON decoder finds, and notices names that come twice in one."""

    def __init__(self) -> None:
        self.doubled = False

    def object_of(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        self.doubled |= len(found) < len(pairs)
        return found

    def were_doubled(self) -> bool:
        """Whether there was such an object since this was asked last."""
        doubled, self.doubled = self.doubled, False
        return doubled


def what_is_wrong(error: ValueError | RecursionError) -> str:
    """What keeps a text from being JSON that can be read, in words for its owner."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg}"
    if isinstance(error, RecursionError):
        return "objects too deep inside each other"
    return "a number with thousands of digits"  # Python reads all others


class Item(NamedTuple):
    """An object of an array: the key of the array, "" at the top; the value, or what was wrong.

    raw: what could not be read; empty where the document itself is broken.
    alone: the value stands in no array.
    """

    key: str
    line: int
    value: Any
    error: str | None = None
    raw: str = ""
    alone: bool = False


def items(source: Source) -> Iterator[Item]:
    """What stands in the array that the document is, or in the arrays of the object that it is.

    Other values of that object come as they are, under their keys.
    """
    return _Document(source).items()


class _Document:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._chunks = source.text_chunks()
        self._names = Names()
        self._decoder = json.JSONDecoder(object_pairs_hook=self._names.object_of)
        self._text = ""
        self._at = 0
        self._line = 1  # of the place up to where lines were counted
        self._counted = 0
        self._ended = False
        self._lost_count = 0

    def _more(self) -> bool:
        """Read on; false when there is no more."""
        if self._ended:
            return False
        self._line_now()
        wanted = len(self._text) - self._at
        pieces = [self._text[self._at :]]
        self._at = self._counted = 0
        size = 0
        while size <= wanted:  # twice as much each time, so that nothing is read over and over
            chunk = next(self._chunks, None)
            if chunk is None:
                self._ended = True
                break
            pieces.append(self._source.visible(chunk))
            size += len(chunk)
        self._text = "".join(pieces)
        return size > 0

    def _peek(self) -> str:
        """The next character that is not blank, "" at the end."""
        while True:
            found = _BLANK.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _line_now(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def items(self) -> Iterator[Item]:
        opened = self._peek()
        for item in self._array("") if opened == "[" else self._object() if opened == "{" else ():
            yield item
            if self._names.were_doubled():
                yield Item("", item.line, None, DOUBLED)
        if self._peek():
            yield Item("", self._line_now(), None, "more text after the end of the document")

    def _object(self) -> Iterator[Item]:
        self._at += 1
        keys = set()
        while (seen := self._peek()) != "}":
            key = self._key() if seen == '"' else None
            if key is None:
                yield self._lost("no name of a value", "")
                return
            self._names.doubled |= key in keys
            keys.add(key)
            if self._peek() == "[":
                yield from self._array(key)
            else:
                yield self._value(key)._replace(alone=True)
            if self._peek() == ",":
                self._at += 1
        self._at += 1

    def _key(self) -> str | None:
        while (found := _STRING.match(self._text, self._at)) is None:
            if len(self._text) - self._at > 1000 or not self._more():
                return None
        self._at = found.end()
        return found[1]

    def _array(self, key: str) -> Iterator[Item]:
        """The items up to the end of the array; of one at the top, up to the end of the document.

        What was lost may have begun an array that ends before the one that it was lost in.
        """
        self._at += 1
        last = "["
        while seen := self._peek():
            last = seen
            if seen not in "]},":
                yield self._value(key)
                continue
            self._at += 1
            if key and seen == "]":
                return
        if last != "]":
            yield Item(key, self._line_now(), None, "ends too early")

    def _value(self, key: str) -> Item:
        line = self._line_now()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except RecursionError as error:
                return self._lost(what_is_wrong(error), key)
            except ValueError as error:
                short = len(self._text) - self._at < MOST_OBJECT
                if not short or not self._may_end_later(error) or not self._more():
                    return self._lost(what_is_wrong(error), key)
            else:
                # A number may go on in what was not read yet.
                if end < len(self._text) or not self._more():
                    self._at = end
                    return Item(key, line, value)

    def _may_end_later(self, error: ValueError) -> bool:
        """Whether the error can come from the text being cut off where it is."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.pos > len(self._text) - 20 or "Unterminated" in error.msg

    def _lost(self, reason: str, key: str) -> Item:
        """An item that cannot be read; goes on behind it."""
        self._lost_count += 1
        if self._lost_count > MOST_LOST:
            raise InputError(
                f"{self._source.name}: line {self._line_now()}: more than {MOST_LOST:,} objects"
                " of it cannot be read: this is no JSON"
            )
        line, start = self._line_now(), self._at
        while (found := _NEXT.search(self._text, start)) is None:
            if len(self._text) - self._at > MOST_OBJECT or not self._more():
                break
            start = self._at
        end = found.end() if found else len(self._text)
        raw = self._text[self._at : end]
        self._at = end
        return Item(key, line, None, reason, raw)
