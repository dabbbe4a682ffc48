"""Labelling by several processes: the same bytes, and nothing left behind whatever happens."""

import csv
import os
import signal
import subprocess
import time

import pytest

from cli_support import COMMAND, HANGS, environment, invoke

ROWS = 6000


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A table that is large enough for workers, odd rows among the plain ones."""
    path = tmp_path_factory.mktemp("jobs") / "many.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "author", "url", "content"])
        for number in range(ROWS):
            text = f"Great post number {number}!\nVisit www.shop{number % 7}.example <b>now</b> é"
            rows.writerow([number, f"Anna {number % 50}", "", text * (1 + number % 3)])
        file.write("1,2,3,4,too many\n\n")
    return path


def children(pid):
    """The processes that a process has started and that are still there."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return list(map(int, file.read().split()))


def begun(many, out):
    """A run whose workers are at work on an endless input, and these workers."""
    run = subprocess.Popen(
        [*COMMAND, "label", "-", "-o", str(out), "--jobs", "2"],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        process_group=0,
    )
    data = many.read_bytes()
    run.stdin.write(data)
    run.stdin.flush()
    end = time.monotonic() + HANGS
    while len(workers := children(run.pid)) < 2:
        assert time.monotonic() < end, "no workers"
        time.sleep(0.05)
    return run, workers


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids):
    """Whether these processes end within a few seconds."""
    end = time.monotonic() + 10
    while any(map(alive, pids)):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("jobs", [2, 3])
def test_any_number_of_jobs_gives_the_same_bytes(many, tmp_path, jobs):
    alone, together = tmp_path / "alone.csv", tmp_path / "together.csv"
    first = invoke("label", many, "-o", alone, "--jobs", "1")
    second = invoke("label", many, "-o", together, "--jobs", str(jobs))
    assert second.err == first.err
    assert together.read_bytes() == alone.read_bytes()
    assert f"{ROWS:,} comments" in first.err


def test_a_worker_that_dies_ends_the_run_in_one_line(many, tmp_path):
    out = tmp_path / "out.csv"
    run, workers = begun(many, out)
    os.kill(workers[0], signal.SIGKILL)
    _, said = run.communicate(many.read_bytes(), timeout=HANGS)
    assert run.returncode == 3
    assert said.decode().count("\n") == 1
    assert "--jobs 1" in said.decode()
    assert list(tmp_path.iterdir()) == []
    assert gone(workers)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)]
)
@pytest.mark.parametrize("all_of_them", [True, False])
def test_a_run_that_is_ended_leaves_no_process_and_no_file_behind(
    many, tmp_path, number, code, all_of_them
):
    run, workers = begun(many, tmp_path / "out.csv")
    (os.killpg if all_of_them else os.kill)(run.pid, number)
    _, said = run.communicate(timeout=HANGS)
    assert run.returncode == code
    assert b"Traceback" not in said
    assert gone(workers)
    assert list(tmp_path.iterdir()) == []


def test_workers_end_when_the_run_is_killed(many, tmp_path):
    run, workers = begun(many, tmp_path / "out.csv")
    run.kill()
    run.communicate(timeout=HANGS)
    assert gone(workers)
