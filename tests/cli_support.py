"""What the tests of the command line share: how to run it, and how to check what it said."""

import csv
import functools
import json
import os
import re
import subprocess
import sys
import threading
from collections import defaultdict
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from click.testing import CliRunner

from spamguard import storage
from spamguard.cli import main

DATA = Path(__file__).parents[1] / "data"
COMMAND = (sys.executable, "-m", "spamguard")
LABELS = ("spam", "unsure", "ham")
#: A process that takes this long hangs; it is killed, and the test fails by what it says then.
HANGS = 60


class Result(NamedTuple):
    code: int
    out: bytes
    err: str

    @property
    def lines(self):
        """The lines of stdout as text; only ``\\n`` ends a line."""
        return self.out.decode().split("\n")[:-1]


def environment(**more):
    """The environment of a user who set nothing for spamguard."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SPAMGUARD")}
    kept.pop("SOURCE_DATE_EPOCH", None)
    return {**kept, **more}


def run(*args, stdin=b"", command=COMMAND, env=None, **options):
    """The command as a process of its own, to its end."""
    if "stdin_from" in options:
        options["stdin"] = options.pop("stdin_from")
    else:
        options["input"] = stdin
    if "stdout" not in options:
        options["stdout"] = subprocess.PIPE
    done = subprocess.run(
        [*command, *map(str, args)],
        stderr=subprocess.PIPE,
        env=environment(**(env or {})),
        timeout=HANGS,
        check=False,
        **options,
    )
    return Result(done.returncode, done.stdout or b"", done.stderr.decode())


def shell(line, *args, **options):
    """A line of bash in which ``"$@"`` is the command with its arguments."""
    return run(*args, command=("bash", "-c", line, "bash", *COMMAND), **options)


@contextmanager
def started(*args, before=(), **options):
    """The command as a running process with pipes; it is gone when the block is left."""
    process = subprocess.Popen(
        [*before, *COMMAND, *map(str, args)],
        **{
            "stdin": subprocess.PIPE,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "env": environment(),
            **options,
        },
    )
    watch = threading.Timer(HANGS, process.kill)
    watch.start()
    try:
        yield process
    finally:
        watch.cancel()
        process.kill()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        process.wait()


def send(process, data):
    """Write to a started process. Where it has ended already, its exit tells the test so."""
    with suppress(BrokenPipeError):
        process.stdin.write(data)
        process.stdin.flush()


def finish(process):
    """Close the input of a started process; what it left to say."""
    out, err = process.communicate(timeout=HANGS)
    return Result(process.returncode, out, err.decode())


def invoke(*args, stdin=b"", env=None):
    """The command in this process: quicker, where only what it says matters.

    What is not a way out that the command chose, such as any other exception, is raised.
    """
    cleared = {"SPAMGUARD_MODEL": None, "SOURCE_DATE_EPOCH": None}
    found = CliRunner().invoke(
        main,
        list(map(str, args)),
        input=stdin,
        env={**cleared, **(env or {})},
        catch_exceptions=False,
    )
    return Result(found.exit_code, found.stdout_bytes, found.stderr)


def check_refused(result, *parts):
    """An expected error: exit 3, nothing on stdout, one line on stderr that holds ``parts``."""
    assert result.code == 3, result
    assert result.out == b"", result
    check_one_line(result.err, *parts)


def check_one_line(err, *parts):
    assert err.startswith("spamguard: "), err
    assert err.endswith("\n"), err
    assert err.count("\n") == 1, err
    for part in parts:
        assert part in err, (part, err)


_ESCAPE = re.compile(r"\\(u[0-9a-f]{4}|.)")
_SHORT = {"t": "\t", "n": "\n", "r": "\r", "\\": "\\"}


def unescaped(shown):
    """The text that an escaped one stands for."""
    return _ESCAPE.sub(lambda m: _SHORT.get(m[1]) or chr(int(m[1][1:], 16)), shown)


def as_read(raw):
    """Bytes as text, each one that is not UTF-8 replaced."""
    return re.sub("[\ud800-\udfff]", "\ufffd", raw.decode("utf-8", "surrogateescape"))


class Answer(NamedTuple):
    label: str
    probability: str
    text: str


def answers(result):
    """The text answers of ``score``, taken apart; each has the right shape."""
    found = [Answer(*line.split("\t")) for line in result.lines]
    for answer in found:
        if answer.label == "error":
            assert answer.probability == ""
            assert answer.text
        else:
            assert answer.label in LABELS
            assert re.fullmatch(r"[01]\.\d{6}", answer.probability)
            assert float(answer.probability) <= 1
    return found


def _not_json(name):
    raise ValueError(f"{name} is not JSON")


def strict_json(text):
    """JSON as the standard has it: without NaN and Infinity."""
    return json.loads(text, parse_constant=_not_json)


def json_answers(result):
    return [strict_json(line) for line in result.lines]


def verdicts(model, texts):
    """(label, probability as it is shown) that ``score`` gives each text, without an author."""
    stdin = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    result = invoke("score", "-m", model, "--format", "jsonl", stdin=stdin)
    assert result.code == 0, result
    found = [(answer.label, answer.probability) for answer in answers(result)]
    assert len(found) == len(texts), result
    return found


@functools.cache
def candidates():
    """Short comments of data/ that any output shows as they are."""
    return [
        row["content"]
        for path in sorted(DATA.glob("*.csv"))
        for row in list(rows_of(path))[::20]
        if row["content"].isprintable() and "\\" not in row["content"] and len(row["content"]) < 200
    ]


def even_model(path, target):
    """Save the model of ``path`` at ``target``, cut off so that every verdict is a common one."""
    return evenly_cut(path, target, [float(shown) for _, shown in verdicts(path, candidates())])


def evenly_cut(path, target, probabilities):
    """The same, for comments that the model gives these probabilities of spam."""
    found = sorted(probabilities)
    return cut_model(path, target, ham=found[len(found) // 4], spam=found[3 * len(found) // 4])


def cut_model(path, target, *, ham, spam):
    """Save the model of ``path`` at ``target`` with other cut-offs."""
    plain = storage.load(str(path))
    cutoffs = {**plain.facts["cutoffs"], "ham": ham, "spam": spam}
    model = plain._replace(
        ham_cutoff=ham, spam_cutoff=spam, facts={**plain.facts, "cutoffs": cutoffs}
    )
    target.write_bytes(storage.dump(model))
    return target


@functools.cache
def examples(model):
    """Comments by the verdict that ``model`` gives them: label -> at least five texts."""
    found = defaultdict(list)
    for text, (label, _) in zip(candidates(), verdicts(model, candidates()), strict=True):
        found[label].append(text)
    counts = {label: len(found[label]) for label in LABELS}
    assert min(counts.values()) >= 5, counts
    return found


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
