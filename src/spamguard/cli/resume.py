"""Going on with a run that was stopped: what has to be kept for it."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import click

import spamguard
from spamguard.cli.common import encoded, say
from spamguard.formats.output import Unfinished, resumable_file
from spamguard.formats.record import Annotator, Record
from spamguard.formats.source import HEAD, Source
from spamguard.labelling import Judged, Tally

#: Options of the command that change nothing in the rows, or are compared by themselves.
_NO_MATTER = ("file", "output", "model_path", "jobs", "resume", "quiet", "strict")


class After:
    """A reader without its first records, which an earlier run has judged."""

    def __init__(self, reader: Annotator, count: int) -> None:
        self._reader = reader
        self._count = count

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    def batches(self) -> Iterator[Sequence[Record]]:
        left = self._count
        for batch in self._reader.batches():
            if left < len(batch):
                yield batch[left:] if left else batch
            left -= min(left, len(batch))


class Run:
    """A run that writes what a later one can go on with."""

    def __init__(
        self, file: Unfinished, tally: Tally, decided: dict[str, int], encoding: str
    ) -> None:
        self._file = file
        self._tally = tally
        self._decided = decided
        self._encoding = encoding
        #: How many records were judged, by an earlier run too.
        self.records = 0
        if file.state is not None:
            self.records = file.state["records"]
            tally.labels.update(file.state["labels"])
            tally.bad += file.state["bad"]
            for what, count in file.state["decided"].items():
                decided[what] += count

    @property
    def resumes(self) -> bool:
        return self._file.state is not None

    def send(self, text: str) -> None:
        self._file.write(encoded(text, self._encoding))

    def rest(self, reader: Annotator) -> Annotator:
        """The reader, from where the earlier run was stopped."""
        return cast("Annotator", After(reader, self.records)) if self.resumes else reader

    def counted(self, take: Callable[[Judged], None]) -> Callable[[Judged], None]:
        """The same, and what it took is noted as written."""

        def counting(judged: Judged) -> None:
            take(judged)
            self.records += len(judged.records)
            self._file.save(
                {
                    "records": self.records,
                    "labels": dict(self._tally.labels),
                    "bad": self._tally.bad,
                    "decided": dict(self._decided),
                }
            )

        return counting


@contextmanager
def resumable_run(
    output: str,
    source: Source,
    tally: Tally,
    decided: dict[str, int],
    model: str,
    resume: bool,
) -> Iterator[Run]:
    """Write ``output`` so that it can be gone on with: by the same model, input and options."""
    given = click.get_current_context().params
    about = {
        "input": _identity(source),
        "model": model,
        "lists": [_digest(path) for name in ("allow", "block") for path in given[name]],
        "options": {name: str(given[name]) for name in sorted(given) if name not in _NO_MATTER},
        "version of spamguard": spamguard.__version__,
    }
    with resumable_file(output, about, resume=resume) as file:
        run = Run(file, tally, decided, source.encoding)
        if resume and not run.resumes:
            say(f"{output}: there is no unfinished run; beginning anew")
        elif resume:
            say(f"{output}: going on after {run.records:,} records")
        try:
            yield run
        except BaseException:
            if file.is_kept:
                say(f"{output}: not finished; with --resume it goes on where it was stopped")
            raise


def _identity(source: Source) -> list[Any]:
    """What tells a file from another one, or from what it was: size, time, and its beginning."""
    status = os.stat(str(source.path))
    return [status.st_size, status.st_mtime_ns, _digest(str(source.path), HEAD)]


def _digest(path: str, most: int = -1) -> str:
    """The digest of a file, or of its beginning. The source itself is being read already."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read(most)).hexdigest()
