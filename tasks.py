"""The jobs of this repository, for a machine with Python and git alone: python3 tasks.py JOB.

demo   set up, train on data/, score the example comments, show the verdicts
test   set up, run the tests against the built wheel
check  set up, run the linter and the type checker
model  set up, train the default model again, on data/ and, where it is there, ../shared/data
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
HOME = ROOT / ".venv"
DATA = ROOT / "data"
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")

#: So many texts are spun from each file of templates of our own. The one in ../shared/data has as
#: many alternatives as a hundred of ours.
SPUN = 150

EXAMPLES = """\
Hi, I do think this is a great site. I stumbledupon it 😉 I will revisit yet again since i have \
saved as a favorite it. Money and freedom is the greatest way to change, may you be rich and \
continue to help others.
great site, stumbledupon it
@Tom no, you need the 64-bit driver. Mine kept crashing until I changed that.
"""


def run(*command: str | Path, **options: bytes) -> None:
    """Run a command; end with its exit code when it fails."""
    words = [str(word) for word in command]
    code = subprocess.run(words, cwd=ROOT, check=False, **options).returncode  # noqa: S603
    if code:
        sys.exit(code)


def pip(*words: str | Path) -> None:
    run(BIN / "python", "-m", "pip", "--quiet", "--disable-pip-version-check", *words)


def set_up(*, development: bool) -> None:
    """A virtual environment in .venv with the wheel of this checkout in it."""
    print(f"setting up {HOME}, which takes a minute or two", file=sys.stderr)
    if not BIN.exists():
        venv.create(HOME, with_pip=True)
    pip("install", "--upgrade", "pip>=25.1")
    if development:
        pip("install", "--group", "dev")
    wheels = ROOT / "dist"
    shutil.rmtree(wheels, ignore_errors=True)
    pip("wheel", ".", "--no-deps", "--wheel-dir", wheels)
    (wheel,) = wheels.glob("*.whl")
    pip("install", wheel)
    pip("install", "--force-reinstall", "--no-deps", wheel)


def training_words(folder: Path, spun: Path, count: int) -> list[str | Path]:
    """What ``train`` takes: the tables in a folder, and so many texts of each file of templates."""
    templates = [
        word for path in sorted(spun.glob("*.txt")) for word in ("--spin", f"{count}", path)
    ]
    return [*sorted(folder.glob("*.csv")), *templates]


def demo() -> None:
    set_up(development=False)
    target = HOME / "demo.joblib"
    print("training on data/, which takes some seconds", file=sys.stderr)
    words = training_words(DATA, DATA / "spin", SPUN)
    run(BIN / "spamguard", "train", *words, "-o", target, "--quiet")
    run(BIN / "spamguard", "score", "--model", target, input=EXAMPLES.encode())


def model() -> None:
    """The model that ships: on data/ and, where they are, the shared comments."""
    set_up(development=False)
    shared = ROOT.parent / "shared" / "data"
    words = training_words(DATA, DATA / "spin", SPUN)
    words += training_words(shared, shared, 20 * SPUN)
    words += sorted((shared / "youtube").glob("*.csv"))
    target = ROOT / "models" / "default.joblib"
    run(BIN / "spamguard", "train", *words, "--leave-sources-out", "-o", target)


def test() -> None:
    set_up(development=True)
    run(BIN / "python", "-m", "pytest", *sys.argv[2:])


def check() -> None:
    set_up(development=True)
    run(BIN / "ruff", "check")
    run(BIN / "ruff", "format", "--check")
    run(BIN / "mypy")


def main() -> None:
    jobs = {"demo": demo, "test": test, "check": check, "model": model}
    if len(sys.argv) < 2 or sys.argv[1] not in jobs:
        sys.exit(__doc__)
    jobs[sys.argv[1]]()


if __name__ == "__main__":
    main()
