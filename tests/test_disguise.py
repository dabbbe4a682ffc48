# ruff: noqa: RUF001
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spamguard import kernel, tidying
from spamguard.disguise import LINK, MAIL
from spamguard.letters import plain_letters
from spamguard.text import clean
from strategies import texts

# Letters that look Latin stand here as escapes: nobody can read them apart.
BOLD = "".join(chr(0x1D5EE + ord(letter) - ord("a")) for letter in "viagra")
WIDE = "".join(chr(0xFF41 + ord(letter) - ord("a")) for letter in "viagra")
CIRCLED = "".join(chr(0x24D0 + ord(letter) - ord("a")) for letter in "viagra")
SQUARED = "".join(chr(0x1F170 + ord(letter) - ord("a")) for letter in "viagra")
SMALL_CAPITALS = "\u1d20\u026a\u1d00\u0262\u0280\u1d00"
FLAGS = " ".join(chr(0x1F1E6 + ord(letter) - ord("a")) for letter in "viagra")
CYRILLIC_A, CYRILLIC_I, CYRILLIC_O, CYRILLIC_S = "\u0430", "\u0456", "\u043e", "\u0441"

#: A disguise, what a reader takes in, and the signs it leaves.
DISGUISES = [
    ("&#118;&#x69;agra", "viagra", ["entity"]),
    ("Tom &amp;amp; Jerry &lt;b&gt;", "tom & jerry", []),
    ("via<!-- x > y -->gra", "viagra", ["hidden"]),
    ("v<b></b>iagra", "viagra", ["hidden"]),
    ("via<span style='display: none'>lot</span>gra", "viagra", ["hidden"]),
    ("v<i>i</i>ag[b]r[/b]a", "viagra", []),
    ("one<br>two<p>three", "one two three", []),
    ("v\u200bi\u2060a\u00adgra", "viagra", ["hidden"]),
    ("\u202eargaiv\u202c", "viagra", ["hidden"]),
    ("v\u0301\u0302\u0303\u0304iagra", "viagra", ["marks"]),
    ("v\u0336i\u0336a\u0336g\u0336r\u0336a\u0336", "viagra", ["marks"]),
    (BOLD, "viagra", ["styled"]),
    (WIDE, "viagra", ["styled"]),
    (CIRCLED, "viagra", ["styled"]),
    (SQUARED, "viagra", ["styled"]),
    (SMALL_CAPITALS, "viagra", ["styled"]),
    (FLAGS, "viagra", ["spaced"]),
    (f"v{CYRILLIC_I}agr{CYRILLIC_A}", "viagra", ["mixed"]),
    ("\u0412uy \u0441\u043e\u0440 sh\u043ees", "buy cop shoes", ["mixed"]),
    ("\u03b1m\u03b1z\u03bfn", "amazon", ["mixed"]),
    ("\u043aa\u0437\u0438\u043do", "\u043a\u0430\u0437\u0438\u043d\u043e", ["mixed"]),
    ("buy v i a g r a now", "buy viagra now", ["spaced"]),
    ("v.i.a.g.r.a v-i-a-g-r-a v_i_a_g_r_a", "viagra viagra viagra", ["spaced"]),
    ("g o  t o  v e g a s", "go to vegas", ["spaced"]),
    ("б о н у с", "бонус", ["spaced"]),
    ("v 1 a g r a", "viagra", ["spaced", "leet"]),
    ("buy v1agra", "buy viagra", ["leet"]),
    ("c@sin0 ca$h v!agra fr33ly m0ney", "casino cash viagra freely money", ["leet"]),
    ("th3 b3st b0nus t0 w1n", "the best bonus to win", ["leet"]),
    ("soooo gooood yesss", "so good yes", []),
    ("freeee bookkks, clllick hereee, heeello", "free books, click here, hello", []),
    ("www xxx viii aaa 1000 !!!", "www xxx viii a 1000 !!!", []),
]  # fmt: skip

#: A text, the links in it, and the signs.
LINKS = [
    ("see http://a.example/x.", ["http://a.example/x."], []),
    ("hxxp://a.example www.b.example", ["hxxp://a.example", "www.b.example"], []),
    ("shop.example.com.", ["shop.example.com"], []),
    ('<a rel=x href="http://A.example/?q=1&amp;r=2">', ["http://a.example/?q=1&r=2"], []),
    ("[url=http://a.example]x[/url]", ["http://a.example"], []),
    ("http://a.example/%76i%2541gra", ["http://a.example/viagra"], ["percent"]),
    ("http%3A%2F%2Fa.example", ["http://a.example"], ["percent"]),
    ("http://a.example/?to=http%3A//b", ["http://a.example/?to=http%3a//b"], []),
    ("visit pills dot com now", ["pills.com"], ["dotcom"]),
    ("pills(dot)com pills [.] com pills[.]ru", ["pills.com", "pills.com", "pills.ru"], ["dotcom"]),
    ("pills . com", ["pills.com"], ["dotcom"]),
    ("me at gmail dot com", [], []),
    ("me (at) example (dot) org", [], []),
    ("me@mail.example.com", [], []),
]  # fmt: skip

