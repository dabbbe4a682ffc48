"""Files damaged at random, for some seconds; benchmarks/fuzz_readers.py does it for longer."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from readers_support import EXPORTS

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "fuzz_readers.py"


@pytest.mark.parametrize("seed", [1, 2])
def test_damaged_files_are_read_or_refused_and_never_in_silence(seed, tmp_path):
    done = subprocess.run(
        [sys.executable, SCRIPT, "--seconds", "4", "--seed", str(seed), EXPORTS],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "damage told" in done.stdout
