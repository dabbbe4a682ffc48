"""JSON lines: one object a line."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from spamguard.formats.columns import find_columns
from spamguard.formats.record import ADDED, LABEL_COLUMN, PROBABILITY_COLUMN, Record, visible
from spamguard.formats.source import Source
from spamguard.records import Comment, Verdict

#: What an earlier run added at the end of an object.
_EARLIER = re.compile(
    rf'(?:, )?"{LABEL_COLUMN}": (?:"\w+"|null), "{PROBABILITY_COLUMN}": [^,{{}}]*\}}$'
)
#: The fields beside the text.
CONTEXT = ("author", "author_url", "post_title")
#: So many different sets of keys are remembered.
MOST_SHAPES = 1000


def _finite(number: str) -> float | None:
    """A number as JSON has it; what Python reads beyond that, NaN and infinities, is no value."""
    value = float(number)
    return value if math.isfinite(value) else None


class JsonLines:
    """A file of JSON objects, one a line. The first object tells which key holds what."""

    def __init__(self, source: Source, chosen: Mapping[str, str]) -> None:
        self._source = source
        self._chosen = chosen
        #: Those of the first object; each object is read by its own.
        self.columns: dict[str, str] = {}
        self.names: tuple[str, ...] = ()
        self._known: dict[tuple[str, ...], dict[str, str]] = {}

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
            item = json.loads(
                self._source.visible(raw), parse_constant=_finite, parse_float=_finite
            )
        except json.JSONDecodeError as error:
            return Record(None, line, raw, f"not JSON: {error.msg} (column {error.colno})")
        except (ValueError, RecursionError) as error:
            return Record(None, line, raw, f"not JSON: {error}")
        if not isinstance(item, dict):
            return Record(None, line, raw, "not a JSON object")
        columns = self._columns(item)
        if "text" not in columns:
            missing = [name for name in self._chosen.values() if name not in item]
            what = f"no {missing[0]!r}" if missing else "no key looks like the text of a comment"
            problem = f"{what} among the keys: {', '.join(item) or '(none)'}"
            return Record(None, line, raw, problem, item)
        text = item[columns["text"]]
        if not isinstance(text, str):
            return Record(None, line, raw, f"no text in {columns['text']!r}", item)
        if not self.names:
            self.columns, self.names = columns, tuple(item)
        author, author_url, post_title = (
            self._string(item, columns.get(field)) for field in CONTEXT
        )
        key = item.get(columns.get("id"))
        comment = Comment(visible(text), author, author_url, post_title, key)
        return Record(comment, line, raw, None, item)

    @staticmethod
    def _string(item: dict[str, Any], key: str | None) -> str | None:
        value = item.get(key) if key else None
        return visible(value) if isinstance(value, str) else None

    def _columns(self, item: dict[str, Any]) -> dict[str, str]:
        names = tuple(item)
        if names not in self._known:
            if len(self._known) > MOST_SHAPES:
                self._known.clear()
            there = {field: name for field, name in self._chosen.items() if name in item}
            self._known[names] = find_columns(names, there, self._source.name)
            if len(there) < len(self._chosen):
                self._known[names].pop("text", None)
        return self._known[names]

    def cell(self, record: Record, column: str) -> Any:
        return record.cells.get(column) if isinstance(record.cells, dict) else None

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
        body = _EARLIER.sub("}", body)
        if any(f'"{name}"' in body for name in ADDED):
            kept = {key: value for key, value in record.cells.items() if key not in ADDED}
            body = json.dumps(kept, ensure_ascii=False)
        inside = body.rstrip().removesuffix("}").rstrip()
        comma = "" if inside.endswith("{") else ", "
        return inside + comma + json.dumps(added)[1:] + end
