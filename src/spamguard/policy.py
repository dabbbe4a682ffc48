"""What decides where the model does not: the owner's lists, known readers, and campaigns."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from spamguard.formats.columns import is_approved
from spamguard.formats.record import Record
from spamguard.lists import OwnersList
from spamguard.records import HAM, SPAM, UNSURE, Comment, Verdict
from spamguard.traits import Traits, plain_name

#: So many authors, and so many hosts, are counted; no blog has more.
MOST_KEYS = 500_000
#: A host is that of a campaign when so many authors' comments with it are called spam.
CAMPAIGN_AUTHORS = 3
#: As many links of a comment are looked at.
MOST_LINKS = 20

#: What a summary calls the verdicts that each part gave.
TRUSTED = "trusted"
CAMPAIGN = "of a campaign"
_BY_LIST = {HAM: "allowed", SPAM: "blocked"}

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


class KnownReaders:
    """How many comments of each author the blog has approved."""

    def __init__(self, fewest: int) -> None:
        self._fewest = fewest
        self._approved: Counter[int] = Counter()

    def add(self, record: Record) -> None:
        comment = record.comment
        if comment is None or not (record.label == HAM or is_approved(comment.status)):
            return
        who = _identity(comment)
        if who is not None and (who in self._approved or len(self._approved) < MOST_KEYS):
            self._approved[who] += 1

    @property
    def met_any(self) -> bool:
        """Whether the file said of any comment that it was approved."""
        return bool(self._approved)

    def reason(self, comment: Comment) -> str | None:
        who = _identity(comment)
        approved = 0 if who is None else self._approved[who]
        return f"known reader: {approved:,} approved comments" if approved >= self._fewest else None


def _identity(comment: Comment) -> int | None:
    """Who wrote a comment: by the e-mail address, else by name and address together."""
    email = (comment.author_email or "").strip().casefold()
    if _EMAIL.fullmatch(email):
        return hash(email)
    name = plain_name(comment.author or "")
    return hash((name, (comment.author_url or "").strip().casefold())) if name else None


class Campaigns:
    """The hosts that comments link to, and whether these were called spam or ham."""

    def __init__(self) -> None:
        #: Authors of spam with such a link, ``CAMPAIGN_AUTHORS`` at most; None where ham has one.
        self._authors: dict[int, frozenset[int] | None] = {}

    def add(self, comment: Comment, verdict: Verdict) -> None:
        if verdict.label == UNSURE:
            return
        author = frozenset((hash(plain_name(comment.author or "")),))
        for host in _linked(Traits(comment)):
            key = hash(host)
            known = self._authors.get(key, frozenset())
            if key not in self._authors and len(self._authors) >= MOST_KEYS:
                continue
            if verdict.label == HAM:
                self._authors[key] = None
            elif known is not None and len(known) < CAMPAIGN_AUTHORS:
                self._authors[key] = known | author

    def reason(self, traits: Traits) -> str | None:
        for host in _linked(traits):
            if len(self._authors.get(hash(host)) or ()) >= CAMPAIGN_AUTHORS:
                return f"campaign: {CAMPAIGN_AUTHORS} authors or more were called spam with {host}"
        return None


def _linked(traits: Traits) -> list[str]:
    """The hosts that a comment links to, in a certain order."""
    return sorted(host for host in traits.link_hosts if "." in host)[:MOST_LINKS]


@dataclass(frozen=True)
class Policy:
    """Puts what the owner knows over what the model says.

    lists: with the verdict that a match gives: those that give HAM before those that give SPAM.
    known: whose comments are never spam, unless a list says so.
    campaigns: what makes an unsure comment spam, unless it is a known reader's.
    counts: how often each of these decided.
    """

    lists: Sequence[tuple[str, OwnersList]] = ()
    known: KnownReaders | None = None
    campaigns: Campaigns | None = None
    counts: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        names = [_BY_LIST[label] for label, _ in self.lists]
        names += [TRUSTED] * (self.known is not None) + [CAMPAIGN] * (self.campaigns is not None)
        self.counts.update(dict.fromkeys(names, 0))

    def overrule(self, comment: Comment, verdict: Verdict) -> Verdict:
        """The verdict that stands; the probability stays the model's."""
        traits = Traits(comment)
        for label, entries in self.lists:
            reason = entries.reason(traits)
            if reason is not None:
                return self._decided(_BY_LIST[label], label, verdict, reason)
        campaign = None
        if self.campaigns and verdict.label == UNSURE:
            campaign = self.campaigns.reason(traits)
        if self.known and (campaign or verdict.label == SPAM):
            reason = self.known.reason(comment)
            if reason is not None:
                return self._decided(TRUSTED, UNSURE, verdict, reason)
        if campaign is not None:
            return self._decided(CAMPAIGN, SPAM, verdict, campaign)
        return verdict

    def _decided(self, name: str, label: str, verdict: Verdict, reason: str) -> Verdict:
        self.counts[name] += 1
        return Verdict(label, verdict.probability, reason)
