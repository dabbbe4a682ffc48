import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from spamguard import cells, storage, training
from spamguard.features import BLOCKS
from spamguard.model import Model, Part, Scorer
from spamguard.records import HAM, LABELS, SPAM, Columns, Comment

PROJECT = Path(__file__).parents[1]

# The machine that runs the tests says nothing about speed.
settings.register_profile("spamguard", deadline=None)
settings.load_profile("spamguard")


@pytest.fixture(scope="session")
def project():
    return PROJECT


@pytest.fixture(scope="session")
def shared():
    """The folder of examples that lies beside the project."""
    path = PROJECT.parent / "shared"
    if not path.is_dir():
        pytest.skip(f"needs the example files in {path}")
    return path


@pytest.fixture(scope="session")
def corpus():
    """Every fortieth comment of each class in data/, and which of them are spam.

    Where a file has no address field, their names are all there is.
    """
    comments = {SPAM: [], HAM: []}
    for path in sorted((PROJECT / "data").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        has_addresses = any(row["author_url"] for row in rows)
        for row in rows:
            address = row["author_url"] if has_addresses else None
            comments[row["label"]].append(Comment(row["content"], row["author"], address))
    spam, ham = comments[SPAM][::40], comments[HAM][::40]
    return spam + ham, np.repeat([True, False], [len(spam), len(ham)])


@pytest.fixture(scope="session")
def small_model(corpus):
    """A model and its out-of-fold probabilities."""
    comments, spam = corpus
    return training.fit(comments, spam, training.Options(moment="2024-02-29"))


@pytest.fixture(scope="session", autouse=True)
def compiled():
    """What is compiled is kept from now on, so that no command in a test says that it compiles."""
    lot = cells.plain_rows(b"text\n", ",", 1, [0])
    lot.extended(",", LABELS, [0], [0.5])
    part = Part(BLOCKS[0], bytes(4 * BLOCKS[0].size), bytes(4 * BLOCKS[0].size))
    model = Model((part,), 0.0, 1.0, 0.0, 0.2, 0.8, {})
    scorer = Scorer(model, bulk=True)
    model.verdicts(scorer.log_odds_in(Columns(lot.fields[0], [], [])), scorer.speed)


@pytest.fixture(scope="session")
def model_file(small_model, tmp_path_factory):
    """The path of the small model, saved."""
    path = tmp_path_factory.mktemp("model") / "small.joblib"
    path.write_bytes(storage.dump(small_model.model))
    return path