#: What honest people write: nothing is added to it, and it leaves no sign.
HONEST = [
    "mp3 h264 2nd log4j utf8 sha256 b2b i18n k8s x86 4k py3 v2 html5 w3schools ipv6",
    "h.264, v1.2.3 and 10.0.0.1 on 2024-01-31",
    "deadb33f a3f5e0c1 0xc0ffee",
    "gr8 m8, l8r 4u 2moro",
    "a, b, c or d? plan b",
    "e.g. the u.s.a. and j. r. r. tolkien, r.s.v.p.",
    "the dot com bubble and every .net developer",
    "x[i] = y[j] # a.b.c, re[.]x",
    "x x x x",
    "www and xxx and viii",
    "root@server:~# and pi@raspberrypi:~$",
    "us$50, a$b, df$column",
    "1000000 ---- ......",
    "привет, как дела? а у меня sms и wi-fi",
    "γειά σου κόσμε",
    "tnf-α, λx.x, μm",
    "便宜的手表 とても良い 안녕하세요",
    "می‌خواهم",
    "การทดสอบ\u200bภาษาไทย",
    "\ufeffhello\ufeff",
    "\N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL} \N{HEAVY BLACK HEART}\ufe0f 1\ufe0f\u20e3",
    "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
    "\N{BLACK FLAG}\U000e0067\U000e0062\U000e007f",
    "\N{TRADE MARK SIGN} \N{DEGREE CELSIUS} x\N{SUPERSCRIPT TWO} \N{DOUBLE-STRUCK CAPITAL R}",
    "viê\u0323t nam, tiê\u0301ng viê\u0323t",
]

HOSTILE = {
    "attributes": "<a " + "href=" * 2000,
    "tags": "<a href=x " * 1000,
    "hidden elements": "<b display:none" * 700,
    "comments": "<!--" * 2500,
    "labels": "a." * 5000,
    "hyphens": "a-" * 5000 + ".",
    "address": "a" * 10_000 + "@",
    "addresses": "a@" * 5000,
    "marks": "a" + "\u0301\u0323" * 5000,
    "points": "\u05d0" + "\u05b5\u05b4\u05b3\u05b2\u05b1\u05b0" * 1600,
    "ligatures": "\ufdfa" * 10_000,
    "digits": "&#" + "9" * 9000 + ";",
    "entities": "&" + "amp;" * 2500,
    "percents": "%41" * 3300,
    "leet": "a1" * 5000,
    "spaced": "a b c d " * 1250,
    "dots": "a dot " * 1600,
    "brackets": "a [." * 2500,
    "mixed": "a\u0430" * 5000,
    "backwards": "\u202ea" * 5000,
    "bbcode": "[url=" * 2000,
    "spaces": " " * 10_000 + ".com",
}


def undisguised(raw):
    """The clean text, the links in it, and the signs of disguise."""
    (padded,), found = clean([raw], kernel.Interpreted())
    text, here = padded.strip(), found.get(0)
    return (text, here.links, here.signs) if here else (text, [], [])


@pytest.mark.parametrize(("raw", "plain", "signs"), DISGUISES)
def test_disguises_come_off_and_leave_their_sign(raw, plain, signs):
    assert undisguised(raw) == (plain, [], signs)


@pytest.mark.parametrize(("raw", "links", "signs"), LINKS)
def test_links_are_found_however_they_are_written(raw, links, signs):
    text, found, left = undisguised(raw)
    assert (found, left) == (links, signs)
    assert text.count(LINK) == len(links)
    assert (MAIL in text) == (not links)


@pytest.mark.parametrize("text", HONEST)
def test_honest_texts_leave_no_sign_and_keep_their_words(text):
    plain, links, signs = undisguised(text)
    assert (links, signs) == ([], [])
    invisible = ("Cf", "Mn", "Me")
    kept = "".join(letter for letter in text if unicodedata.category(letter) not in invisible)
    assert len(plain) >= len(kept) - 1
    if text.isascii():
        assert plain == text


