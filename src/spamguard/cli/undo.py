"""The command ``undo``: the statuses that ``label`` changed, as they were."""

from collections.abc import Iterator

import click

from spamguard.cli.common import new_file, quiet_option, refuse_input_as_output, say
from spamguard.formats.changes import Change, read_log
from spamguard.formats.inplace import seekable, undone, write_changed
from spamguard.formats.output import whole_file
from spamguard.formats.source import Source


@click.command()
@click.argument("log")
@click.argument("file")
@click.option(
    "-o", "--output", required=True, type=new_file, metavar="OUT", help="The file to write."
)
@quiet_option
def undo(log: str, file: str, output: str, quiet: bool) -> None:
    """Take back the changes in LOG, which label --log wrote, in FILE, which label -o wrote.

    Where something else stands in FILE than LOG says was written there, nothing is written.
    """
    with Source(log) as logged, Source(file) as given:
        refuse_input_as_output(logged, output)
        refuse_input_as_output(given, output)
        lines = (line for chunk in logged.line_chunks() for line in chunk)
        changes = _Counted(undone(read_log(lines, logged.name)))
        with seekable(given) as source, whole_file(output) as target:
            write_changed(source, output, target, changes)
    if not quiet:
        what = "status is as it was" if changes.count == 1 else "statuses are as they were"
        say(f"{changes.count:,} {what}")


class _Counted:
    """Changes, and how many there were."""

    def __init__(self, changes: Iterator[Change]) -> None:
        self._changes = changes
        self.count = 0

    def __iter__(self) -> Iterator[Change]:
        for change in self._changes:
            self.count += 1
            yield change
