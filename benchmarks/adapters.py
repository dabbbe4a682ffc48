"""Programs that carry comments from a CSV to a peer and its verdicts to a file, as a user's would.

    python adapters.py PEER train TABLE MODEL
    python adapters.py PEER score TABLE MODEL VERDICTS
    python adapters.py PEER one MODEL < comment

Each does the least that the peer needs; imports stand where they are used, because they are timed.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any


def cells(table: str, column: str) -> Iterator[str]:
    import csv

    csv.field_size_limit(1 << 30)
    with open(table, encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        place = next(rows).index(column)
        for row in rows:
            yield row[place]


def write_lines(path: str, lines: Iterator[str]) -> str:
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)
    return path


def call(*command: str, out: str = os.devnull, exits: tuple[int, ...] = (0,)) -> None:
    import subprocess

    with open(out, "wb") as file:
        ended = subprocess.run(command, check=False, stdout=file).returncode
    if ended not in exits:
        sys.exit(f"{command[0]}: exit {ended}")


# The floor: the same file read and written with nothing in between.


def floor_score(table: str, _model: str, verdicts: str) -> None:
    import csv

    with (
        open(table, encoding="utf-8", newline="") as source,
        open(verdicts, "w", encoding="utf-8", newline="") as target,
    ):
        csv.writer(target).writerows(csv.reader(source))


# scikit-learn, as its tutorials do it: words alone, or words 1-2 beside characters 2-5.


def _words() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))


def _characters() -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    both = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        TfidfVectorizer(ngram_range=(2, 5), analyzer="char_wb", sublinear_tf=True),
    )
    return make_pipeline(both, LogisticRegression(C=10, max_iter=1000))


def _sklearn_train(make: Callable[[], Any], table: str, model: str) -> None:
    import joblib

    joblib.dump(make().fit(list(cells(table, "content")), list(cells(table, "label"))), model)


def sklearn_words_train(table: str, model: str) -> None:
    _sklearn_train(_words, table, model)


def sklearn_characters_train(table: str, model: str) -> None:
    _sklearn_train(_characters, table, model)


def sklearn_score(table: str, model: str, verdicts: str) -> None:
    import joblib

    found = joblib.load(model).predict_proba(list(cells(table, "content")))[:, 1]
    write_lines(verdicts, (f"{'spam' if spam >= 0.5 else 'ham'} {spam:.6f}" for spam in found))


def sklearn_one(model: str) -> None:
    import joblib

    spam = joblib.load(model).predict_proba([sys.stdin.read()])[0, 1]
    print("spam" if spam >= 0.5 else "ham", f"{spam:.6f}")


# fastText reads words between blanks, one comment a line, and no line may be empty.


def _tokens(texts: Iterator[str]) -> Iterator[str]:
    import re

    find = re.compile(r"\w+|[^\w\s]").findall
    return (" ".join(find(text.lower())) or "." for text in texts)


def fasttext_train(table: str, model: str) -> None:
    labelled = zip(cells(table, "label"), _tokens(cells(table, "content")), strict=True)
    lines = write_lines(model + ".txt", (f"__label__{label} {text}" for label, text in labelled))
    options = ("-thread", "1", "-verbose", "0")
    call("fasttext", "supervised", "-input", lines, "-output", model, *options)


def fasttext_score(table: str, model: str, verdicts: str) -> None:
    lines = write_lines(verdicts + ".txt", _tokens(cells(table, "content")))
    call("fasttext", "predict-prob", model + ".bin", lines, out=verdicts)


# bogofilter reads mail; a mailbox holds many, and a line that begins with "From " begins the next.


def _mailbox(path: str, texts: Iterator[str]) -> str:
    import re

    shield = re.compile("^From ", re.MULTILINE).sub
    return write_lines(path, ("From x\n\n" + shield(">From ", text) + "\n" for text in texts))


def bogofilter_train(table: str, model: str) -> None:
    os.makedirs(model, exist_ok=True)
    if os.path.exists(f"{model}/wordlist.db"):
        os.remove(f"{model}/wordlist.db")
    for label, option in (("spam", "-s"), ("ham", "-n")):
        labelled = zip(cells(table, "label"), cells(table, "content"), strict=True)
        mails = _mailbox(
            f"{model}/{label}.mbox", (text for found, text in labelled if found == label)
        )
        call("bogofilter", "-C", "-d", model, "-M", option, "-I", mails)


def bogofilter_score(table: str, model: str, verdicts: str) -> None:
    mails = _mailbox(verdicts + ".mbox", cells(table, "content"))
    command = ("bogofilter", "-C", "-d", model, "-T", "-M", "-I", mails)
    call(*command, out=verdicts, exits=(0, 1, 2))  # spam, ham or unsure for the last one


# Vowpal Wabbit from PyPI is a library with its own command line inside, no program; its wrapper
# `vowpalwabbit` imports numpy, the binding beneath it does not.


def _features(texts: Iterator[str]) -> Iterator[str]:
    import re

    find = re.compile(r"\w+").findall
    return ("|w " + " ".join(find(text.lower())) for text in texts)


def _vw(*arguments: str) -> Any:
    import pylibvw

    return pylibvw.vw(["--quiet", *arguments])


def vw_train(table: str, model: str) -> None:
    labelled = zip(cells(table, "label"), _features(cells(table, "content")), strict=True)
    marked = (f"{'1' if label == 'spam' else '-1'} {text}" for label, text in labelled)
    lines = write_lines(model + ".txt", marked)
    learner = _vw(
        *["-d", lines, "-f", model, "--cache_file", model + ".cache", "-k"],
        *["--loss_function", "logistic", "--link", "logistic", "--ngram", "w2", "-b", "20"],
        *["--passes", "20", "--holdout_off"],
    )
    learner.run_parser()
    learner.finish()


def vw_score(table: str, model: str, verdicts: str) -> None:
    lines = write_lines(verdicts + ".txt", _features(cells(table, "content")))
    scorer = _vw("-t", "-i", model, "-d", lines, "-p", verdicts)
    scorer.run_parser()
    scorer.finish()


def vw_one(model: str) -> None:
    import pylibvw

    scorer = _vw("-t", "-i", model)
    example = pylibvw.example(scorer, scorer.lBinary, next(_features(iter([sys.stdin.read()]))))
    scorer.predict(example)
    print(example.get_simplelabel_prediction())


def main() -> None:
    peer, job, *paths = sys.argv[1:]
    globals()[f"{peer}_{job}"](*paths)


if __name__ == "__main__":
    main()