def test_the_padding_of_a_word_does_not_count_as_spaced():
    assert undisguised("1 2 3 4 5 and a b a b")[2] == []


def tidied(text, *, plain):
    """The text as the kernel tidies it, and what it says that it needs."""
    speed = kernel.Interpreted()
    codes, begins, ends = speed.codes([text])
    tidy = speed.numbers(len(codes) + 2)
    place, tidy_begins, tidy_ends, needs = (speed.places([0]) for _ in range(4))
    size = speed.tidy_texts(
        *(codes, begins, ends, plain, speed.table, speed.letters),
        *(tidy, place, 0, tidy_begins, tidy_ends, needs),
    )
    assert (tidy_begins[0], tidy_ends[0]) == (0, size)
    return kernel.decoded(tidy[:size]), needs[0]


def needs(text):
    return tidied(text, plain=False)[1]


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("v i a g r a x", tidying.SPACED),
        ("a b c", tidying.SPACED),
        ("v-i-a", tidying.SPACED),
        ("buy v1agra", tidying.LEET),
        ("ca$ino", tidying.LEET),
        ("sooo good", tidying.STRETCHED),
        ("v i a g1r sooo", tidying.SPACED | tidying.LEET | tidying.STRETCHED),
        ("c@sino", tidying.MARKED),
        ("example dot com", tidying.MARKED),
        ("see www.site.example", tidying.MARKED),
        ("http://x", tidying.MARKED),
        ("<b>", tidying.MARKED),
        ("[url]", tidying.MARKED),
        ("&amp;", tidying.MARKED),
        ("caf\u00e9", tidying.MARKED),
        ("", 0),
        ("is plan b an option", 0),
        ("mp3 at 10:30... 1000 times!!!", 0),
        ("too good & <3 dots, polka dots", 0),
        ("commit 7bee45ef or e3b0c442", 0),
        ("Pills . com", tidying.MARKED),
        ("end. Next\tline\r\n", 0),
    ],
)
def test_plain_texts_are_told_from_those_that_need_a_closer_look(text, needed):
    assert needs(text) == needed


@given(st.text(st.characters(exclude_categories=()), max_size=80))
def test_tidy_texts_are_lower_case_and_split_as_python_splits(raw):
    """Letters beyond ASCII are another room's business, and controls are blanks."""
    shown = "".join(" " if unicodedata.category(c) == "Cc" else c for c in raw)
    lower = "".join(c.lower() if c.isascii() else c for c in shown)
    assert tidied(raw, plain=True)[0] == " ".join(["", *lower.split(), ""]).rjust(2)


@given(st.lists(texts, max_size=5))
def test_many_texts_are_cleaned_as_each_alone(raws):
    speed = kernel.Compiled()
    found, traces = clean(raws, speed)
    alone = [undisguised(raw) for raw in raws]
    assert [text.strip() for text in found] == [text for text, _, _ in alone]
    for place, (_, links, signs) in enumerate(alone):
        here = traces.get(place)
        assert (here.links, here.signs) == (links, signs) if here else not (links or signs)


@given(st.text(max_size=40))
def test_letters_become_the_same_one_by_one_and_in_company(text):
    """A lone accent, which is dropped, has the whole text looked at."""
    looked_up = plain_letters(text, []).lower()
    assert plain_letters(text + " \u0301", []).lower() == looked_up + " "


def test_words_apart_stay_apart():
    assert undisguised("c h e a p   p i l l s")[0] == "cheap pills"


def test_a_cyrillic_word_among_cyrillic_ones_stays_cyrillic():
    text = "\u0445\u043e\u0440 \u0438 soft\u0430\u0440\u0435"
    assert undisguised(text)[0].startswith("\u0445\u043e\u0440 \u0438 ")


@given(texts)
def test_any_text_gets_a_bounded_answer(text):
    plain, links, signs = undisguised(text)
    assert plain == " ".join(plain.split())
    assert len(plain) <= 6 * len(text) + 300
    assert len(signs) == len(set(signs))
    assert not any(unicodedata.category(letter) == "Cc" for letter in plain)
    assert all(link and " " not in link for link in links)


def test_hostile_texts_are_answered_at_once():
    # Not long ago one of them took minutes.
    program = (
        "import sys; from spamguard import kernel, text\n"
        "for raw in sys.stdin.buffer.read().decode().split('\\0'):\n"
        "    text.clean([raw], kernel.Interpreted())"
    )
    subprocess.run(
        [sys.executable, "-c", program],
        input="\0".join(HOSTILE.values()).encode(),
        check=True,
        timeout=60,
    )
