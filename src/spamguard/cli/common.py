"""What the commands share: options, messages, and the way out."""

import errno
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO, TypeVar

import click

from spamguard import formats
from spamguard.errors import InputError, OutputError
from spamguard.formats.columns import FIELDS
from spamguard.formats.record import Reader, Record
from spamguard.formats.source import Source
from spamguard.labelling import Judged, Tally
from spamguard.model import Model
from spamguard.records import LABELS

Function = TypeVar("Function", bound=Callable[..., Any])

#: More complaints about single records than this are only counted.
MOST_COMPLAINTS = 20

_UNSAFE = re.compile(
    "[\\\\\ud800-\udfff\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]"
)
_SHORT = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def escaped(text: str) -> str:
    """The text on one line, with what could steer a terminal or the eye made visible."""
    if text.isprintable() and "\\" not in text:
        return text
    return _UNSAFE.sub(lambda found: _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text)


def say(message: str) -> None:
    """A message on stderr. That it cannot be written there is no reason to stop the work."""
    try:
        click.echo(message, err=True)
    except OSError:
        silence(sys.stderr)


def fail(message: str) -> None:
    say(f"spamguard: {escaped(message)}")


class Complaints:
    """Says what is wrong with single records: the first ones in full, the others as a count."""

    def __init__(self, source: Source) -> None:
        self._name = source.name
        self._count = 0

    def take(self, judged: Judged) -> None:
        for record in judged.bad():
            self.about(record)

    def about(self, record: Record) -> None:
        self.say(record.line, record.error)

    def say(self, line: int, problem: str | None) -> None:
        self._count += 1
        if self._count <= MOST_COMPLAINTS:
            fail(f"{self._name}: line {line}: {problem}")

    def close(self) -> None:
        if self._count > MOST_COMPLAINTS:
            fail(f"{self._name}: and {self._count - MOST_COMPLAINTS:,} more bad records")


def encoded(text: str, encoding: str) -> bytes:
    """Text as bytes: what came in as invalid UTF-8 goes out as it came."""
    return text.encode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")


def silence(stream: TextIO) -> None:
    """Nothing more can be said there; what is left in the buffer would fail again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write(text: str, encoding: str = "utf-8") -> None:
    """Text to stdout, at once."""
    if sys.stdout is None:
        raise OutputError("stdout is closed")
    try:
        sys.stdout.buffer.write(encoded(text, encoding))
        sys.stdout.buffer.flush()
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise
        silence(sys.stdout)
        raise OutputError(f"stdout cannot be written: {error.strerror}") from None


def comments_of(number: int) -> str:
    return "1 comment" if number == 1 else f"{number:,} comments"


def bad_rows_of(number: int) -> str:
    return "1 bad row" if number == 1 else f"{number:,} bad rows"


def report_oddities(source: Source, reader: Reader) -> None:
    """What was broken in the input, and what was left out of it."""
    if source.replaced:
        verb = "holds" if source.replaced == 1 else "hold"
        say(
            f"{escaped(source.name)}: {comments_of(source.replaced)} {verb} what is not valid"
            " UTF-8; if it is in another encoding, convert it: iconv -f WINDOWS-1252 -t UTF-8"
        )
    for line, kind in reader.damage:
        fail(f"{source.name}: line {line}: {kind}")
    for kind, count in reader.skipped.items():
        say(f"{escaped(source.name)}: {count:,} left out: {kind}")


def column_options(*fields: str) -> Callable[[Function], Function]:
    """An option for each field, to name the column that holds it."""

    def decorate(function: Function) -> Function:
        for field in reversed(fields or FIELDS):
            name = f"--{field.replace('_', '-')}-column"
            function = click.option(
                name,
                f"{field}_column",
                metavar="NAME",
                help=f"The column with the {field.replace('_', ' ')}.",
            )(function)
        return function

    return decorate


def chosen_columns(options: dict[str, Any]) -> dict[str, str]:
    """The columns that options named, by field; taken out of ``options``."""
    chosen = {field: options.pop(f"{field}_column", None) for field in FIELDS}
    return {field: name for field, name in chosen.items() if name is not None}


def refuse_idle_columns(source: Source, name: str | None, chosen: Mapping[str, str]) -> None:
    """Refuse columns that are named for what has none."""
    if chosen and not formats.has_columns(source, name):
        raise idle_columns(source.name, chosen)


def idle_columns(name: str, chosen: Mapping[str, str]) -> InputError:
    option = f"--{next(iter(chosen)).replace('_', '-')}-column"
    return InputError(f"{name}: an export, whose format says what is where; leave {option} out")


def refuse_input_as_output(source: Source, output: str | None) -> None:
    if output is not None and source.is_file(output):
        raise InputError(f"{output}: is the input, which is never changed; name another file")


model_option = click.option(
    "-m",
    "--model",
    "model_path",
    metavar="MODEL",
    envvar="SPAMGUARD_MODEL",
    help="The model to use; else $SPAMGUARD_MODEL, else the one that comes with spamguard.",
)


class NewFile(click.ParamType[str]):
    """The name of a file to write, where stdout is no choice."""

    name = "file"

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        if value == "-":
            self.fail("it is not written to stdout; name a file", param, ctx)
        return value


new_file = NewFile()

strict_option = click.option("--strict", is_flag=True, help="Exit with 3 if a record was bad.")
STRICT_EXIT = 3

pingbacks_option = click.option(
    "--include-pingbacks",
    is_flag=True,
    help="Read what other programs wrote (pingbacks, notes of shops) as well.",
)
trash_option = click.option(
    "--trash-is-spam", is_flag=True, help="Take what the blog's owner threw away for spam."
)

quiet_option = click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")


def shipped(*names: str) -> str:
    """Where something that comes with spamguard lies: in the package, or in the checkout."""
    package = os.path.dirname(os.path.dirname(__file__))
    inside = os.path.join(package, *names)
    if os.path.exists(inside):
        return inside
    return os.path.join(os.path.dirname(os.path.dirname(package)), *names)


def default_model_path() -> str:
    return shipped("models", "default.joblib")


def model_digest(path: str | None) -> str:
    from spamguard import storage

    return storage.digest(path or default_model_path())


def load_model(path: str | None) -> Model:
    from spamguard import storage

    return storage.load(path or default_model_path())


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody sees what is written there; a closed stream is None."""
    return stream is not None and stream.isatty()


