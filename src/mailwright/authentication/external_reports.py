"""Whether those who are to receive reports want them (RFC 9990 4, for failure reports RFC 9991 4).

Anybody can name anybody's address in rua= and ruf=.  So an address outside the organisation that publishes the policy
gets reports only where its own domain says so, by a record at DOMAIN._report._dmarc.HOST.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, NamedTuple

from mailwright.authentication.authors import a_label
from mailwright.authentication.dmarc_discovery import LONGEST_NAME, Known, walk_all
from mailwright.authentication.dmarc_record import DmarcFault, parse_dmarc_record
from mailwright.authentication.report_uri import MOST_URIS, ReportUri
from mailwright.dns.answer import Answer, Question, RecordType, Txt
from mailwright.dns.inquiry import Inquiry


class Permission(StrEnum):
    """What is known of one report address."""

    SAME_ORGANIZATION = "same-organization"  # nothing has to be asked
    PERMITTED = "permitted"  # the host's domain says that it wants these reports
    REDIRECTED = "redirected"  # the same, to another address of that host
    NOT_PERMITTED = "not-permitted"  # no such record: reports must not go there
    REDIRECTED_AWAY = "redirected-away"  # the host's record names an address at another host: neither gets reports
    NO_HOST = "no-host"  # the address has no host that could be asked, or an IP address
    TOO_LONG = "too-long"  # the name to ask for is too long for DNS: reports must not go there
    UNKNOWN = "unknown"  # a look-up failed


class Destination(NamedTuple):
    """One address of rua= or ruf= and whether reports may go there.

    asked: the name of the permission record; "" where none is needed or can be.  answer: what came of it.
    redirected: the addresses that are used instead; empty unless REDIRECTED.
    """

    uri: ReportUri
    permission: Permission
    asked: str = ""
    answer: Answer | None = None
    redirected: tuple[ReportUri, ...] = ()

    @property
    def targets(self) -> tuple[ReportUri, ...]:
        """The addresses that reports may go to; empty where they may not."""
        if self.permission is Permission.REDIRECTED:
            return self.redirected
        allowed = (Permission.SAME_ORGANIZATION, Permission.PERMITTED)
        return (self.uri,) if self.permission in allowed else ()


def permission_name(policy_domain: str, host: str) -> str:
    """Return the name of the record by which ``host`` permits reports about ``policy_domain``."""
    return f"{policy_domain}._report._dmarc.{host}"


def verify_destinations(
    policy_domain: str, uris: Sequence[ReportUri], tag: Literal["rua", "ruf"], known: Known | None = None
) -> Inquiry[tuple[Destination, ...]]:
    """Return which of ``uris``, at most MOST_URIS, reports may go to.

    policy_domain: where the policy record stands, as A-labels.  tag: whose addresses they are.  known: policy records
    asked for already.
    """
    known = {} if known is None else known
    uris = uris[:MOST_URIS]
    hosts = {uri: _host(uri) for uri in uris}
    others = tuple(dict.fromkeys(host for host in hosts.values() if host and host != policy_domain))
    organizations: dict[str, str | None] = {policy_domain: policy_domain}
    if others:
        walks = yield from walk_all((policy_domain, *others), known)
        organizations = {walk.start: walk.organization for walk in walks}
    settled = {uri: _without_permission(policy_domain, uri, hosts[uri], organizations) for uri in uris}
    # RFC 9990 4: where the organisational domains differ, the steps MUST be taken.
    names = {uri: permission_name(policy_domain, hosts[uri]) for uri, found in settled.items() if found is None}
    questions = tuple(Question(name, RecordType.TXT) for name in dict.fromkeys(names.values()))
    answers: dict[str, Answer] = {}
    if questions:
        told = yield questions
        answers = {question.name: answer for question, answer in zip(questions, told, strict=True)}
    return tuple(settled[uri] or _by_record(uri, hosts[uri], answers[names[uri]], tag) for uri in uris)


def _host(uri: ReportUri) -> str:
    """Return the host to ask, as A-labels; "" where there is none."""
    return a_label(uri.host) or ""


def _without_permission(
    policy_domain: str, uri: ReportUri, host: str, organizations: dict[str, str | None]
) -> Destination | None:
    """Return what is known without asking for the permission record; None where it has to be asked for."""
    if not host:
        return Destination(uri, Permission.NO_HOST)
    mine, other = organizations[policy_domain], organizations[host]
    if host == policy_domain:
        return Destination(uri, Permission.SAME_ORGANIZATION)
    if mine is None or other is None:
        return Destination(uri, Permission.UNKNOWN)
    if mine == other:
        return Destination(uri, Permission.SAME_ORGANIZATION)
    name = permission_name(policy_domain, host)
    # RFC 9990 4 step 4: a name too long for DNS permits nothing.
    return Destination(uri, Permission.TOO_LONG, name) if len(name) > LONGEST_NAME else None


def _by_record(uri: ReportUri, host: str, answer: Answer, tag: Literal["rua", "ruf"]) -> Destination:
    """Return what the host's own record says."""
    asked = answer.question.name
    if not answer.tells:
        return Destination(uri, Permission.UNKNOWN, asked, answer)
    records = []
    for text in answer.records:
        try:
            # RFC 9990 4 step 6: v=DMARC1 MUST come first; what is no such list is discarded.
            records.append(parse_dmarc_record(text.joined.decode("latin-1")) if isinstance(text, Txt) else None)
        except DmarcFault:
            continue
    found = [record for record in records if record is not None]
    # RFC 9990 4: without a record that confirms it, the address MUST be ignored.
    if not found:
        return Destination(uri, Permission.NOT_PERMITTED, asked, answer)
    instead = tuple(other for record in found for other in (record.aggregate if tag == "rua" else record.failure))
    if not instead:
        return Destination(uri, Permission.PERMITTED, asked, answer)
    # RFC 9990 4 step 9: the address instead MUST have the same host; else neither address MUST get the report.
    if any(_host(other) != host for other in instead):
        return Destination(uri, Permission.REDIRECTED_AWAY, asked, answer)
    return Destination(uri, Permission.REDIRECTED, asked, answer, instead[:MOST_URIS])
