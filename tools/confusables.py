"""Writes src/spamguard/confusables.py, the letters that look like Latin ones.

    pip install confusable-homoglyphs
    python tools/confusables.py

The package carries Unicode's confusables (UTS #39); what it leaves out, small capitals and letters
with strokes and hooks, is found by their names.
"""

import json
import re
import unicodedata
from collections import defaultdict
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src" / "spamguard" / "confusables.py"
PACKAGE = "confusable-homoglyphs"

#: Whose letters are worth knowing: the others are too rare to be at hand or in a font.
SCRIPTS = (
    "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "CANADIAN SYLLABICS", "GEORGIAN",
)  # fmt: skip
#: What people take for a letter although Unicode does not, and what they don't.
BY_EYE = {
    letter: latin
    for latin, letters in {
        "b": "\u03b2", "e": "\u025b\u03b5\u0404\u0454", "f": "\u0493", "k": "\u03ba\u043a",
        "m": "\u043c", "n": "\u03b7\u043f", "u": "\u03bc", "w": "\u03c9", "x": "\u03c7",
        "": "\u0398\u03b8\u03f4",
    }.items()
    for letter in letters
}  # fmt: skip
#: A Latin letter in a dress that NFKD does not take off.
DRESSED = re.compile(
    r"LATIN (?:SMALL|CAPITAL) LETTER (?:SCRIPT |DOTLESS |SMALL CAPITAL )?([A-Z])(?: WITH .+)?"
    r"|LATIN LETTER SMALL CAPITAL ([A-Z])"
    r"|(?:NEGATIVE (?:CIRCLED|SQUARED)|CROSSED NEGATIVE SQUARED) LATIN CAPITAL LETTER ([A-Z])"
)

HEAD = '''"""Letters that look like Latin ones; written by tools/confusables.py.

From Unicode's confusables (UTS #39) as {package} {version} carries them, and from the
names of letters in Unicode {unicode}. Copyright 1991-2024 Unicode, Inc., used under the Unicode
License v3 (https://www.unicode.org/license.txt).
"""

# ruff: noqa: RUF001


def _by_character(groups: dict[str, str]) -> dict[str, str]:
    return {{character: latin for latin, characters in groups.items() for character in characters}}

'''


def without_marks(text: str) -> str:
    """What is left of a text when its styles and accents are off."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def dressed_letter(character: str) -> str | None:
    """The Latin letter that a character is by its name."""
    found = DRESSED.fullmatch(unicodedata.name(character, ""))
    return next(filter(None, found.groups())).lower() if found else None


def alike(character: str, confusables: dict[str, list[dict[str, str]]]) -> str | None:
    """The Latin letter that a letter of another script looks like."""
    if character in BY_EYE:
        return BY_EYE[character] or None
    letters = set()
    for other in confusables.get(character, []):
        plain = without_marks(other["c"])
        if len(plain) == 1:
            letters.add(plain if plain.isascii() else dressed_letter(plain) or "")
    letters = {letter for letter in letters if letter.isalpha()}
    if "l" in letters and "L" not in letters:  # Unicode takes I and l for one
        small = character.lower() == character != character.upper()
        return "l" if small and "i" not in letters else "i"
    return min(letters, default="").lower() or None


def assignment(name: str, comment: str, table: dict[str, list[str]]) -> str:
    rows = "".join(f'    "{letter}": "{"".join(table[letter])}",\n' for letter in sorted(table))
    return f"\n#: {comment}\n{name} = _by_character({{\n{rows}}})\n"


def main() -> None:
    data = files("confusable_homoglyphs").joinpath("confusables.json").read_text("utf-8")
    confusables = json.loads(data)
    foreign: dict[str, list[str]] = defaultdict(list)
    dressed: dict[str, list[str]] = defaultdict(list)
    for character in map(chr, (*range(0x80, 0x10000), *range(0x1F100, 0x1F200))):
        if unicodedata.category(character)[0] not in "LS" or without_marks(character) != character:
            continue
        name = unicodedata.name(character, "")
        if letter := dressed_letter(character):
            dressed[letter].append(character)
        elif name.startswith(SCRIPTS) and (letter := alike(character, confusables)):
            foreign[letter].append(character)
        elif name.startswith("LATIN") and (letter := alike(character, confusables)):
            dressed[letter].append(character)
    head = HEAD.format(
        package=PACKAGE, version=version(PACKAGE), unicode=unicodedata.unidata_version
    )
    look = "Letters of other scripts, by the Latin one they look like."
    dress = "Latin letters in another dress, by the plain one."
    tables = assignment("FOREIGN", look, foreign) + assignment("DRESSED", dress, dressed)
    TARGET.write_text(head + tables, encoding="utf-8")


if __name__ == "__main__":
    main()
