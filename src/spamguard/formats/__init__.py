"""Readers and writers: one module a format, and the table that picks one by name or by content."""

import re
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, NamedTuple, cast

from spamguard.errors import InputError, NoCommentsError
from spamguard.formats.forms import JSON_LINES, PARQUET, SAME
from spamguard.formats.record import Annotator, Choices, Reader
from spamguard.formats.source import Source

Chosen = Mapping[str, str]


class Format(NamedTuple):
    """A format: its name, its reader, and how its beginning is told from all others.

    reader: module and class. extra: what the class is given after source and choices.
    looks: of the beginning, decoded; formats without it are only read when they are asked for.
    is_table: whether it can be written back with verdicts beside its rows.
    has_columns: whether it says itself what its fields are called.
    """

    name: str
    reader: str
    looks: Callable[[str], object] | None = None
    extra: tuple[str, ...] = ()
    is_table: bool = False
    has_columns: bool = False

    def open(self, source: Source, choices: Choices) -> Reader:
        module, _, name = self.reader.partition(":")
        reader = getattr(import_module(f"spamguard.formats.{module}"), name)
        return cast("Reader", reader(source, choices, *self.extra))


def _has(pattern: str) -> Callable[[str], object]:
    """Whether the pattern occurs; compiled when it is asked for, and not at import."""
    return lambda head: re.search(pattern, head)


def _begins(pattern: str) -> Callable[[str], object]:
    return lambda head: re.match(r"\s*" + pattern, head)


#: The root of an export in XML, behind what may stand before it.
_ROOT: Final = r"(?s)[^<]*+(?>(?>(?:<\?.*?\?>|<!--.*?-->)\s*))*+<(?:\w+:)?(rss|disqus|feed)[\s>]"


def _is_xml(root: str, marks: str) -> Callable[[str], object]:
    """XML, junk before it or not, with that root or what only stands inside such a root."""
    start = r"(?:\A|\n)[^\w\n,;\"]{0,16}<(?:\?xml|!--|" + root + r")[\s>?-]|\A\s*<"

    def looks(head: str) -> bool:
        # What stands in a text may look like the marks of another export.
        found = re.match(_ROOT, head)
        has_other = found is not None and found[1] != root
        return bool(not has_other and re.search(start, head) and re.search(marks, head))

    return looks


#: Every format, in the order in which a file is held against them.
TABLE: Final = (
    Format("lines", "lines:Lines"),
    Format("nul", "lines:Lines", extra=("\0",)),
    Format("text", "lines:Whole"),
    Format("isso", "isso:Isso", _begins("SQLite format 3\0")),
    Format("parquet", "parquet:Parquet", _begins("PAR1"), has_columns=True),
    Format("wxr", "wxr:Wxr", _is_xml("rss", r"wordpress\.org/export/|<wp:(wxr_|comment|post_)")),
    Format("disqus", "disqus:Disqus", _is_xml("disqus", r"<disqus[\s>]|://disqus\.com")),
    Format("blogger", "blogger:Blogger", _is_xml("feed", r"(?s:<(\w+:)?feed[\s>].*blogger)")),
    Format("remark42", "remark42:Remark42", _begins(r'\{"version":\s*\d+,\s*"users":')),
    Format(
        "comentario",
        "comentario:Comentario",
        _begins(r'\{\s*"version"\s*:\s*\d+\s*,\s*"(comments|commenters|pages)"'),
    ),
    Format("isso-json", "isso:IssoJson", _begins(r'\[\s*\{[^{}\[\]]*"comments"\s*:\s*\[')),
    # An object whose first line does not end it, or with an array of objects right away.
    Format(
        "json",
        "jsonarray:JsonArray",
        _begins(r'\[|\{([^\n]*[\[{,])?[ \t\r]*\n|\{\s*"\w+"\s*:\s*\[\s*\{'),
        has_columns=True,
    ),
    Format("jsonl", "jsonl:JsonLines", _begins(r"\{"), is_table=True, has_columns=True),
    Format(
        "movabletype",
        "movabletype:MovableType",
        _begins(r"(?:[A-Z][A-Z ]+:[^\n]*\r?\n)+-----\r?\n"),
    ),
    Format("tsv", "table:Table", extra=("\t",), is_table=True, has_columns=True),
    Format("csv", "table:Table", is_table=True, has_columns=True),
    Format("staticman", "staticman:Staticman", has_columns=True),
)
FORMATS: Final = {entry.name: entry for entry in TABLE}
#: Formats that hold more than the texts of comments, so that they can be labelled and trained on.
FILES: Final = [name for name in FORMATS if name not in ("lines", "nul", "text")]

