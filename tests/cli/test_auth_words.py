"""Every member of the closed lists has words for people."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import pytest

from mailwright.authentication.arc import ArcResult
from mailwright.authentication.arc_set import ArcReason
from mailwright.authentication.authors import FromNote, FromTrouble
from mailwright.authentication.bimi_record import BimiStatus
from mailwright.authentication.body_changes import ChangeKind
from mailwright.authentication.dkim import DkimReason, DkimResult
from mailwright.authentication.dkim_key import KeyTrouble
from mailwright.authentication.dkim_rotation import RotationAction
from mailwright.authentication.dmarc import Disposition, Reason, Result
from mailwright.authentication.dmarc_alignment import Comparison
from mailwright.authentication.dmarc_discovery import Outcome as WalkOutcome
from mailwright.authentication.helo import HeloAddress, HeloForm
from mailwright.authentication.signature_fields import SignatureTrouble
from mailwright.authentication.spf_macros import WHY
from mailwright.authentication.spf_verdict import Outcome, SpfProblem, SpfResult
from mailwright.cli import auth_words, signature_words
from mailwright.dns.reverse import Generic, ReverseVerdict

LISTS: list[tuple[type[StrEnum], Callable[[Any], str]]] = [
    (SpfResult, auth_words.spf_result_words),
    (SpfProblem, auth_words.spf_problem_words),
    (Outcome, auth_words.spf_outcome_words),
    (Result, auth_words.dmarc_result_words),
    (Reason, auth_words.dmarc_reason_words),
    (Disposition, auth_words.disposition_words),
    (Comparison, auth_words.comparison_words),
    (WalkOutcome, auth_words.walk_words),
    (ReverseVerdict, auth_words.reverse_words),
    (Generic, auth_words.generic_words),
    (HeloForm, auth_words.helo_form_words),
    (HeloAddress, auth_words.helo_address_words),
    (BimiStatus, auth_words.bimi_words),
    (FromTrouble, auth_words.from_trouble_words),
    (FromNote, auth_words.from_note_words),
    (DkimResult, signature_words.dkim_result_words),
    (DkimReason, signature_words.dkim_reason_words),
    (KeyTrouble, signature_words.key_trouble_words),
    (SignatureTrouble, signature_words.signature_trouble_words),
    (ChangeKind, signature_words.change_words),
    (ArcResult, signature_words.arc_result_words),
    (ArcReason, signature_words.arc_reason_words),
    (RotationAction, signature_words.action_words),
]


@pytest.mark.parametrize(("members", "words"), LISTS, ids=lambda one: getattr(one, "__name__", ""))
def test_every_member_has_words(members: type[StrEnum], words: Callable[[Any], str]) -> None:
    """Without a full stop, and no two members of a list say the same."""
    said = [words(member) for member in members]
    assert all(said)
    assert not any(text.endswith(".") for text in said)
    assert len(set(said)) == len(said)


@pytest.mark.parametrize("why", WHY)
def test_every_fault_of_spf_s_grammar_has_words(why: str) -> None:
    """The words are those of the reader; the manual of the grammar has its own."""
    assert auth_words.spf_fault_words(why)
