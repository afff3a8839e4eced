"""The closed lists of words in the JSON output, as a person reads them."""

from __future__ import annotations

from mailwright.cli.interface import _, pgettext


def kind_words(kind: str) -> str:
    """Return a message's kind in words."""
    return {
        "bounce": _("mail that was not delivered"),
        "delayed": _("mail that is still waiting"),
        "delivered": _("a notice of success"),
        "vacation": _("an automatic answer"),
        "feedback": _("a complaint or report from the receiver"),
        "other": _("ordinary mail, no delivery report"),
        "dmarc-report": _("a report about who sends as a domain (DMARC)"),
        "tls-report": _("a report about TLS with a domain"),
    }[kind]


def fixer_words(fixer: str) -> str:
    """Return whose turn it is in words."""
    return {
        "sender": _("the sender"),
        "sender-administrator": _("the administrator of the sending side"),
        "recipient": _("the recipient"),
        "recipient-administrator": _("the administrator of the receiving side"),
        "network": _("the network or internet provider"),
        "nobody": _("nobody; waiting is enough or nothing is to be done"),
    }[fixer]


def permanence_words(permanence: str) -> str:
    """Return whether waiting helps, in words."""
    return {
        "permanent": pgettext("permanence", "no, it does not pass by itself"),
        "temporary": pgettext("permanence", "yes, it passes by itself"),
        "depends": pgettext("permanence", "perhaps"),
    }[permanence]


def confidence_words(confidence: str) -> str:
    """Return how sure a diagnosis is, in words."""
    return {
        "certain": pgettext("confidence", "certain"),
        "likely": pgettext("confidence", "likely"),
        "unknown": pgettext("confidence", "not known"),
    }[confidence]


def stage_words(stage: str) -> str:
    """Return where in the chain a cause arises, in words."""
    return {
        "client": _("settings of the mail program"),
        "submission": _("handing over to one's own provider"),
        "queue": _("queue"),
        "dns": "DNS",
        "connect": _("connection"),
        "tls": _("encryption"),
        "session": _("SMTP session"),
        "policy": _("policy of the receiver"),
        "content": _("content of the message"),
        "mailbox": _("mailbox"),
        "retrieval": _("fetching mail"),
    }[stage]


def scope_words(scope: str) -> str:
    """Return what a cause is a property of, in words."""
    return {
        "recipient": _("this recipient"),
        "sender-domain": _("the domain of the sender"),
        "ip": _("the sending IP address"),
        "message": _("this message"),
        "account": _("the account of the sender"),
        "network": _("the network in between"),
        "destination": _("the receiving domain and its mail hosts"),
    }[scope]


def remedy_words(remedy: str) -> str:
    """Return what a delivery engine does about a cause, in words."""
    return {
        "retry": _("it tries again later"),
        "next-route": _("it takes another way out"),
        "split-recipients": _("it sends to fewer recipients at a time"),
        "shrink": _("it makes the message smaller"),
        "slow-down": _("it sends more slowly"),
        "other-source": _("it sends from another address"),
        "suppress": _("it sends nothing more to this recipient"),
        "give-up": _("it gives the message back"),
        "none": _("nothing"),
    }[remedy]


def trouble_words(why: str) -> str:
    """Return why a source could not be read, and what to do; an operating system's own words as they are."""
    return {
        "missing": _("there is no such file or folder; check the path"),
        "no-mail": _("no mail in this folder; name a file, a Maildir or a folder with .eml files"),
        "binary": _("this is not a mail message but binary data; save the message as .eml or plain text"),
        "compressed": _("this file is compressed; unpack it first"),
        "broken-report": _("this is a report that is damaged or too large; have it sent again"),
        "too-big": _("it is too large to be read"),
        "empty": _("there is nothing in it; save or paste the whole message"),
        "bad-json": _('not a JSON object with a "text"; write {"id": "…", "text": "…"} on each line'),
        "long-line": _("this line is longer than 64 KiB; a reply has a few hundred characters"),
    }.get(why, why)
