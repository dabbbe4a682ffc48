"""The same regression as scikit-learn does it, for the tests to compare with."""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
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


def described(comments):
    """The counts of all columns, and in a last one whether a comment has a name only."""
    views = text.views(Columns.of(comments), kernel.fastest())
    name_only = sparse.csr_matrix(np.array(list(views.name_only()), float)[:, None])
    return sparse.hstack([count_columns(comments), name_only], format="csr")


class Blocks(TransformerMixin, BaseEstimator):
    """From what describes comments to the blocks side by side, weighted and of their lengths; then
    the twins of some, which are empty unless a comment has a name only."""

    def fit(self, X, y=None):  # noqa: ARG002
        parts, begin = [], 0
        for block in features.BLOCKS:
            weigh = make_pipeline(SeenColumns(), TfidfTransformer(sublinear_tf=True))
            parts.append((block.name, weigh, slice(begin, begin + block.size)))
            begin += block.size
        scales = {block.name: block.scale for block in features.BLOCKS}
        self.parts_ = ColumnTransformer(parts, transformer_weights=scales, sparse_threshold=1.0)
        self.parts_.fit(X)
        self.has_twins_ = X[:, -1].sum() < X.shape[0]
        return self

    def transform(self, X):
        return self.with_twins(self.parts_.transform(X), X[:, -1].toarray().ravel())

    def with_twins(self, table, name_only):
        shown = sparse.diags(name_only * self.has_twins_)
        twins = [
            block.name_only * shown @ table[:, self.parts_.output_indices_[block.name]]
            for block in features.BLOCKS
            if block.name_only
        ]
        return sparse.hstack([table, *twins], format="csr")

    def seen(self, name):
        return self.parts_.named_transformers_[name][0].seen_


def make_classifier():
    regression = LogisticRegression(C=fitting.STRENGTH, max_iter=10_000, tol=1e-9)
    return make_pipeline(Blocks(), regression)


def classifier_of(model, comments):
    """scikit-learn's pipeline with what ``model`` learned from the comments."""
    blocks = Blocks().fit(described(comments))
    weights, twins = [], []
    for part in model.parts:
        weight = np.frombuffer(part.weight, "<f4")[blocks.seen(part.block.name)].astype(float)
        weights.append(weight / part.block.scale)
        if part.block.name_only:
            own = np.frombuffer(part.name_only_weight, "<f4")[blocks.seen(part.block.name)]
            twins.append((own - weight) / part.block.scale / part.block.name_only)
    regression = LogisticRegression()
    regression.coef_ = np.concatenate([*weights, *twins])[None]
    regression.intercept_ = np.array([model.intercept])
    regression.classes_ = np.array([False, True])
    return make_pipeline(blocks, regression)
