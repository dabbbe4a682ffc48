"""How much spam gets through, and how much ham is called spam, when words are disguised.

    python benchmarks/evasion.py [FILE ...]

Two files at a time are held out and a model is trained on the others; its cut-off calls 1% of the
held-out ham spam. Then each trick is played on 10%, 40% and all of the words of every held-out
comment, spam and ham alike; the last one sets it among so much of 2,000 innocent characters. The
model reads texts alone, without names and addresses.
"""

import argparse
import random
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import comments
import numpy as np
from measure import machine, say, table

from spamguard import confusables, training
from spamguard.model import Scorer
from spamguard.records import Comment

STRENGTHS = (0.1, 0.4, 1.0)
FALSE_POSITIVES = 0.01
#: So many characters of readers' comments stand around a padded comment at most.
PADDING = 2000

#: A word or a link as a spammer writes it, by some chance.
Trick = Callable[[str, random.Random], str]

LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"'\]\[]+")
WORD = re.compile(r"[^\W\d_]{2,}")
#: No words are in these.
NO_TEXT = re.compile(rf"{LINK.pattern}|<[^<>]*>|\[/?[a-z][^\]\[]*\]|&#?\w+;|\S+@\S+")
MARKS = "\u0300\u0301\u0302\u0303\u0308\u030a\u0316\u0323\u0324\u0331\u0337"
LEET = str.maketrans("aeiostAEIOST", "431057431057")
SMALL_CAPITALS = "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡxʏᴢ"  # noqa: RUF001


def moved(first: str) -> Trick:
    """Letters from a set of 26 that begins with ``first``."""
    letters = {ord("a") + place: ord(first) + place for place in range(26)}
    return lambda word, _: word.lower().translate(letters)


def alike(first: str, last: str) -> Trick:
    """Look-alikes from a range of characters, for each letter that has one."""
    letters = {
        ord(latin): character
        for character, latin in confusables.FOREIGN.items()
        if first <= character <= last and character.islower()
    }
    return lambda word, _: word.translate(letters)


def filled(filler: str) -> Trick:
    return lambda word, _: filler.join(word)


def cut(before: str, after: str = "") -> Trick:
    """A tag or two around the second letter."""
    return lambda word, _: f"{word[:1]}{before}{word[1:2]}{after}{word[2:]}"


def marked(word: str, chance: random.Random) -> str:
    return "".join(letter + "".join(chance.choices(MARKS, k=3)) for letter in word)


def stretched(word: str, chance: random.Random) -> str:
    place = chance.randrange(len(word))
    return word[:place] + word[place] * chance.randint(3, 6) + word[place + 1 :]


def one_leet(word: str, chance: random.Random) -> str:
    """One vowel or s replaced, inside the word if there is one."""
    places = [found.start() for found in re.finditer("(?i)[aeios]", word)]
    inside = [place for place in places if 0 < place < len(word) - 1]
    if not places:
        return word
    place = chance.choice(inside or places)
    return word[:place] + word[place].translate(LEET) + word[place + 1 :]


def bare(link: str) -> str:
    return re.sub(r"^(?:https?://)?(?:www\.)?", "", link)


WORD_TRICKS: dict[str, Trick] = {
    "entities": lambda word, _: "".join(f"&#{ord(letter)};" for letter in word),
    "nested entities": lambda word, _: "".join(f"&amp;#x{ord(letter):x};" for letter in word),
    "tags": cut("<b>", "</b>"),
    "HTML comments": cut("<!-- x -->"),
    "BBCode": cut("[i]", "[/i]"),
    "zero-width spaces": filled("\u200b"),
    "U+FEFF": filled("\ufeff"),
    "soft hyphens": filled("\u00ad"),
    "right to left": lambda word, _: f"\u202e{word[::-1]}\u202c",
    "piled-up marks": marked,
    "struck through": lambda word, _: "".join(f"{letter}\u0336" for letter in word),
    "full width": moved("\uff41"),
    "mathematical": moved("\U0001d5ee"),
    "circled": moved("\u24d0"),
    "negative squared": moved("\U0001f170"),
    "small capitals": lambda word, _: word.lower().translate(
        {ord("a") + place: letter for place, letter in enumerate(SMALL_CAPITALS)}
    ),
    "Cyrillic look-alikes": alike("\u0400", "\u04ff"),
    "Greek look-alikes": alike("\u0370", "\u03ff"),
    "s p a c e d": lambda word, _: f"  {' '.join(word)}  ",
    "d.o.t.t.e.d": filled("."),
    "h-y-p-h-e-n-s": filled("-"),
    "leet, one letter": one_leet,
    "leet, all letters": lambda word, _: word.translate(LEET),
    "stretched": stretched,
}
LINK_TRICKS: dict[str, Trick] = {
    "percent in links": lambda link, _: re.sub(
        "(?<=[./])[a-z]", lambda letter: f"%{ord(letter[0]):x}", link
    ),
    "dot spelled out": lambda link, _: bare(link).replace(".", " dot "),
    "dot in brackets": lambda link, _: bare(link).replace(".", "[.]"),
}


def played(name: str, text: str, strength: float, seed: str) -> str:
    """The text with a trick played on so many of its words, or of its links."""
    chance = random.Random(seed)

    def play(match: re.Match[str]) -> str:
        trick = WORD_TRICKS.get(name) or LINK_TRICKS[name]
        return trick(match[0], chance) if chance.random() < strength else match[0]

    if name in LINK_TRICKS:
        return LINK.sub(play, text)
    pieces = []
    end = 0
    for skipped in NO_TEXT.finditer(text):
        pieces += [WORD.sub(play, text[end : skipped.start()]), skipped[0]]
        end = skipped.end()
    return "".join([*pieces, WORD.sub(play, text[end:])])


