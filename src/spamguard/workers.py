"""Several processes that score batches of comments, for one that reads and writes."""

import multiprocessing
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import TypeVar

from spamguard.errors import WorkerError
from spamguard.model import Model, Scorer
from spamguard.records import Columns

Item = TypeVar("Item")

#: So many batches a worker are under way at most: one that it scores and one that waits.
AHEAD = 2

#: A comment that needs all of the kernel: a text, and a link in it.
SAMPLE = Columns(["http://a.example"], [], [])

_scorer: Scorer


def log_odds(
    model: Model, jobs: int, items: Iterable[Item], columns: Callable[[Item], Columns]
) -> Iterator[tuple[Item, Sequence[float]]]:
    """Each item with the uncalibrated log-odds of its comments, in order, by ``jobs`` processes.

    Raises WorkerError when one of them dies.
    """
    Scorer(model, bulk=True).log_odds_in(SAMPLE)  # loaded once, before the fork
    pool = ProcessPoolExecutor(jobs, _context(), _begin, (model,))
    under_way: deque[tuple[Item, Future[Sequence[float]]]] = deque()
    try:
        for item in items:
            under_way.append((item, pool.submit(_score, columns(item))))
            if len(under_way) > AHEAD * jobs:
                yield _finished(*under_way.popleft())
        while under_way:
            yield _finished(*under_way.popleft())
    except BrokenProcessPool:
        raise WorkerError(
            "a process that scored comments has died, perhaps for want of memory;"
            " nothing was written; try --jobs 1"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _finished(item: Item, future: Future[Sequence[float]]) -> tuple[Item, Sequence[float]]:
    return item, future.result()


def _context() -> multiprocessing.context.BaseContext:
    """Forked where that is safe: such a worker need not load anything again."""
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _begin(model: Model) -> None:
    """Make ready for work. Ctrl-C is the reader's business; without it there is no work left."""
    global _scorer  # noqa: PLW0603 - a worker has no other place between two batches
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _scorer = Scorer(model, bulk=True)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
    signal.raise_signal(signal.SIGKILL)


def _score(comments: Columns) -> Sequence[float]:
    return _scorer.log_odds_in(comments)
