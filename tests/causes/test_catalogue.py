"""The catalogue: every cause complete, in the words of the closed lists, and told by some rule or check."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mailwright.causes import catalogue as module
from mailwright.causes.catalogue import catalogue, reasons
from mailwright.causes.cause import Cause, Remedy, Scope, Stage
from mailwright.explain.rules import read_rules

CAUSES = list(catalogue().values())
every_cause = pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.id)

#: What a mail can fail of, at the least; each is the id of a cause or the reason of several.
PROMISED = (
    "address-unknown address-syntax mailbox-disabled mailbox-moved recipient-refused mailbox-full message-too-big "
    "domain-unknown domain-no-mail connection-failed expired routing-loop rate-limited greylisted too-many-recipients "
    "blocklisted reverse-dns sender-rejected auth-failed policy-refused relaying-denied auth-required tls-required "
    "spam-content virus message-malformed protocol-error system-error system-full undetermined delayed delivered "
    "vacation feedback client-wrong-host client-wrong-port client-tls-mode client-login client-auth-off client-timeout"
).split()

#: Causes that no rule names, and why.
NOT_SAID_BY_ANY_REPLY = {
    "acceptance-unknown": "no words tell it; the client sees that no answer comes (deliver.attempt)",
    "dns-split-horizon": "no server knows it; a check sees it by asking two resolvers",
    "unsubscribe-request": "told by the structure of a feedback report or of the mail itself (explain.feedback)",
}

TABLE: dict[str, Any] = {
    "reason": "mailbox-full",
    "scope": "recipient",
    "permanence": "temporary",
    "fixer": "recipient",
    "remedy": "retry",
    "codes": ["4.2.2"],
    "boundary": "Its neighbour is another.",
    "title": "Full",
    "explanation": "It is full.",
    "fixes": ["Wait."],
}


@every_cause
def test_every_cause_is_complete(cause: Cause) -> None:
    """A reader gets a title, an explanation and at least one step; an author gets the boundary with the neighbours."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cause.id)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cause.reason)
    assert cause.boundary
    assert cause.title
    assert not cause.title.endswith(".")
    assert cause.explanation.endswith((".", "?"))
    assert cause.fixes
    assert all(fix.endswith((".", "?")) for fix in cause.fixes)


@every_cause
def test_texts_have_only_the_three_placeholders(cause: Cause) -> None:
    """Only recipient, domain and host are ever filled in, and never in a title."""
    texts = [cause.explanation, *cause.fixes]
    assert {name for text in texts for name in re.findall(r"\{([^}]*)\}", text)} <= {"recipient", "domain", "host"}
    assert "{" not in cause.title
    assert not re.search(r" {2}| [.,;:](\s|$)", " ".join([cause.title, *texts]))


@every_cause
def test_codes_are_enhanced_codes_of_the_permanence(cause: Cause) -> None:
    """The first code is the one we would send, so a lasting cause has none that says try again."""
    assert all(re.fullmatch(r"[245]\.\d{1,2}\.\d{1,3}", code) for code in cause.codes)


@every_cause
def test_only_a_recipients_own_fault_takes_an_address_off_the_list(cause: Cause) -> None:
    """A recipient is never suppressed for a fault of the sender, the message or the network."""
    assert cause.remedy is not Remedy.SUPPRESS or cause.scope is Scope.RECIPIENT


@pytest.mark.parametrize("name", PROMISED)
def test_every_promised_kind_of_failure_has_its_cause(name: str) -> None:
    """What the product promises to tell apart is told apart."""
    assert name in catalogue() or name in reasons()


def test_every_reason_is_a_cause_or_shared() -> None:
    """A reason is the coarser word: a cause of that name, or several causes, stand behind it."""
    lonely = {reason for reason in reasons() - set(catalogue()) if sum(c.reason == reason for c in CAUSES) < 1}
    assert not lonely
    assert reasons() <= set(catalogue()) | set(PROMISED)


def test_every_cause_is_named_by_a_rule_or_found_by_a_check() -> None:
    """A cause that nothing can find is dead text; what only a check finds is listed with its reason."""
    named = {rule.cause for rule in read_rules()[0]}
    assert set(catalogue()) - named == set(NOT_SAID_BY_ANY_REPLY)


def test_the_catalogue_cannot_be_changed() -> None:
    """It is read once and shared by everyone."""
    with pytest.raises(TypeError):
        catalogue()["new"] = CAUSES[0]  # type: ignore[index]


@pytest.mark.parametrize("key", TABLE)
def test_a_missing_key_is_named_with_cause_and_file(key: str) -> None:
    """Whoever adds a cause is told what is missing where."""
    table = {name: value for name, value in TABLE.items() if name != key}
    with pytest.raises(ValueError, match=rf"catalogue/mailbox\.toml: \[new\] lacks {key}"):
        module._cause(Stage.MAILBOX, "new", table)


@pytest.mark.parametrize("key", ["scope", "permanence", "fixer", "remedy"])
def test_a_word_outside_the_lists_is_named_with_cause_and_file(key: str) -> None:
    """A misspelt word would otherwise be a new kind of thing."""
    with pytest.raises(ValueError, match=r"catalogue/mailbox\.toml: \[new\] 'somebody' is not a valid"):
        module._cause(Stage.MAILBOX, "new", TABLE | {key: "somebody"})