#: What a file can be that nobody meant to give.
_OTHERS: Final = (
    (r"\ufffd\ufffd\x11\u0871\x1a", "a file of Office (.xls, .doc); save it as CSV in UTF-8"),
    (r"PK\x03\x04", "a zip file inside another one"),
    (r"PK\x05\x06", "a zip file with nothing in it"),
    (r"%PDF", "a binary file (PDF)"),
    (r"\x7fELF|MZ", "a binary file (a program)"),
    (r"\ufffdPNG|GIF8|\ufffd\ufffd\ufffd.{0,4}JFIF", "a binary file (a picture)"),
    (r"\x1f\ufffd|BZh|7z|\ufffd7zXZ|Rar!", "a packed file; unpack it first"),
    (r"(?is).{0,200}<(!doctype html|html)[\s>]", "an HTML page"),
    (r"(?s).{0,2000}<rss[\s>]", "XML: an RSS feed, but not an export of WordPress"),
    (r"(?s).{0,2000}<(\w+:)?feed[\s>]", "XML: an Atom feed, but not an export of Blogger"),
    (r"<", "XML, but no export that is known"),
    (r"[^\n]*(\0|\ufffd(?s:.*)\0)", "a binary file"),
)


#: Letters with NULs between them: UTF-16 and UTF-32 as UTF-8, and UTF-32 with a mark as UTF-16.
_WIDE: Final = r"(?:\0\0\ufffd\ufffd)?(?:(?:\0{1,3}[\t\r\n -~]){8}|(?:[\t\r\n -~]\0{1,3}){8})"


def open_reader(
    source: Source,
    name: str | None,
    chosen: Chosen,
    *,
    include_pingbacks: bool = False,
    trash_is_spam: bool = False,
) -> Reader:
    """The reader called ``name``, one of ``FORMATS``, or the one that the content asks for.

    ``chosen`` names the column of a field where it is not to be guessed. A zip is read as the
    files in it.
    """
    choices = Choices(chosen, include_pingbacks, trash_is_spam)
    if source.is_zip and name not in ("lines", "nul", "text"):
        from spamguard.formats.archive import Archive

        return Archive(source, lambda member: _open(member, name, choices))
    return _open(source, name, choices)


def export_of(source: Source) -> str | None:
    """The name of the format of an export, None for what may be a table or just lines of text."""
    if source.is_folder:
        return "staticman"
    head = source.head()
    for entry in TABLE:
        if entry.looks is not None and entry.looks(head):
            is_surely = entry.name != "json" or re.match(r"\s*[\[{]\s*[{\"]", head)
            return entry.name if is_surely and not entry.is_table else None
    return None


def open_table(
    source: Source,
    name: str | None,
    chosen: Chosen,
    *,
    form: str | None = None,
    include_pingbacks: bool = False,
    trash_is_spam: bool = False,
) -> Annotator:
    """A reader that can write its records back with verdicts.

    Unless another form is asked for, a table keeps its own; other comments become rows of CSV.
    """
    is_table = not source.is_zip and FORMATS[name or format_of(source)].is_table
    reader = open_reader(
        source, name, chosen, include_pingbacks=include_pingbacks, trash_is_spam=trash_is_spam
    )
    if is_table and form in (None, SAME):
        return cast("Annotator", reader)
    from spamguard.formats.rows import Rows

    return Rows(reader, as_json=form in (JSON_LINES, PARQUET))


def has_columns(source: Source, name: str | None) -> bool:
    """Whether it matters which column holds what; of a zip that is not known yet."""
    return source.is_zip or FORMATS[name or format_of(source)].has_columns


def _open(source: Source, name: str | None, choices: Choices) -> Reader:
    if source.is_folder and name not in (None, "staticman"):
        raise InputError(f"{source.name}: is a folder, not a file in the format {name}")
    return FORMATS[name or format_of(source)].open(source, choices)


def format_of(source: Source) -> str:
    """The name of the format that the beginning of a source looks like."""
    if source.is_folder:
        return "staticman"
    # A live pipe of lines is not waited for; what is no table has to be looked at more closely.
    if not re.match(rb"\s*\{[^\n]*\n|[^\n<\[\0]*\n", source.beginning()):
        source.fill()
    head = source.head()
    if not head.strip():
        raise NoCommentsError(f"{source.name}: empty: there are no comments in it")
    if re.match(_WIDE, head):
        raise NoCommentsError(f"{source.name}: looks like UTF-16 or UTF-32; save it as UTF-8")
    for entry in TABLE:
        if entry.looks is not None and entry.looks(head):
            return entry.name
    for pattern, kind in _OTHERS:
        if re.match(pattern, head.lstrip()):
            raise NoCommentsError(f"{source.name}: looks like {kind}")
    return "csv"
