"""Which DMARC policy applies to a domain, and which is its organisational domain: the DNS tree walk (RFC 9989 4.10).

The names of a walk are known before it begins, so after the author domain itself all others are asked for at the same
time; they are then read in order, and what stands behind the name that ends the walk counts for nothing.  Every name
that counted is kept with its answer.  A look-up that failed is never read as "no record": it ends the walk, and what
was to be found by it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from enum import StrEnum
from typing import NamedTuple

from mailwright.authentication.dmarc_policy import DmarcRecord, Psd
from mailwright.authentication.dmarc_record import DmarcFault, is_dmarc_record, parse_dmarc_record
from mailwright.dns.answer import Answer, Kind, Question, RecordType, Txt
from mailwright.dns.inquiry import Inquiry

#: Names of one walk (RFC 9989 4.10), and labels of the second one where the first has eight or more.
MOST_NAMES = 8
SHORTENED_LABELS = 7
#: Characters of the longest name that can be asked for (RFC 1035 2.3.4: 255 octets with lengths and root).
LONGEST_NAME = 253

#: What has been asked already, by name.
Known = MutableMapping[str, Answer]


class Outcome(StrEnum):
    """What came of one name of a walk."""

    RECORD = "record"  # one policy record
    NO_NAME = "no-name"  # the name does not exist
    NO_TXT = "no-txt"  # the name exists without TXT records
    OTHER_TXT = "other-txt"  # TXT records, none of them of DMARC
    SEVERAL = "several"  # more than one policy record: none of them is used
    UNREADABLE = "unreadable"  # a policy record that is no list of tags
    TOO_LONG = "too-long"  # with _dmarc. before it the name is too long for DNS; not asked
    FAILED = "failed"  # nothing is known: the looking up failed


class Step(NamedTuple):
    """One name of a walk.

    domain: without _dmarc.  answer: None where it was not asked.  text: the policy record as it stands, "" without.
    """

    domain: str
    outcome: Outcome
    answer: Answer | None
    record: DmarcRecord | None = None
    text: str = ""


class Walk(NamedTuple):
    """A tree walk from ``start`` up, as far as it counted; the last step is FAILED where it could not be finished."""

    start: str
    steps: tuple[Step, ...]

    @property
    def failed(self) -> bool:
        """True where a look-up failed, so that nothing is known."""
        return self.steps[-1].outcome is Outcome.FAILED

    @property
    def organization(self) -> str | None:
        """The organisational domain of ``start`` (RFC 9989 4.10.2); None where the walk failed."""
        if self.failed:
            return None
        found = [step for step in self.steps if step.record is not None]
        for step in found:
            if step.record is not None and step.record.psd is Psd.NO:
                return step.domain
            if step.record is not None and step.record.psd is Psd.YES and step.domain != self.start:
                return _one_below(step.domain, self.start)
        # Without psd, the one with the fewest labels; without any record, the domain itself.
        return found[-1].domain if found else self.start


class Discovery(NamedTuple):
    """What applies to an author domain.

    steps: every name that counted, in order.  found: the step whose record applies; None where there is none or where
    the looking up failed.  exists: whether the author domain exists, asked for only where np makes a difference; None
    where that was not asked or could not be told.  existence: the answers to that.
    """

    author: str
    steps: tuple[Step, ...]
    found: Step | None = None
    exists: bool | None = None
    existence: tuple[Answer, ...] = ()

    @property
    def failed(self) -> bool:
        """True where the policy is unknown because a look-up failed."""
        return self.found is None and self.steps[-1].outcome is Outcome.FAILED

    @property
    def record(self) -> DmarcRecord | None:
        """The record that applies; None without."""
        return self.found.record if self.found is not None else None

    @property
    def needs_existence(self) -> bool:
        """True where it makes a difference whether the author domain exists, and nobody could tell."""
        return self.exists is None and bool(self.existence)

    @property
    def is_subdomain(self) -> bool:
        """True where the record stands above the author domain, so that sp and np count."""
        return self.found is not None and self.found.domain != self.author


def walk_names(domain: str) -> tuple[str, ...]:
    """Return the names of a tree walk from ``domain`` up to its top-level domain, at most MOST_NAMES."""
    labels = domain.split(".")
    # RFC 9989 4.10 steps 3 and 4: with eight labels and more, go on with the seven rightmost ones.
    rest = labels[1:] if len(labels) < MOST_NAMES else labels[-SHORTENED_LABELS:]
    return (domain, *(".".join(rest[place:]) for place in range(len(rest))))


def discover(author: str, known: Known | None = None) -> Inquiry[Discovery]:
    """Return the policy that applies to ``author`` (RFC 9989 4.10.1), a name in A-labels and lower case.

    known: answers had already, by name; what is asked is added.
    """
    known = {} if known is None else known
    yield from _learn((author,), known)
    first = _step(author, known)
    if first.outcome in (Outcome.RECORD, Outcome.FAILED):
        return Discovery(author, (first,), first if first.record is not None else None)
    (walked,) = yield from walk_all((author,), known)
    found = _applies(walked)
    exists: bool | None = None
    existence: tuple[Answer, ...] = ()
    if found is not None and _existence_counts(found):
        exists, existence = yield from _existence(author, first)
    return Discovery(author, walked.steps, found, exists, existence)


def walk_all(domains: Iterable[str], known: Known) -> Inquiry[tuple[Walk, ...]]:
    """Return the tree walks from ``domains``, all names not ``known`` asked for at the same time."""
    starts = tuple(domains)
    yield from _learn((name for start in starts for name in walk_names(start)), known)
    return tuple(_walk(start, known) for start in starts)


def read_policy_answer(answer: Answer) -> tuple[Outcome, DmarcRecord | None, str]:
    """Return what ``answer`` to a question for TXT says of DMARC, the record, and its text."""
    if not answer.tells:
        return Outcome.FAILED, None, ""
    if answer.kind is not Kind.FOUND:
        return Outcome.NO_NAME if answer.kind is Kind.NXDOMAIN else Outcome.NO_TXT, None, ""
    # RFC 9989 4.5: the strings of a TXT record MUST be joined and read as one.
    texts = [record.joined.decode("latin-1") for record in answer.records if isinstance(record, Txt)]
    # RFC 9989 4.10 step 2: what does not begin with the version is discarded; several policy records all are.
    texts = [text for text in texts if is_dmarc_record(text)]
    if len(texts) != 1:
        return Outcome.SEVERAL if texts else Outcome.OTHER_TXT, None, ""
    try:
        return Outcome.RECORD, parse_dmarc_record(texts[0]), texts[0]
    except DmarcFault:
        return Outcome.UNREADABLE, None, texts[0]


def _learn(domains: Iterable[str], known: Known) -> Inquiry[None]:
    """Ask for the policy records of ``domains`` that are not known."""
    names = tuple(dict.fromkeys(domain for domain in domains if domain not in known and _can_be_asked(domain)))
    if names:
        answers = yield tuple(Question(f"_dmarc.{name}", RecordType.TXT) for name in names)
        known.update(zip(names, answers, strict=True))


def _can_be_asked(domain: str) -> bool:
    return len(domain) + len("_dmarc.") <= LONGEST_NAME


def _step(domain: str, known: Known) -> Step:
    """Return what came of ``domain``, which was asked unless it is too long."""
    if domain not in known:
        return Step(domain, Outcome.TOO_LONG, None)
    outcome, record, text = read_policy_answer(known[domain])
    return Step(domain, outcome, known[domain], record, text)


def _walk(start: str, known: Known) -> Walk:
    steps: list[Step] = []
    for name in walk_names(start):
        step = _step(name, known)
        steps.append(step)
        # RFC 9989 4.10 steps 2 and 6: psd=n and psd=y end the walk.
        if step.outcome is Outcome.FAILED or (step.record is not None and step.record.psd is not Psd.UNKNOWN):
            break
    return Walk(start, tuple(steps))


def _one_below(parent: str, name: str) -> str:
    """Return the name one label below ``parent`` on the way down to ``name``."""
    labels = name.split(".")
    return ".".join(labels[len(labels) - parent.count(".") - 2 :])


def _applies(walked: Walk) -> Step | None:
    """Return the step whose record applies to a domain that has none itself; None where there is none.

    RFC 9989 4.10.1: that of the organisational domain, else that of the public suffix domain.
    """
    organization = walked.organization
    if organization is None:
        return None
    suffix = None
    for step in walked.steps:
        if step.record is not None and step.domain == organization:
            return step
        if step.record is not None and step.record.psd is Psd.YES:
            suffix = step
    return suffix


def _existence_counts(found: Step) -> bool:
    """Tell whether it makes a difference that a subdomain exists."""
    record = found.record
    if record is None or record.damaged or record.nonexistent is None:
        return False
    return record.policy_for(subdomain=True, exists=False) != record.policy_for(subdomain=True)


def _existence(author: str, first: Step) -> Inquiry[tuple[bool | None, tuple[Answer, ...]]]:
    """Return whether ``author`` exists, and the answers that say so (RFC 9989 3.2.13, RFC 8020)."""
    if first.outcome in (Outcome.NO_TXT, Outcome.OTHER_TXT, Outcome.SEVERAL, Outcome.UNREADABLE):
        # A name below it exists, so it does.
        return True, ()
    # RFC 9989 counts NXDOMAIN for the name; a server that says so for one type only is not believed.
    answers = yield tuple(Question(author, kind) for kind in (RecordType.A, RecordType.AAAA, RecordType.MX))
    kinds = {answer.kind for answer in answers}
    if kinds & {Kind.FOUND, Kind.NODATA}:
        return True, answers
    return (False if Kind.NXDOMAIN in kinds else None), answers
