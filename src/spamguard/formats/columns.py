"""Which column holds what, by the names people use, and what a label means."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Final

from spamguard.errors import InputError
from spamguard.records import HAM, SPAM

_IGNORED: Final = str.maketrans("", "", "_- .")

#: The names of each field, the surest first, as ``folded`` leaves them.
NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "text": (
        "commentcontent", "content", "contentraw", "commenttext", "commentbody", "comment",
        "text", "body", "message", "commentmessage", "msg", "textoriginal", "review",
        "contentrendered", "commenthtml", "html",
    ),
    "label": (
        "label", "class", "spam", "isspam", "commentapproved", "status", "category", "target",
        "verdict", "approved",
    ),
    "author": (
        "commentauthor", "authorname", "author", "name", "username", "user", "nickname", "nick",
        "bynickname", "membername",
    ),
    "author_email": ("commentauthoremail", "authoremail", "email", "byemail", "useremail"),
    "author_url": ("commentauthorurl", "authorurl", "website", "url", "homepage", "authorwebsite"),
    "post_title": ("posttitle", "title", "articletitle", "thread", "threadtitle", "videotitle"),
    "date": (
        "commentdategmt", "commentdate", "dategmt", "date", "created", "createdat", "time",
        "timestamp", "published", "publishedat",
    ),
    "id": ("commentid", "id", "cid"),
    "source": ("source", "site", "blog", "domain"),
    "parent": ("commentparent", "parent", "parentid", "inreplytoid", "inreplyto"),
    "post_link": ("postlink", "posturl", "permalink", "pageurl", "link", "uri"),
    "post_text": ("posttext", "postcontent", "postbody", "articletext"),
    "status": ("commentapproved", "status", "commentstatus", "approved"),
    "type": ("commenttype", "type"),
}  # fmt: skip

#: A message about columns names so many of them.
MOST_LISTED: Final = 20
#: What the columns are called in an option (``--label-column``) and in messages.
FIELDS: Final = tuple(NAMES)

#: So many label values are told of one by one.
MOST_SHOWN: Final = 12
_SPAM_WORDS: Final = ("spam", "1", "1.0", "true", "yes", "y")
_HAM_WORDS: Final = ("ham", "0", "0.0", "false", "no", "n", "not spam", "not_spam", "notspam")
#: WordPress keeps the state of a comment in one column: there 1 is a comment the owner approved.
_STATUS_NAMES: Final = ("commentapproved", "status", "approved")
_STATUS: Final = {
    "spam": SPAM, "1": HAM, "approved": HAM, "approve": HAM, "published": HAM, "live": HAM,
    "true": HAM, "t": HAM,
    "0": None, "hold": None, "unapproved": None, "pending": None, "hidden": None, "false": None,
    "f": None,
    "trash": None, "post-trashed": None, "deleted": None,
}  # fmt: skip
#: Words for what the owner of a blog threw away, whatever the reason.
TRASH: Final = frozenset({"trash", "post-trashed", "deleted", "rejected"})
#: What stands for the parent of a comment that answers none.
NO_PARENT: Final = (None, 0, "0", "", "root")
#: What programs put among the comments of a blog: no person wrote it for a reader.
NOT_COMMENTS: Final = frozenset(
    {
        "pingback", "trackback", "pings", "ping", "webmention", "order_note", "edd_payment_note",
        "action_log", "webhook_delivery",
    }
)  # fmt: skip


def folded(name: str) -> str:
    """A name as it is compared: without case, blanks, ``_``, ``-`` and ``.``."""
    return name.strip().lower().translate(_IGNORED)


def listed(names: Iterable[str]) -> str:
    """Names for a message of one line, as many as anybody would read."""
    shown = [" ".join(name.split())[:40] for name in islice(names, MOST_LISTED + 1)]
    return ", ".join([*shown[:MOST_LISTED], *(["..."] if len(shown) > MOST_LISTED else [])])


def find_columns(names: Sequence[str], chosen: Mapping[str, str], where: str) -> dict[str, str]:
    """The column of each field that is there: ``chosen`` by the user, else by its name."""
    found: dict[str, str] = {}
    for field, name in chosen.items():
        if name not in names:
            raise InputError(f"{where}: no column {name!r}; its columns are {listed(names)}")
        found[field] = name
    by_folded = {folded(name): name for name in reversed(names)}
    for field, known in NAMES.items():
        if field in found:
            continue
        for name in known:
            column = by_folded.get(name)
            if column is not None and column not in found.values():
                found[field] = column
                break
    return found


def with_status(columns: Mapping[str, str]) -> dict[str, str]:
    """The columns, and the one with the label as the status too where it is what blogs call one."""
    label = columns.get("label", "")
    return {**({"status": label} if folded(label) in _STATUS_NAMES else {}), **columns}


def is_approved(status: str | None) -> bool:
    """Whether a status, in the word of whatever blog, says that the owner shows the comment."""
    return status is not None and _STATUS.get(status.strip().lower()) == HAM


class Labels:
    """What the values of a label column mean; counts what it met."""

    def __init__(
        self,
        column: str,
        spam: Sequence[str] = (),
        ham: Sequence[str] = (),
        *,
        trash_is_spam: bool = False,
    ) -> None:
        self.column = column
        self.met: Counter[str] = Counter()
        self._meaning: dict[str, str | None]
        if folded(column) in _STATUS_NAMES:
            self._meaning = {**_STATUS, **(dict.fromkeys(TRASH, SPAM) if trash_is_spam else {})}
        else:
            self._meaning = {**dict.fromkeys(_SPAM_WORDS, SPAM), **dict.fromkeys(_HAM_WORDS, HAM)}
        if spam or ham:  # an override names all that counts on the side it names
            kept = {SPAM} if not spam else {HAM} if not ham else set()
            self._meaning = {k: v for k, v in self._meaning.items() if v in kept or v is None}
            self._meaning |= {value.strip().lower(): SPAM for value in spam}
            self._meaning |= {value.strip().lower(): HAM for value in ham}

    def read(self, value: object) -> str | None:
        """SPAM, HAM or None for unlabelled."""
        shown = "" if value is None else str(value).strip()
        if isinstance(value, bool):  # as JSON and databases write it
            shown = shown.lower()
        self.met[shown] += 1
        return self._meaning.get(shown.lower())

    def described(self) -> str:
        """The mapping in use, for the values met: ``spam = spam (5), ham = ham (7)``."""
        parts = []
        for value, count in self.met.most_common(MOST_SHOWN):
            known = value.lower() in self._meaning
            meaning = self._meaning.get(value.lower()) or (
                "unlabelled" if known or not value else "unknown, left out"
            )
            parts.append(f"{value or '(empty)'} = {meaning} ({count:,})")
        others = len(self.met) - len(parts)
        if others > 0:
            rows = sum(count for _, count in self.met.most_common()[MOST_SHOWN:])
            parts.append(f"and {others:,} more values ({rows:,})")
        return ", ".join(parts)