def innocents(strength: float, innocent: Sequence[str], seed: str) -> tuple[list[str], int]:
    """Readers' comments to pad with, of which as many characters are taken as the number says."""
    chance = random.Random(seed)
    room = round(strength * PADDING)
    drawn: list[str] = []
    while sum(len(text) + 1 for text in drawn) < room:
        drawn.append(chance.choice(innocent))
    return drawn, room


def padded(text: str, strength: float, innocent: Sequence[str], seed: str) -> str:
    """The text somewhere between words of readers' comments drawn at random."""
    drawn, room = innocents(strength, innocent, seed)
    words = " ".join([*drawn, ""])[:room].split(" ")
    words.insert(random.Random(f"{seed} place").randrange(len(words) + 1), text)
    return " ".join(words)


def caught(scorer: Scorer, texts: Sequence[str], cutoff: float) -> int:
    odds = scorer.log_odds([Comment(text) for text in texts])
    return sum(value >= cutoff for value in odds)


def apart(
    odds: float,
    strength: float,
    innocent: Sequence[str],
    of_innocent: Mapping[str, float],
    seed: str,
) -> float:
    """The highest log-odds among a text and the whole comments that pad it, each read alone."""
    drawn, _ = innocents(strength, innocent, seed)
    return max([odds, *(of_innocent[text] for text in drawn[:-1])])


def measure(files: Sequence[Path]) -> str:
    tables = [comments.read(file) for file in files]
    rows = {name: np.zeros((2, len(STRENGTHS))) for name in [*WORD_TRICKS, *LINK_TRICKS, "padding"]}
    clean = np.zeros(2)
    total = np.zeros(2)
    #: How far what is in each padded comment is above the cut-off, by strength, of spam and ham.
    pieces: dict[tuple[int, int], list[float]] = defaultdict(list)
    for first in range(0, len(files) - 1, 2):
        say(f"  held out: {files[first].name}, {files[first + 1].name}")
        held_out = tables[first] + tables[first + 1]
        seen = [row for rows_ in tables[:first] + tables[first + 2 :] for row in rows_]
        spam = np.array([row.spam for row in seen])
        fitted = training.fit([Comment(row.text) for row in seen], spam, training.Options())
        scorer = Scorer(fitted.model, bulk=True)
        texts = [[row.text for row in held_out if row.spam is kind] for kind in (True, False)]
        odds = [scorer.log_odds([Comment(text) for text in of_kind]) for of_kind in texts]
        cutoff = float(np.nextafter(sorted(odds[1])[-1 - int(FALSE_POSITIVES * len(odds[1]))], 99))
        of_ham = dict(zip(texts[1], odds[1], strict=True))
        total += [len(kind) for kind in texts]
        clean += [sum(value >= cutoff for value in of_kind) for of_kind in odds]
        for place, strength in enumerate(STRENGTHS):
            for kind, of_kind in enumerate(texts):
                for name, row in rows.items():
                    disguised = [
                        padded(text, strength, texts[1], f"{number}")
                        if name == "padding"
                        else played(name, text, strength, f"{name} {number}")
                        for number, text in enumerate(of_kind)
                    ]
                    row[kind, place] += caught(scorer, disguised, cutoff)
                pieces[place, kind] += [
                    apart(value, strength, texts[1], of_ham, f"{number}") - cutoff
                    for number, value in enumerate(odds[kind])
                ]
    recall, harm = 100 * clean / total
    shown = [
        [
            name,
            *(f"{value:+.1f}" for value in (100 * row / total[:, None] - [[recall], [harm]]).flat),
        ]
        for name, row in rows.items()
    ]
    header = [
        "",
        *(f"{what}, {strength:.0%}" for what in ("spam", "ham") for strength in STRENGTHS),
    ]
    return (
        "### Evasion\n"
        f"Of {total[0]:.0f} spam comments {recall:.1f}% are caught, of {total[1]:.0f} ham comments"
        f" {harm:.1f}% are called spam. With a trick on so many of the words or links it is, in"
        " points:\n\n" + table(header, shown) + "\n\n"
        "Whoever knew where each comment in the padding begins and ends, and read it alone, would"
        f" lose {', '.join(seen_through(pieces, *clean / total))} points of the padded spam with"
        " the cut-off that calls padded ham spam 1 point more often."
    )


def seen_through(
    pieces: Mapping[tuple[int, int], Sequence[float]], recall: float, harm: float
) -> list[str]:
    """What is lost at each strength, in points, when padded comments are taken apart."""
    lost = []
    for place in range(len(STRENGTHS)):
        spam, ham = (np.array(pieces[place, kind]) for kind in (0, 1))
        cutoff = np.quantile(ham, 1 - harm - 0.01)
        lost.append(f"{100 * (recall - np.mean(spam > cutoff)):.1f}")
    return lost


def main() -> None:
    parser = argparse.ArgumentParser(description="Play spammers' tricks on held-out comments.")
    parser.add_argument(
        "files", type=Path, nargs="*", help="labelled CSV files (default: data/*.csv)"
    )
    options = parser.parse_args()
    files = options.files or sorted((comments.ROOT / "data").glob("*.csv"))
    print(machine(), measure(files), sep="\n\n")


if __name__ == "__main__":
    main()
