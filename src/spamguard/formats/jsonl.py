"""JSON lines: one object a line."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from spamguard.errors import NoCommentsError
from spamguard.formats.columns import NO_PARENT, NOT_COMMENTS, find_columns, listed
from spamguard.formats.record import ADDED, Choices, Record, visible
from spamguard.formats.source import Source
from spamguard.records import Comment, Verdict

Getter = Callable[[dict[str, Any]], Any]


class Objects:
    """Comments that are JSON objects. The first object tells which key holds what.

    A key of an object inside an object is called ``outer.inner``.
    """

    def __init__(self, source: Source, choices: Choices) -> None:
        self.columns: dict[str, str] = {}
        self.skipped: Counter[str] = Counter()
        self.damage: list[tuple[int, str]] = []
        self._source = source
        self._choices = choices
        self._getters: dict[str, Getter] = {}

    def _of_object(self, item: object, line: int, raw: str) -> Record:
        if not isinstance(item, dict):
            return Record(None, line, raw, "not a JSON object")
        if not self.columns:
            self._find_columns(item)
        get = self._getters
        kind = get["type"](item)
        if isinstance(kind, str) and kind in NOT_COMMENTS and not self._choices.include_pingbacks:
            self.skipped[kind] += 1
            return Record(None, line, raw, None, item)
        text = get["text"](item)
        if not isinstance(text, str):
            return Record(None, line, raw, f"no text in {self.columns['text']!r}", item)
        comment = Comment(
            visible(text),
            _string(get["author"](item)),
            _string(get["author_url"](item)),
            _string(get["post_title"](item)),
            get["id"](item),
            _parent(get["parent"](item)),
            _shown(get["date"](item)),
            _string(get["post_link"](item)),
            _string(get["post_text"](item)),
            _shown(get["status"](item)),
        )
        return Record(comment, line, raw, None, item)

    def _find_columns(self, item: dict[str, Any]) -> None:
        names = list(_names(item))
        self.columns = find_columns(names, self._choices.columns, self._source.name)
        if "text" not in self.columns:
            raise NoCommentsError(
                f"{self._source.name}: no key looks like the text of a comment among"
                f" {listed(names)}; name it with --text-column"
            )
        self._getters = {
            field: _getter(self.columns.get(field, "")) for field in (*Comment._fields, "type")
        }

    def cell(self, record: Record, column: str) -> Any:
        return _getter(column)(record.cells) if isinstance(record.cells, dict) else None


def _names(item: dict[str, Any]) -> Iterator[str]:
    """The names of the values in an object, those in the objects inside it with it."""
    for key, value in item.items():
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in value)
        else:
            yield key


def _getter(column: str) -> Getter:
    """What finds a value by the name that ``_names`` gives it."""
    outer, _, inner = column.partition(".")

    def get(item: dict[str, Any]) -> Any:
        if column in item or not inner:
            return item.get(column)
        value = item.get(outer)
        return value.get(inner) if isinstance(value, dict) else None

    return get


def _string(value: object) -> str | None:
    return visible(value) if isinstance(value, str) else None


def _parent(value: object) -> object:
    return None if value in NO_PARENT else value


def _shown(value: object) -> str | None:
    return str(value) if isinstance(value, int | float) else _string(value)


class JsonLines(Objects):
    """A file of JSON objects, one a line."""

    def batches(self) -> Iterator[list[Record]]:
        line = 1
        for chunk in self._source.line_chunks():
            batch = []
            for raw in chunk:
                batch.append(self._record(raw, line))
                line += 1
            yield batch

    def _record(self, raw: str, line: int) -> Record:
        if not raw.strip():
            return Record(None, line, raw)
        try:
            item = json.loads(visible(raw))
        except json.JSONDecodeError as error:
            return Record(None, line, raw, f"not JSON: {error.msg} (column {error.colno})")
        except (ValueError, RecursionError) as error:
            return Record(None, line, raw, f"not JSON: {error}")
        return self._of_object(item, line, raw)

    def opening(self) -> str:
        return self._source.bom.decode(self._source.encoding)

    def annotated(self, record: Record, verdict: Verdict | None) -> str:
        if record.comment is None and record.error is None:
            return record.raw
        label, probability = verdict or (None, None)
        added = dict(
            zip(ADDED, (label, None if probability is None else round(probability, 6)), strict=True)
        )
        body = record.raw.rstrip("\r\n")
        end = record.raw[len(body) :]
        if not isinstance(
            record.cells, dict
        ):  # what cannot be read stays as it was, and can be found
            return json.dumps({"spamguard_error": record.error, "raw": body, **added}) + end
        if any(name in record.cells for name in ADDED):
            kept = {key: value for key, value in record.cells.items() if key not in ADDED}
            body = json.dumps(kept, ensure_ascii=False)
        inside = body.rstrip().removesuffix("}").rstrip()
        comma = "" if inside.endswith("{") else ", "
        return inside + comma + json.dumps(added)[1:] + end
