"""One reply or error text in, one Diagnosis out."""

from __future__ import annotations

from functools import cache

from mailwright.causes.catalogue import catalogue
from mailwright.causes.cause import Cause
from mailwright.causes.diagnosis import Confidence, Diagnosis, Evidence
from mailwright.explain.classify import Classifier, Context, Verdict
from mailwright.explain.deciders import compiled_rules
from mailwright.explain.explanation import Kind, Report
from mailwright.explain.rules import Strength
from mailwright.mail.codes import status_class
from mailwright.mail.decoding import narrow_punctuation
from mailwright.mail.finding import find_addresses

_CONFIDENCE = {
    Strength.KEY: Confidence.CERTAIN,
    Strength.PLAIN: Confidence.CERTAIN,
    Strength.STATE: Confidence.CERTAIN,
    Strength.HINT: Confidence.LIKELY,
    Strength.CODE: Confidence.LIKELY,
}


@cache
def classifier() -> Classifier:
    """Return the classifier over the shipped rules."""
    return Classifier(compiled_rules())


def diagnosis_of(verdict: Verdict, evidence: Evidence, subject: str | None) -> Diagnosis:
    """Return the diagnosis a verdict stands for; ``undetermined`` with the evidence where no rule decided."""
    rule = verdict.rule
    if rule is None:
        return Diagnosis(catalogue()["undetermined"], subject, evidence, Confidence.UNKNOWN, None)
    cause = catalogue()[rule.cause]
    confidence = Confidence.UNKNOWN if cause.id == "undetermined" else _CONFIDENCE[Strength(rule.strength)]
    return Diagnosis(cause, subject, evidence, confidence, rule.id)


def explain_reply(text: str, context: Context | None = None) -> Report:
    """Return what one SMTP reply, POP3 or IMAP error or error message of a mail program means.

    ``text`` may have several lines, may be wrapped, and may carry the prompts of a log or a program around it.
    Never raises; what says nothing is ``undetermined``.
    """
    text = narrow_punctuation(text)
    verdict = classifier().classify_alone(text) if context is None else classifier().classify(text, context)
    found = find_addresses(text, 1) if "@" in text else ()
    recipient = found[0].address if found else None
    diagnosis = diagnosis_of(verdict, Evidence("reply", text), recipient)
    return Report(
        recipient=recipient,
        original_recipient=None,
        diagnosis=diagnosis,
        permanent=stated_class(verdict, diagnosis.cause),
        action=None,
        reply_code=verdict.reply_code,
        enhanced_status=verdict.status,
        diagnostic=text,
        remote_host=context.host if context else None,
        reporting_mta=None,
    )


def kind_of_reason(reason: str) -> Kind:
    """Return what a text alone is, by the reason of its cause: nearly everything is a refusal."""
    return _KIND_OF_REASON.get(reason, Kind.BOUNCE)


_KIND_OF_REASON = {
    "delivered": Kind.DELIVERED,
    "vacation": Kind.VACATION,
    "feedback": Kind.FEEDBACK,
    "delayed": Kind.DELAYED,
}


def stated_class(verdict: Verdict, cause: Cause) -> bool | None:
    """Return the class of failure as stated: by the reply code, else by the enhanced code, else by the words.

    Words tell only where the cause leaves no doubt: an address that does not exist is permanent, a message that is
    still being tried is not.
    """
    stated = status_class(verdict.reply_code)
    if stated is None:
        stated = status_class(verdict.status)
    if stated is None and cause.id in _STATED_BY_WORDS:
        stated = _STATED_BY_WORDS[cause.id]
    return stated


#: Causes whose words themselves say that the failure is final or that it is not.
_STATED_BY_WORDS = {
    "address-unknown": True,
    "domain-unknown": True,
    "domain-without-mail-host": True,
    "domain-no-mail": True,
    "delayed": False,
}
