"""The README's commands, run: they print what it shows."""

import importlib.util
import re
import subprocess
import sys

import pytest

BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DEMO = "python3 tasks.py demo"


def examples(project):
    """Each command that the README shows with ``$``, and what it shows below it."""
    for block in BLOCK.findall((project / "README.md").read_text(encoding="utf-8")):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield command, output


@pytest.fixture
def tasks(project):
    spec = importlib.util.spec_from_file_location("tasks", project / "tasks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_commands_of_the_readme_print_what_it_shows(project, tmp_path):
    shown = {command: output for command, output in examples(project) if command != DEMO}
    (tmp_path / "comments.csv").write_text(shown["cat comments.csv"], encoding="utf-8")
    spamguard = f"'{sys.executable}' -m spamguard"
    for command, output in shown.items():
        words = re.sub(r"(^|\| )spamguard ", rf"\1{spamguard} ", command)
        done = subprocess.run(
            words, shell=True, cwd=tmp_path, capture_output=True, encoding="utf-8", check=True
        )
        assert done.stderr + done.stdout == output, command


def test_the_demo_gives_the_verdicts_that_the_readme_shows(project, tasks, tmp_path):
    """The last digits may differ from machine to machine; the verdicts and the texts may not."""
    model = tmp_path / "demo.joblib"
    words = [
        *tasks.training_words(tasks.DATA, tasks.DATA / "spin", tasks.SPUN),
        "-o",
        model,
        "--quiet",
    ]
    run = [sys.executable, "-m", "spamguard"]
    subprocess.run([*run, "train", *map(str, words)], check=True)
    done = subprocess.run(
        [*run, "score", "--model", model],
        input=tasks.EXAMPLES,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    shown = dict(examples(project))[DEMO]
    assert without_digits(done.stdout) == without_digits(shown)


def without_digits(text):
    return re.sub(r"\t(0\.\d)\d{5}\t", r"\t\1\t", text)
