"""JSON lines: one object a line."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from spamguard.errors import InputError
from spamguard.formats.columns import find_columns
from spamguard.formats.record import ADDED, Record, visible
from spamguard.formats.source import Source
from spamguard.records import Comment, Verdict


class JsonLines:
    """A file of JSON objects, one a line. The first object tells which key holds what."""

    def __init__(self, source: Source, chosen: Mapping[str, str]) -> None:
        self._source = source
        self._chosen = chosen
        self.columns: dict[str, str] = {}

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
        if not isinstance(item, dict):
            return Record(None, line, raw, "not a JSON object")
        if not self.columns:
            self._find_columns(item)
        text = item.get(self.columns["text"])
        if not isinstance(text, str):
            return Record(None, line, raw, f"no text in {self.columns['text']!r}", item)
        comment = Comment(
            visible(text),
            self._string(item, "author"),
            self._string(item, "author_url"),
            self._string(item, "post_title"),
            item.get(self.columns.get("id", "")),
        )
        return Record(comment, line, raw, None, item)

    def _find_columns(self, item: dict[str, Any]) -> None:
        names = list(item)
        self.columns = find_columns(names, self._chosen, self._source.name)
        if "text" not in self.columns:
            raise InputError(
                f"{self._source.name}: no key looks like the text of a comment among"
                f" {', '.join(names)}; name it with --text-column"
            )

    def _string(self, item: dict[str, Any], field: str) -> str | None:
        value = item.get(self.columns.get(field, ""))
        return visible(value) if isinstance(value, str) else None

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
        if any(name in record.cells for name in ADDED):
            kept = {key: value for key, value in record.cells.items() if key not in ADDED}
            body = json.dumps(kept, ensure_ascii=False)
        inside = body.rstrip().removesuffix("}").rstrip()
        comma = "" if inside.endswith("{") else ", "
        return inside + comma + json.dumps(added)[1:] + end
