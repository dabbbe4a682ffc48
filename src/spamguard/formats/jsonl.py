"""JSON lines: one object a line."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from spamguard.formats.columns import NO_PARENT, NOT_COMMENTS, find_columns, listed, with_status
from spamguard.formats.jsonstream import MOST_OBJECT, what_is_wrong
from spamguard.formats.record import (
    EARLIER,
    LABEL_COLUMN,
    PROBABILITY_COLUMN,
    REASON_KEY,
    Choices,
    Record,
    added_keys,
    visible,
)
from spamguard.formats.source import Source
from spamguard.records import Comment, Verdict

#: What an earlier run added at the end of an object.
_EARLIER = re.compile(
    rf'(?:, )?"{LABEL_COLUMN}": (?:"\w+"|null), "{PROBABILITY_COLUMN}": [^,{{}}]*'
    rf'(?:, "{REASON_KEY}": "(?:[^"\\]|\\.)*")?\}}$'
)
Getter = Callable[[dict[str, Any]], Any]

#: So many different sets of keys are remembered.
MOST_SHAPES = 1000


def _finite(number: str) -> float | None:
    """A number as JSON has it; what Python reads beyond that, NaN and infinities, is no value."""
    value = float(number)
    return value if math.isfinite(value) else None


def _names(item: dict[str, Any]) -> tuple[str, ...]:
    """The names of the values in an object; a value in an object inside it is ``outer.inner``."""
    if dict not in map(type, item.values()):
        return tuple(item)
    names: list[str] = []
    for key, value in item.items():
        names += (f"{key}.{inner}" for inner in value) if isinstance(value, dict) else [key]
    return tuple(names)


def _getter(name: str | None) -> Getter:
    """What finds a value by the name that ``_names`` gives it."""
    if name is None:
        return lambda _: None
    outer, _, inner = name.partition(".")

    def get(item: dict[str, Any]) -> Any:
        if name in item or not inner:
            return item.get(name)
        value = item.get(outer)
        return value.get(inner) if isinstance(value, dict) else None

    return get


def _string(value: object) -> str | None:
    return visible(value) if isinstance(value, str) else None


def _shown(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else _string(value)


class _Shape:
    """How to read the objects with one set of keys: the column of each field, and its value."""

    def __init__(self, columns: dict[str, str]) -> None:
        self.columns = columns
        names = with_status(columns)
        get = {field: _getter(names.get(field)) for field in (*Comment._fields, "type")}
        self.text, self.kind = get["text"], get["type"]
        self._get = get

    def comment(self, item: dict[str, Any], text: str) -> Comment:
        get = self._get
        parent = get["parent"](item)
        return Comment(
            text,
            _string(get["author"](item)),
            _string(get["author_url"](item)),
            _string(get["post_title"](item)),
            get["id"](item),
            None if parent in NO_PARENT else parent,
            _shown(get["date"](item)),
            _string(get["post_link"](item)),
            _string(get["post_text"](item)),
            _shown(get["status"](item)),
            _string(get["author_email"](item)),
        )


class Objects:
    """Comments that are JSON objects. Each is read by its own keys."""

    def __init__(self, source: Source, choices: Choices) -> None:
        #: Those of the first comment.
        self.columns: dict[str, str] = {}
        self.names: tuple[str, ...] = ()
        self.skipped: Counter[str] = Counter()
        self.damage: list[tuple[int, str]] = []
        self._source = source
        self._choices = choices
        self._known: dict[tuple[str, ...], _Shape] = {}

    def _of_object(self, item: object, line: int, raw: str) -> Record:
        if not isinstance(item, dict):
            return Record(None, line, raw, "not a JSON object")
        names = _names(item)
        shape = self._shape(names)
        kind = shape.kind(item)
        if isinstance(kind, str) and kind in NOT_COMMENTS and not self._choices.include_pingbacks:
            self.skipped[kind] += 1
            return Record(None, line, raw, None, item)
        if "text" not in shape.columns:
            missing = [name for name in self._choices.columns.values() if name not in names]
            what = f"no {missing[0]!r}" if missing else "no key looks like the text of a comment"
            problem = f"{what} among the keys: {listed(names) or '(none)'}"
            return Record(None, line, raw, problem, item)
        text = shape.text(item)
        if not isinstance(text, str):
            return Record(None, line, raw, f"no text in {shape.columns['text']!r}", item)
        if not self.names:
            self.columns, self.names = shape.columns, names
        return Record(shape.comment(item, visible(text)), line, raw, None, item)

    def _shape(self, names: tuple[str, ...]) -> _Shape:
        known = self._known.get(names)
        if known is None:
            if len(self._known) > MOST_SHAPES:
                self._known.clear()
            chosen = self._choices.columns
            there = {field: name for field, name in chosen.items() if name in names}
            columns = find_columns(names, there, self._source.name)
            if len(there) < len(chosen):
                columns.pop("text", None)
            known = self._known[names] = _Shape(columns)
        return known

    def cell(self, record: Record, column: str) -> Any:
        return _getter(column)(record.cells) if isinstance(record.cells, dict) else None


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
        if len(raw) > MOST_OBJECT:
            return Record(None, line, raw, f"more than {MOST_OBJECT >> 20} MiB: no comment")
        try:
            item = json.loads(
                self._source.visible(raw), parse_constant=_finite, parse_float=_finite
            )
        except json.JSONDecodeError as error:
            problem = f"{what_is_wrong(error)} (column {error.colno})"
            return Record(None, line, raw, problem)
        except (ValueError, RecursionError) as error:
            return Record(None, line, raw, what_is_wrong(error))
        return self._of_object(item, line, raw)

    def opening(self) -> str:
        return self._source.bom.decode(self._source.encoding)

    def annotated(self, record: Record, verdict: Verdict | None) -> str:
        if record.comment is None and record.error is None:
            return record.raw
        added = added_keys(verdict)
        body = record.raw.rstrip("\r\n")
        end = record.raw[len(body) :]
        if not isinstance(
            record.cells, dict
        ):  # what cannot be read stays as it was, and can be found
            return json.dumps({"spamguard_error": record.error, "raw": body, **added}) + end
        body = _EARLIER.sub("}", body)
        if any(f'"{name}"' in body for name in EARLIER):
            kept = {key: value for key, value in record.cells.items() if key not in EARLIER}
            body = json.dumps(kept, ensure_ascii=False)
        inside = body.rstrip().removesuffix("}").rstrip()
        comma = "" if inside.endswith("{") else ", "
        return inside + comma + json.dumps(added)[1:] + end
