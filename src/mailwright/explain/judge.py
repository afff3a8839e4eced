"""Judge: everything that was said about one recipient in, one Report out."""

from __future__ import annotations

from typing import NamedTuple

from mailwright.causes.catalogue import catalogue
from mailwright.causes.diagnosis import Confidence, Diagnosis, Evidence
from mailwright.explain.classify import Context
from mailwright.explain.explanation import Report
from mailwright.explain.quoted import Quoted, find_host, find_step, innermost, quoted_reply
from mailwright.explain.reply import classifier, diagnosis_of
from mailwright.mail.codes import find_reply_code, find_status, status_class

#: Characters of evidence that are kept.
LONGEST_EVIDENCE = 1_000


class Said(NamedTuple):
    """What a message says about one recipient, as read; "" or None where it does not say.

    entry: the letter's lines about this recipient.  letter: what the letter says to all; the whole letter where it is
    about one recipient.
    """

    recipient: str | None
    original: str | None = None
    action: str | None = None
    status: str = ""
    diagnostic: str = ""
    host: str | None = None
    reporting_mta: str | None = None
    entry: str = ""
    letter: str = ""
    subject: str = ""


def judge(said: Said, assume: str | None = None) -> Report:
    """Return the report on one recipient; ``assume``: a cause that the structure has settled already."""
    words, quoted = _words(said)
    status_field = find_status(said.status)
    context = Context(
        reply_code=find_reply_code(words) if words else None,
        status=_status(words, status_field, said),
        host=said.host or (quoted.host if quoted else None) or (find_host(said.entry) if said.entry else None),
        step=find_step((said.entry or words)[:LONGEST_EVIDENCE]),
    )
    if assume is None and said.action in _SUCCESS:
        assume = _SUCCESS[said.action]
    return Report(
        recipient=said.recipient,
        original_recipient=said.original if said.original and said.original != said.recipient else None,
        diagnosis=_settled(said, words, assume) if assume else _diagnosis(said, words, context),
        permanent=_stated((status_field, context.status, context.reply_code), said.action),
        action=said.action,
        reply_code=context.reply_code,
        enhanced_status=context.status,
        diagnostic=words[:LONGEST_EVIDENCE] or None,
        remote_host=context.host,
        reporting_mta=said.reporting_mta,
    )


#: What an action that is no failure means.
_SUCCESS = {"delivered": "delivered", "relayed": "handed-on", "expanded": "handed-on"}


def _settled(said: Said, words: str, cause_id: str) -> Diagnosis:
    """Return the diagnosis that the structure of the message has made."""
    evidence = Evidence("letter", (words or said.letter)[:LONGEST_EVIDENCE])
    return Diagnosis(catalogue()[cause_id], said.recipient, evidence, Confidence.CERTAIN, "structure")


def _diagnosis(said: Said, words: str, context: Context) -> Diagnosis:
    """Return the diagnosis that the words and codes make."""
    near, far = _others(words, said.diagnostic, said.entry), _others(words, said.letter, said.subject)
    verdict = classifier().classify(words, context, near, far)
    source = "diagnostic-code" if said.diagnostic else "letter"
    evidence = Evidence(source, (words or said.status or said.subject)[:LONGEST_EVIDENCE])
    return _as_reported(diagnosis_of(verdict, evidence, said.recipient), said.action)


#: What an error of a mail program is when a mail server reports it on its way to the next one.
_SEEN_BY_SERVER = {
    "client-wrong-host": "domain-unknown",
    "client-wrong-port": "connection-refused",
    "client-timeout": "connection-timeout",
    "client-tls-mode": "tls-failed",
    "client-certificate-refused": "certificate-invalid",
}


def _as_reported(diagnosis: Diagnosis, action: str | None) -> Diagnosis:
    """Return the diagnosis as it stands in a report: nothing expires while it is tried, and no mail program speaks."""
    cause_id = diagnosis.cause.id
    if action == "delayed" and cause_id in ("undetermined", "expired"):
        return diagnosis._replace(cause=catalogue()["delayed"], rule=diagnosis.rule or "structure")
    if cause_id in _SEEN_BY_SERVER:
        return diagnosis._replace(cause=catalogue()[_SEEN_BY_SERVER[cause_id]])
    return diagnosis


def _words(said: Said) -> tuple[str, Quoted | None]:
    """Return the words of the refusal in one line, and the quotation they come from where they are one."""
    if said.diagnostic:
        return innermost(said.diagnostic), None
    quoted = quoted_reply(said.entry) if said.entry else None
    if quoted is None and said.letter and said.letter != said.entry:
        quoted = quoted_reply(said.letter)
    if quoted is not None:
        return quoted.text, quoted
    return " ".join(said.entry.split())[:LONGEST_EVIDENCE], None


def _others(words: str, *texts: str) -> list[str]:
    """Return those of ``texts`` that say something and not just ``words`` again."""
    return [text for text in texts if text and text != words]


def _status(words: str, status_field: str | None, said: Said) -> str | None:
    """Return the enhanced code: the reply's own, else the report's, else the letter's; x.0.0 only where no other is."""
    inner = find_status(words) if words else None
    for code in (inner, status_field):
        if code is not None and not code.endswith(".0.0"):
            return code
    told = find_status(said.entry) if said.entry else None
    return told if told is not None and not told.endswith(".0.0") else inner or status_field or told


def _stated(codes: tuple[str | None, ...], action: str | None) -> bool | None:
    """Return the class that the reporting server stated: in the first of ``codes`` it gives, else by what it did."""
    stated = next((known for code in codes if (known := status_class(code)) is not None), None)
    return {"failed": True, "delayed": False}.get(action or "") if stated is None else stated
