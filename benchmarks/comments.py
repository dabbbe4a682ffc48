"""Makes the benchmark's comments: about 100 bytes each, no two alike, the same on every run.

    python benchmarks/comments.py 200000 big.csv [--label]

The texts are cut from real comments in ``../shared/data`` where that is there, half of them from
YouTube and half from blogs; otherwise from this project's own ``data``. Into each a token of its
own is set, so that no cache of whole comments can help.
"""

import argparse
import csv
import functools
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
YOUTUBE = SHARED / "youtube"
#: A cut piece has so many characters at least and at most, its token not counted.
SHORTEST, LONGEST = 90, 180

csv.field_size_limit(1 << 30)


class Labelled(NamedTuple):
    text: str
    spam: bool


def read(path: Path) -> list[Labelled]:
    """The labelled comments of a file: columns content and label, or as YouTube's files have it.

    U+FEFF is stripped: in the YouTube collection it tells the label.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = [{name.lower(): cell for name, cell in row.items()} for row in csv.DictReader(file)]
    return [
        Labelled(
            row["content"].replace("\ufeff", ""),
            row.get("label", row.get("class")) in {"spam", "1"},
        )
        for row in rows
    ]


@functools.cache
def real() -> list[Labelled]:
    """The comments to train on: the YouTube collection, or what ``data`` holds."""
    files = sorted(YOUTUBE.glob("*.csv")) or sorted((ROOT / "data").glob("*.csv"))
    return [comment for file in files for comment in read(file)]


@functools.cache
def pools() -> list[list[Labelled]]:
    """The comments to cut from; each pool gives equally many."""
    blogs = SHARED / "blog_comments.csv"
    return [real(), read(blogs)] if blogs.exists() else [real()]


def varied(count: int) -> Iterator[Labelled]:
    """``count`` comments, each with a token of its own."""
    chance = random.Random(0)

    def draw(below: int) -> int:
        return int(chance.random() * below)  # the one method that stays the same for ever

    for number in range(count):
        pool = pools()[draw(len(pools()))]
        text, spam = pool[draw(len(pool))]
        length = SHORTEST + draw(LONGEST - SHORTEST)
        if len(text) > length:
            begin = text.rfind(" ", 0, draw(len(text) - length) + 1) + 1
            text = text[begin : begin + length]
        token = f"{scattered(number):08x}"
        words = text.split(" ")
        words.insert(draw(len(words) + 1), token)
        yield Labelled(" ".join(words), spam)


def write(
    path: Path, comments: Iterator[Labelled] | list[Labelled], *, label: bool = False, pad: int = 0
) -> Path:
    """A CSV with the columns id and content, and label if asked for.

    ``pad`` characters go into a further column of each row that nobody reads.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["id", "content", *["label"] * label, *["padding"] * bool(pad)])
        for number, (text, spam) in enumerate(comments):
            verdict = ["spam" if spam else "ham"] * label
            writer.writerow([number, text, *verdict, *["." * pad] * bool(pad)])
    return path


def shuffled(comments: list[Labelled]) -> list[Labelled]:
    """In an order that any online learner can take, the same every time."""
    return [comments[place] for place in sorted(range(len(comments)), key=scattered)]


def scattered(number: int) -> int:
    """Another number for each number below 2^32, in no order to the eye."""
    return number * 2654435761 % (1 << 32)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a benchmark file.")
    parser.add_argument("rows", type=int)
    parser.add_argument("path", type=Path)
    parser.add_argument("--label", action="store_true", help="with a label column, to train on")
    options = parser.parse_args()
    write(options.path, varied(options.rows), label=options.label)
    size = options.path.stat().st_size
    print(f"{options.path}: {options.rows:,} comments, {size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