@contextmanager
def progress(
    source: Source, label: str, quiet: bool, *, to_stdout: bool = False
) -> Iterator[Callable[[], None]]:
    """A progress bar over the bytes of a source, where stderr is a terminal that shows it.

    ``to_stdout``: the result goes there, and would be mixed with the bar on the same terminal.
    """
    is_mixed = to_stdout and is_terminal(sys.stdout)
    if quiet or is_mixed or not source.size or not is_terminal(sys.stderr):
        yield lambda: None
        return
    with click.progressbar(length=source.size, label=label, file=sys.stderr) as bar:
        yield lambda: bar.update(source.position() - bar.pos)


def figure_lines(figures: dict[str, Any]) -> str:
    """Measures with their intervals, one a line."""
    lines = []
    for name, (value, low, high, why_not) in figures.items():
        text = f"- ({why_not})" if value is None else f"{value:.4f} ({low:.4f} to {high:.4f})"
        lines.append(f"  {name.replace('_', ' '):<20} {text}")
    return "\n".join(lines)


def cutoff_lines(facts: dict[str, Any]) -> str:
    """Where the verdicts change, and what that rests on."""
    cut = facts["cutoffs"]
    return (
        f"cut-offs: ham below {cut['ham']:.4f}, spam from {cut['spam']:.4f} on"
        f" ({cut['ham_above']} of {cut['ham_rows']:,} ham lie above:"
        f" at most {cut['promise']:.2%} of readers, 95% confidence)"
    )


def report(tally: Tally, quiet: bool, overruled: Mapping[str, int] | None = None) -> None:
    if tally.interpreted_bulk:
        say("numba is not there, so scoring was slow; pip install numba")
    if not quiet:
        counts = ", ".join(f"{tally.labels[label]:,} {label}" for label in LABELS)
        line = f"{comments_of(sum(tally.labels.values()))}: {counts}; {bad_rows_of(tally.bad)}"
        others = ", ".join(f"{number:,} {what}" for what, number in (overruled or {}).items())
        say(f"{line}; {others}" if others else line)
