"""Damage export files at random and read them: python fuzz_readers.py [--seconds N] FOLDER...

What must hold, whatever a file has become: it is read or refused with an InputError, within 10
seconds and 500 MiB; and where it has fewer comments than it has marks of one, that is told of.
"""

import argparse
import gzip
import random
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from spamguard import formats
from spamguard.errors import InputError
from spamguard.formats.source import Source

SECONDS, KIBIBYTES = 10, 500 << 10
#: What stands once for each comment, by the format that a file looked like before.
MARKS = {
    "wxr": rb"<wp:comment>\s*<wp:",
    "disqus": rb"<post[ >]",
    "blogger": rb"(?s)<entry>(?:(?!<entry>).)*?(?:kind#comment['\"]|<blogger:type>COMMENT<)",
    "comentario": rb'"markdown" ?:',
    "remark42": rb'"locator":',
    "isso-json": rb'"text":',
    "movabletype": rb"(?m)^COMMENT:\r?$",
}
SECTION = re.compile(rb"<!\[CDATA\[(?:(?!<!\[CDATA\[).)*?\]\]>", re.DOTALL)
PIECES = [
    *(bytes([byte]) for byte in range(256)),
    *b"<![CDATA[ ]]> <wp:comment> </wp:comment> </item> <post> </ <!-- --> &nbsp; &#0;".split(),
    *b"\xed\xa0\x80 \xef\xbf\xbf \xff\xfe \xef\xbb\xbf ----- COMMENT: }, [[[[ \\u".split(),
    *(b"\n", b"\n-----\n", b"<a " + b"x" * 5000, b"<!DOCTYPE x>", b'{"a": ', b"PK\x03\x04"),
]


class Late(BaseException):
    """The time is over."""


def damaged(data: bytes, others: list[bytes], draw: random.Random) -> bytes:
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8, 40))):
        at = draw.randrange(len(data) + 1)
        size = min(int(draw.expovariate(1 / 30)), len(data))
        match draw.randrange(6):
            case 0:
                data = data[:at] + draw.choice(PIECES) + data[at:]
            case 1:
                data = data[:at] + draw.choice(PIECES) + data[at + size :]
            case 2:
                data = data[:at] + data[at + size :]
            case 3:
                data = data[:at] + data[at : at + 20 * size] * draw.randrange(2, 5) + data[at:]
            case 4:
                other = draw.choice(others)
                begin = draw.randrange(len(other) + 1)
                data = data[:at] + other[begin : begin + 40 * size] + data[at:]
            case 5 if draw.randrange(8) == 0:
                data = data[:at]
    return data


def read(path: Path, name: str | None) -> tuple[int, bool]:
    """How many records there are, left out ones too, and whether anything is said to be wrong."""
    with Source(str(path)) as source:
        reader = formats.open_reader(source, name, {})
        given = bad = 0
        for batch in reader.batches():
            given += len(batch)
            bad += sum(record.error is not None for record in batch)
    return given + sum(reader.skipped.values()), bool(bad or reader.damage)


def peak() -> int:
    """The most memory this process had, in KiB; rusage would tell of the one that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def check(data: bytes, path: Path, name: str | None, kind: str) -> str:
    """What became of a damaged file: one word, or what is wrong with how it was read."""
    path.write_bytes(data)
    signal.alarm(SECONDS)
    try:
        given, told = read(path, name)
    except InputError as error:
        return "refused" if "\n" not in str(error) else f"WRONG: two lines: {error}"
    except Late:
        return f"WRONG: more than {SECONDS} s"
    except Exception as error:
        return f"WRONG: {type(error).__name__}: {error}"
    finally:
        signal.alarm(0)
    if peak() > KIBIBYTES:
        return f"WRONG: more than {KIBIBYTES >> 10} MiB"
    # What stands in a sound CDATA section is text, whatever it looks like.
    marks = len(re.findall(MARKS[kind], SECTION.sub(b"", data))) if kind in MARKS else 0
    if given < marks and not told:
        return f"WRONG: {given} of {marks} comments, and no word of it"
    return "damage told" if told else "read"


def seeds_in(folders: list[str]) -> list[tuple[str, str, bytes]]:
    """(name, format, bytes) of each file that can be read; packed ones are unpacked."""
    seeds = []
    for path in sorted(found for folder in folders for found in Path(folder).rglob("*")):
        if not path.is_file():
            continue
        try:
            with Source(str(path)) as source:
                kind = formats.format_of(source)
            if read(path, None)[0]:
                data = path.read_bytes()
                data = gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data
                seeds.append((path.name, kind, data[: 300 << 10]))
        except InputError:
            continue
    return seeds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    seeds = seeds_in(options.folders)
    everything = [data for *_, data in seeds]
    seen: Counter[str] = Counter()

    def late(*_: object) -> None:
        raise Late

    signal.signal(signal.SIGALRM, late)
    end = time.monotonic() + options.seconds
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "input")
        while time.monotonic() < end:
            name, kind, data = draw.choice(seeds)
            data = damaged(data, everything, draw)
            given = data if draw.randrange(20) else gzip.compress(data, 1)
            begun = time.monotonic()
            outcome = check(given, path, kind if draw.randrange(2) else None, kind)
            slowest = max(slowest, time.monotonic() - begun)
            seen[outcome if not outcome.startswith("WRONG") else "WRONG"] += 1
            if outcome.startswith("WRONG"):
                kept = Path(tempfile.gettempdir(), f"fuzz-{options.seed}-{sum(seen.values())}")
                kept.write_bytes(given)
                print(f"{name} ({kind}): {outcome}; see {kept}", flush=True)
    memory = peak() >> 10
    counts = ", ".join(f"{count:,} {outcome}" for outcome, count in seen.most_common())
    print(f"{sum(seen.values()):,} files: {counts}; slowest {slowest:.1f} s, {memory} MiB")
    sys.exit(1 if seen["WRONG"] else 0)


if __name__ == "__main__":
    main()
