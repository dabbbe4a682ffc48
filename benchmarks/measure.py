"""Whole processes, pinned and taking turns: their time, their memory, a table."""

import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil

MIB = 1 << 20
#: Memory is looked at this often while a process runs.
LOOK_EVERY = 0.05
#: A machine where others work may stall one run; of more runs the median says more.
ROUNDS = 5


class Task(NamedTuple):
    """One command to measure. ``exits`` are the exit codes that mean success."""

    name: str
    command: Sequence[str]
    stdin: bytes = b""
    exits: Sequence[int] = (0,)
    cores: int = 1


class Cost(NamedTuple):
    """What a process took: elapsed and processor seconds, and at its peak so many MiB."""

    seconds: float
    cpu: float
    memory: float

    @property
    def peak(self) -> str:
        """The memory as a table shows it; a process may end before it was looked at."""
        return f"{self.memory:.0f}" if self.memory else "-"


def cores() -> int:
    """How many cores a process may have here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def pinned(count: int = 1) -> Iterator[None]:
    """Processes started in this block stay on the last cores, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[-count:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


class MemoryWatch(threading.Thread):
    """The peak memory of a process and all its children together, in MiB.

    It is their PSS, in which a page that several processes share counts once, or the RSS of the
    largest where that is more: PSS also shares pages with processes that are not of this tree.
    Where the system knows no PSS, it is RSS.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = 0.0
        self._root = psutil.Process(pid)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            try:
                tree = [self._root, *self._root.children(recursive=True)]
                used = [process.memory_full_info() for process in tree]
                together = sum(getattr(memory, "pss", memory.rss) for memory in used)
                largest = max(memory.rss for memory in used)
                self.peak = max(self.peak, together / MIB, largest / MIB)
            except psutil.Error:  # one of them has just ended
                continue

    def stop(self) -> float:
        self._over.set()
        self.join()
        return self.peak


def run(task: Task, *, watch: bool = False) -> Cost:
    """Run it to its end on its cores; memory is 0 unless it is watched."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        begun = time.perf_counter()
        with pinned(task.cores):
            process = subprocess.Popen(
                task.command, stdin=subprocess.PIPE, stdout=out, stderr=errors
            )
        memory_watch = MemoryWatch(process.pid) if watch else None
        if memory_watch:
            memory_watch.start()
        assert process.stdin is not None
        process.stdin.write(task.stdin)
        process.stdin.close()
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        peak = memory_watch.stop() if memory_watch else 0.0
        if process.returncode not in task.exits:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip()
            raise SystemExit(f"{' '.join(task.command)}: exit {process.returncode}\n{said}")
    return Cost(seconds, used.ru_utime + used.ru_stime, peak)


def take_turns(tasks: Sequence[Task], rounds: int) -> dict[str, Cost]:
    """The median times of all tasks over ``rounds`` rounds in which each runs once.

    A round before them warms the caches, and in it memory is watched, which costs a little time.
    With no rounds at all that one is the measurement.
    """
    watched = {}
    for task in tasks:
        say(f"  {task.name}: watched")
        watched[task.name] = run(task, watch=True)
    if not rounds:
        return watched
    timed: dict[str, list[Cost]] = {task.name: [] for task in tasks}
    for number in range(rounds):
        say(f"  round {number + 1} of {rounds}")
        for task in tasks:
            timed[task.name].append(run(task))
    return {
        name: Cost(
            median(cost.seconds for cost in costs),
            median(cost.cpu for cost in costs),
            watched[name].memory,
        )
        for name, costs in timed.items()
    }


def say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, columns aligned for the eye; all but the first are numbers."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        return " | ".join(
            [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        )

    rule = "|".join(["-" * (widths[0] + 2), *("-" * (width + 1) + ":" for width in widths[1:])])
    return "\n".join([f"| {line(header)} |", f"|{rule}|", *(f"| {line(row)} |" for row in rows)])


def machine() -> str:
    """What this was measured on, as a Markdown list."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text().splitlines()
        cpu = next((line.split(": ")[1] for line in lines if line.startswith("model name")), cpu)
    packages = ("spamguard", "click", "numpy", "numba", "scikit-learn", "joblib")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    memory = psutil.virtual_memory().total / MIB / 1024
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"- {cpu}, {os.cpu_count()} cores, {memory:.0f} GiB; load when begun: {load}\n"
        f"- {platform.platform()}; Python {platform.python_version()}; {versions}"
    )


@contextmanager
def workspace() -> Iterator[Path]:
    """A directory for the files of one run; nothing of it stays."""
    with tempfile.TemporaryDirectory(prefix="spamguard-benchmarks-") as path:
        yield Path(path)
