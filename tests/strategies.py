"""What Hypothesis draws comments from."""

from hypothesis import strategies as st

from spamguard.records import Comment

PIECES = (
    "cheap", "replica", "watches", "Great", "post", "thanks", "I", "don't", "agree", "viagra",
    "https://cheap-pills.example.com/buy?x=1", "www.casino.ru", "hxxp://a.b.cn", "me@mail.example",
    '<a href="http://spam.example/x">here</a>', "[url=http://x.top]y[/url]", "<b>", "&amp;",
    "&#8203;", "&lt;a href=x&gt;", "\N{GRINNING FACE}",
    "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
    "\N{REGIONAL INDICATOR SYMBOL LETTER D}\N{REGIONAL INDICATOR SYMBOL LETTER E}",
    "便宜的手表", "とても良い", "Дешёвые", "часы", "رخيص", "Straße",
    "\N{LATIN SMALL LIGATURE FI}ne",
    "\N{MATHEMATICAL BOLD SCRIPT SMALL C}\N{MATHEMATICAL BOLD SCRIPT SMALL H}",
    "v\u00ad\u200bi\u200da", "e\u0301", "\x00", "\x1b[31m", "\x7f", "\n", "\r\n", "\t", "\u2028",
    "\u202e", "\ufeff", "\ufffd", "\ud83d", "\udc80", "  ", "", "$$$", "!!!", "_", "100%",
    "a" * 300, "1-888-555-0142", "\U0010ffff",
)  # fmt: skip

characters = st.characters(exclude_categories=())  # lone surrogates too
mixtures = st.lists(st.sampled_from(PIECES), max_size=30)
short_texts = st.one_of(
    st.text(characters, max_size=60), mixtures.map(" ".join), mixtures.map("".join)
)
long_texts = st.builds(
    lambda text, times: text * times, short_texts, st.sampled_from([40, 256, 300, 1000])
).map(lambda text: text[:12_000])
# Long texts take their time, so they come now and then.
texts = st.one_of(*[short_texts] * 7, long_texts)

comments = st.builds(
    Comment,
    text=texts,
    author=st.none() | short_texts,
    author_url=st.none() | short_texts,
)
