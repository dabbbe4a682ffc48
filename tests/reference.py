"""The same regression as scikit-learn does it, for the tests to compare with."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from spamguard import features, fitting, kernel, text
from spamguard.records import Columns


class SeenColumns(SelectorMixin, BaseEstimator):
    """Keeps the columns that occur in at least ``fitting.MIN_ROWS`` training rows."""

    def fit(self, X, y=None):  # noqa: ARG002
        self.seen_ = np.bincount(X.indices, minlength=X.shape[1]) >= fitting.MIN_ROWS
        self.seen_[0] |= not self.seen_.any()  # scikit-learn takes no table without columns
        return self

    def _get_support_mask(self):
        return self.seen_


def matrix(tally, blocks=features.BLOCKS):
    """A tally as one csr matrix of shape (comments, all columns)."""
    rows = (len(tally.borders) - 1) // len(blocks)
    parts = []
    for number, block in enumerate(blocks):
        borders = tally.borders[number * rows : (number + 1) * rows + 1]
        within = slice(borders[0], borders[-1])
        parts.append(
            sparse.csr_matrix(
                (
                    tally.counts[within].astype(float),
                    tally.columns[within].astype(np.int32),
                    borders - borders[0],
                ),
                (rows, block.size),
            )
        )
    return sparse.hstack(parts, format="csr")


def matrix_of_rows(counts):
    """The same of ``counts.Counts``, in the order of the rows."""
    number = len(features.BLOCKS)
    begins = np.cumsum([0, *(block.size for block in features.BLOCKS)])
    places, parts = [], []
    for rows, shard in counts:
        block = np.repeat(np.tile(np.arange(number), len(rows)), np.diff(shard.borders))
        columns = begins[block] + shard.columns
        shape = (len(rows), begins[-1])
        ends = shard.borders[::number]
        parts.append(sparse.csr_matrix((shard.counts.astype(float), columns, ends), shape))
        places.append(rows)
    return sparse.vstack(parts, format="csr")[np.argsort(np.concatenate(places))]


def count_columns(comments):
    speed = kernel.fastest()
    return matrix(features.tally(text.views(Columns.of(comments), speed), speed))


def make_blocks():
    """From the counts of all columns to the blocks side by side, weighted and of their lengths."""
    blocks, begin = [], 0
    for block in features.BLOCKS:
        weigh = make_pipeline(SeenColumns(), TfidfTransformer(sublinear_tf=True))
        blocks.append((block.name, weigh, slice(begin, begin + block.size)))
        begin += block.size
    scales = {block.name: block.scale for block in features.BLOCKS}
    return ColumnTransformer(blocks, transformer_weights=scales, sparse_threshold=1.0)


def make_classifier():
    regression = LogisticRegression(C=fitting.STRENGTH, max_iter=10_000, tol=1e-9)
    return make_pipeline(make_blocks(), regression)


def classifier_of(model, comments):
    """scikit-learn's pipeline with what ``model`` learned from the comments."""
    blocks = make_blocks().fit(count_columns(comments))
    weights = []
    for part in model.parts:
        seen = blocks.named_transformers_[part.block.name][0].seen_
        weights.append(np.frombuffer(part.weight, "<f4")[seen] / part.block.scale)
    regression = LogisticRegression()
    regression.coef_ = np.concatenate(weights)[None].astype(float)
    regression.intercept_ = np.array([model.intercept])
    regression.classes_ = np.array([False, True])
    return make_pipeline(blocks, regression)
