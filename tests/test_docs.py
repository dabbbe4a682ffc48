"""The commands of docs/blog.md, run one after another as they stand there."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

from cli_support import run
from readers_support import EXPORTS

PAGE = Path(__file__).parents[1] / "docs" / "blog.md"


def test_the_commands_of_the_page_on_blogs_run(tmp_path):
    commands = re.findall(r"(?m)^\$ spamguard (.*)$", PAGE.read_text(encoding="utf-8"))
    assert len(commands) >= 6
    export = tmp_path / "export.xml"
    export.write_bytes((EXPORTS / "wordpress.xml").read_bytes())
    for command in commands:
        words = shlex.split(command)
        result = run(*words, cwd=tmp_path)
        assert result.code == 0, (command, result)
        for option, name in pairwise(words):
            if option in ("-o", "--log", "--wp-cli"):
                assert (tmp_path / name).exists(), command
    assert (tmp_path / "restored.xml").read_bytes() == export.read_bytes()
    assert (tmp_path / "mark.undo.sh").exists()
