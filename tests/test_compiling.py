"""Where compiled functions are kept: never where others could put code of theirs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cli_support import check_refused, environment, shell
from spamguard.compiling import is_private

MODULE = "def double(number):\n    return 2 * number\n"
SCRIPT = """
import module
from spamguard.compiling import compiled
double = compiled(module.double)
print(double(21), double.stats.cache_path)
"""
EVERY_RUN = "compiling the kernel, which takes some seconds and will in every run"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")


@pytest.fixture
def compiles(tmp_path):
    """Compiles a module of its own in a process of its own; where that is kept, and stderr."""
    os.chmod(tmp_path, 0o755)
    folder = tmp_path / "package"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "module.py").write_text(MODULE)
    home = tmp_path / "home"
    home.mkdir()

    def call(**variables):
        path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
        user = environment(PYTHONPATH=path, HOME=str(home))
        for name in ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
            user.pop(name, None)
        done = subprocess.run(
            [sys.executable, "-B", "-c", SCRIPT],
            capture_output=True,
            text=True,
            check=True,
            env=user | variables,
        )
        answer, place = done.stdout.split()
        assert answer == "42"
        return None if place == "None" else Path(place), done.stderr

    return call


def test_it_is_compiled_once_and_said_where_it_is_kept(compiles, tmp_path):
    place, said = compiles()
    assert place == tmp_path / "package" / "__pycache__"
    assert said.count("\n") == 1
    assert f"kept in {place}" in said
    assert compiles() == (place, "")


def test_what_others_can_write_to_is_passed_over_for_a_private_directory(compiles, tmp_path):
    shared = tmp_path / "package" / "__pycache__"
    shared.chmod(0o775)
    place, said = compiles()
    private = tmp_path / "home" / ".cache" / "spamguard"
    if sys.platform == "linux":
        assert place.parent == private
        assert private.stat().st_mode & 0o777 == 0o700
    assert f"kept in {place}" in said
    assert list(shared.glob("*.nb*")) == []
    assert compiles() == (place, "")


def test_a_chosen_directory_that_others_can_write_to_is_not_used(compiles, tmp_path):
    chosen = tmp_path / "chosen"
    chosen.mkdir()
    place, said = compiles(NUMBA_CACHE_DIR=str(chosen))
    assert place.parent == chosen
    chosen.chmod(0o777)
    for _ in range(2):
        place, said = compiles(NUMBA_CACHE_DIR=str(chosen))
        assert place is None
        assert said.count("\n") == 1
        assert said.startswith(EVERY_RUN)


def test_where_nothing_can_be_written_it_is_compiled_in_every_run(compiles, tmp_path):
    folder = tmp_path / "package" / "__pycache__"
    folder.rmdir()
    folder.write_text("a file, so that no folder can be made here")
    for _ in range(2):
        place, said = compiles(HOME="/dev/null")
        assert place is None
        assert said.startswith(EVERY_RUN)


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o1777])
def test_a_directory_is_private_if_others_can_change_neither_it_nor_what_leads_to_it(
    tmp_path, mode
):
    tmp_path.chmod(0o755)
    above = tmp_path / "above"
    below = above / "below"
    below.mkdir(parents=True)
    assert is_private(below)
    below.chmod(mode)
    assert not is_private(below)
    below.chmod(0o700)
    above.chmod(mode)
    assert is_private(below) == (mode == 0o1777)


def test_a_file_that_others_can_write_to_makes_a_directory_unfit(tmp_path):
    tmp_path.chmod(0o755)
    kept = tmp_path / "kernel.weigh-1.py311.nbi"
    kept.touch()
    kept.chmod(0o664)
    assert not is_private(tmp_path)
    kept.chmod(0o644)
    assert is_private(tmp_path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_directory_of_somebody_else_is_not_private(tmp_path):
    tmp_path.chmod(0o755)
    assert is_private(tmp_path)
    os.chown(tmp_path, 12345, 12345)
    assert not is_private(tmp_path)


def test_no_room_for_what_is_compiled_is_one_line(model_file, tmp_path):
    table = tmp_path / "comments.csv"
    table.write_text("text\n" + "".join(f"comment {number}\n" for number in range(20_000)))
    result = shell(
        'ulimit -f 1; exec "$@" 2> >(grep -v compiling >&2)',
        *("label", table, "-m", model_file, "--dry-run"),
        env={"NUMBA_CACHE_DIR": str(tmp_path / "cache")},
    )
    check_refused(result, "a file cannot be kept", "NUMBA_CACHE_DIR")
