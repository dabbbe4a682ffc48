"""Spun spam: templates in which ``{a|b}`` stands for a or b, nested as one likes."""

import random
from collections.abc import Iterator

from spamguard.errors import InputError

#: Templates of one file are parted by a line that holds just this.
SEPARATOR = "---"


def expand(template: str, choose: random.Random) -> str:
    """One of the texts that a template stands for.

    A template that was cut off ends there: what is open is closed. A closing brace too many
    raises InputError.
    """
    text, end = _sequence(template, 0, choose, "")
    if end < len(template):
        raise InputError(f"column {end + 1}: a closing brace without an opening one")
    return text.replace("\\n", "\n")


def _sequence(template: str, begin: int, choose: random.Random, ends: str) -> tuple[str, int]:
    """The text from ``begin`` up to the first of ``ends`` (or a stray brace), and where that is."""
    parts = []
    place = begin
    while place < len(template) and template[place] not in ends + "}":
        if template[place] == "{":
            options = []
            while place < len(template) and template[place] in "{|":
                text, place = _sequence(template, place + 1, choose, "|}")
                options.append(text)
            parts.append(choose.choice(options))
        else:
            parts.append(template[place])
        place += 1
    return "".join(parts), place


def expansions(name: str, content: str, count: int, seed: int) -> Iterator[str]:
    """``count`` texts from the templates in a file, each template as often as the others.

    The same input gives the same texts. ``name`` is the file's, for messages.
    """
    templates: list[tuple[int, str]] = []
    begin = 1
    for block in content.split(f"\n{SEPARATOR}\n"):
        if block.strip():
            templates.append((begin, " ".join(block.split())))
        begin += block.count("\n") + 2
    if not templates:
        raise InputError(f"{name}: empty: there are no templates in it")
    choose = random.Random(seed)  # noqa: S311 - variety, not secrecy
    for number in range(count):
        line, template = templates[number % len(templates)]
        try:
            yield expand(template, choose)
        except InputError as error:
            raise InputError(f"{name}: the template of line {line}: {error}") from None
