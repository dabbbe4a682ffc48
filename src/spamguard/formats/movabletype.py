"""The text export of Movable Type and TypePad: entries, and the comments below them."""

import re
from collections.abc import Iterator
from datetime import datetime

from spamguard.formats.export import MOST_TEXT, Export, in_batches
from spamguard.formats.record import Record
from spamguard.records import HAM, Comment

_ENTRY_END = "--------"
_SECTION_END = "-----"
_SECTION = re.compile(r"(BODY|EXTENDED BODY|EXCERPT|KEYWORDS|COMMENT|PING|TAGS):\s*$")
_KEY = re.compile(r"([A-Z][A-Z ]{1,30}): ?(.*)")
#: The lines that may stand before the text of a comment.
_KEYS = frozenset(
    {"AUTHOR", "EMAIL", "IP", "URL", "DATE", "TITLE", "BLOG NAME", "ID", "PARENT", "STATUS"}
)
_TIMES = ("%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y")
_UNDECODED = re.compile("[\udc80-\udcff]")


class MovableType(Export):
    """The comments of a Movable Type export. It holds published ones only, so they are ham."""

    kind = "a Movable Type export"

    def _batches(self) -> Iterator[list[Record]]:
        return in_batches(self._records())

    def _records(self) -> Iterator[Record | None]:
        entry = _Entry()
        for section in self._sections():
            if section.name == "":
                entry = _Entry(*(section.keys.get(key) for key in ("TITLE", "UNIQUE URL")))
            elif section.name in ("BODY", "EXTENDED BODY"):
                entry.text = f"{entry.text}\n{section.text()}".strip()[:MOST_TEXT]
            elif section.name in ("COMMENT", "PING"):
                yield self._record(section, entry)

    def _sections(self) -> Iterator["_Section"]:
        """The parts of the file in order; the lines that begin an entry are one without name."""
        section = _Section("", 1)
        ended = False
        number = 0
        for chunk in self._source.line_chunks():
            for raw in chunk:
                number += 1
                line = self._decoded(raw, number).rstrip("\r\n")
                name = _SECTION.match(line)
                if line == _ENTRY_END and (ended or section.is_head):
                    yield section
                    section, ended = _Section("", number + 1), False
                elif (ended or section.is_head) and name:
                    yield section
                    section, ended = _Section(name[1], number), False
                elif ended and line.strip():
                    # What looked like the end of the section was a line of its text.
                    section.add(_SECTION_END)
                    section.add(line)
                    ended = False
                elif line == _SECTION_END and not ended:
                    ended = True
                elif not ended:
                    if name and section.name:
                        self.note(number, "a text with the marks of another comment in it")
                    section.add(line)
        if not ended and section.name:
            self.note(number, "ends too early")
        yield section

    def _decoded(self, raw: str, number: int) -> str:
        """A line as it is, or by the encoding that old Movable Type wrote beside UTF-8."""
        if raw.isascii() or not _UNDECODED.search(raw):
            return self._source.visible(raw)
        self.note(number, "lines that are not UTF-8, read as windows-1252")
        return raw.encode("utf-8", "surrogateescape").decode("windows-1252", "replace")

    def _record(self, section: "_Section", entry: "_Entry") -> Record | None:
        keys = section.keys
        comment = Comment(
            text=section.text(),
            author=keys.get("AUTHOR", keys.get("BLOG NAME")),
            author_url=keys.get("URL"),
            post_title=entry.title,
            id=keys.get("ID"),
            parent=keys.get("PARENT") or None,
            date=_date(keys.get("DATE")),
            post_link=entry.link,
            post_text=entry.text or None,
            status="published",
            author_email=keys.get("EMAIL"),
        )
        error = f"a comment of more than {MOST_TEXT >> 20} MiB" if section.too_long else None
        kind = "comment" if section.name == "COMMENT" else "ping"
        return self.record(comment, section.line, HAM, kind, error=error)


class _Entry:
    """What is said of the post that the comments below it belong to."""

    def __init__(self, title: str | None = None, link: str | None = None) -> None:
        self.title, self.link, self.text = title, link, ""


class _Section:
    """A part of the file: its name, the keys that it begins with, and its lines of text."""

    def __init__(self, name: str, line: int) -> None:
        self.name, self.line = name, line
        self.keys: dict[str, str] = {}
        self.too_long = False
        self._lines: list[str] = []
        self._length = 0

    @property
    def is_head(self) -> bool:
        return not self.name

    def add(self, line: str) -> None:
        found = None if self._lines else _KEY.match(line)
        if found and (self.is_head or (found[1] in _KEYS and found[1] not in self.keys)):
            self.keys.setdefault(found[1], found[2].strip())
            return
        self._length += len(line) + 1
        self.too_long = self._length > MOST_TEXT
        if not self.too_long:
            self._lines.append(line)

    def text(self) -> str:
        return "\n".join(self._lines)


def _date(text: str | None) -> str | None:
    for form in _TIMES:
        try:
            return datetime.strptime((text or "").strip(), form).isoformat()  # noqa: DTZ007 - it names no zone
        except ValueError:
            continue
    return text
