"""The corpus in data/ is what its README says."""

import csv
import re
from collections import Counter

import numpy as np
import pytest

from spamguard.duplicates import near_duplicate_groups

HEADER = "id,author,author_url,date,post_title,content,label,lang,source,category"
#: What the product shows as its first example must not have been learned by heart.
EXAMPLE = re.compile(r"stumbledupon it|saved as a favorite|i will revisit", re.IGNORECASE)
PROVIDER = re.compile(
    r"@(?:gmail|googlemail|yahoo|hotmail|outlook|aol|icloud|gmx)\.(?!example\b)", re.IGNORECASE
)


@pytest.fixture(scope="module")
def files(project):
    return sorted((project / "data").glob("*.csv"))


@pytest.fixture(scope="module")
def rows(files):
    found = []
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            found += csv.DictReader(file)
    return found


def test_all_files_share_a_header_and_their_line_ends(files):
    for path in files:
        data = path.read_bytes()
        assert data.startswith(HEADER.encode() + b"\n"), path.name
        assert b"\r" not in data, path.name
        assert data.endswith(b"\n"), path.name


def test_every_row_is_whole_and_named_once(files, rows):
    assert max(Counter(row["id"] for row in rows).values()) == 1
    assert {row["source"] for row in rows} == {path.stem for path in files}
    for row in rows:
        assert None not in row, row["id"]
        assert None not in row.values(), row["id"]
        assert re.fullmatch(re.escape(row["source"]) + r"-\d{4}", row["id"])
        assert row["label"] in ("spam", "ham"), row["id"]
        assert re.fullmatch(r"[a-z]{2,3}", row["lang"]), row["id"]
        assert re.fullmatch(r"(\d{4}-\d\d-\d\d.*)?", row["date"]), row["id"]
        assert row["content"].strip(), row["id"]
        assert row["category"], row["id"]


def test_no_address_at_a_provider_can_be_somebodys(rows):
    for row in rows:
        assert not PROVIDER.search(row["content"]), row["id"]


def test_the_example_is_not_in_it(rows):
    assert not [row["id"] for row in rows if EXAMPLE.search(row["content"])]


def test_hardly_any_row_repeats_another(rows):
    groups = near_duplicate_groups([row["content"] for row in rows])
    assert len(rows) - len(np.unique(groups)) < 0.02 * len(rows)


def test_the_readme_counts_as_the_files_do(project, rows):
    text = (project / "data" / "README.md").read_text(encoding="utf-8")
    found = Counter((row["source"], row["label"]) for row in rows)
    table = re.findall(r"^\| `(\w+)\.csv` \|.*\| ([\d,]+) \| ([\d,]+) \|$", text, re.MULTILINE)
    counts = {}
    for source, spam, ham in table:
        counts[source, "spam"] = int(spam.replace(",", ""))
        counts[source, "ham"] = int(ham.replace(",", ""))
    assert counts == dict(found)
    spam = sum(row["label"] == "spam" for row in rows)
    assert f"{len(rows):,} labelled comments ({spam:,} spam, {len(rows) - spam:,} ham)" in text
    assert f"{len(rows):,} hand-written" in (project / "CHANGELOG.md").read_text(encoding="utf-8")
