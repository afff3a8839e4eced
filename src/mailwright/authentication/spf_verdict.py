"""What SPF says: results, problems, and the trace of how they came about.  Plain values."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from mailwright.dns.answer import Answer


class SpfResult(StrEnum):
    """The results of RFC 7208 2.6."""

    NONE = "none"  # there is no name to check, or no record
    NEUTRAL = "neutral"  # the domain says nothing about this client
    PASS = "pass"  # noqa: S105 - the client may send for the domain
    FAIL = "fail"  # the client may not send for the domain
    SOFTFAIL = "softfail"  # the client probably may not
    TEMPERROR = "temperror"  # DNS failed; later it may be otherwise
    PERMERROR = "permerror"  # the record, or one that it leads to, cannot be evaluated until somebody mends it


class SpfProblem(StrEnum):
    """Why a result is none, temperror or permerror."""

    BAD_DOMAIN = "bad-domain"  # none: no domain, one label only, an address literal, or a malformed name
    NO_RECORD = "no-record"  # none: the domain has no record
    SEVERAL_RECORDS = "several-records"  # permerror: the domain has more than one record
    NOT_ASCII = "not-ascii"  # permerror: the record has octets beyond ASCII
    SYNTAX = "syntax"  # permerror: the record breaks the grammar
    INCLUDE_WITHOUT_RECORD = "include-without-record"  # permerror: include leads to a domain without record
    REDIRECT_WITHOUT_RECORD = "redirect-without-record"  # permerror: redirect= leads to a domain without record
    LOOK_UPS = "look-ups"  # permerror: more terms needed DNS than are allowed
    VOIDS = "voids"  # permerror: more terms than are allowed asked for what does not exist
    MX_NAMES = "mx-names"  # permerror: a domain of mx has more MX records than are allowed
    DNS = "dns"  # temperror: a question got no answer
    TIME = "time"  # temperror: the whole took too long


class Outcome(StrEnum):
    """What came of a term."""

    MATCH = "match"  # it matched, and so decided; a redirect= took the place of the record
    NO_MATCH = "no-match"  # it did not match
    TEMPERROR = "temperror"  # it ended the evaluation, as DNS failed
    PERMERROR = "permerror"  # it ended the evaluation, as something is wrong with it or beyond it


class SpfStep(NamedTuple):
    """A term that was evaluated.

    word: the term as written.  outcome: what came of it.  target: the name that it asked for, macros filled in; ""
    where it asks for none.  answers: what DNS said.  node: the record that an include or a redirect leads to; None for
    other terms, and where a limit was reached before.
    problem: why it ended the evaluation.  void: it counts as a void look-up.
    """

    word: str
    outcome: Outcome
    target: str = ""
    answers: tuple[Answer, ...] = ()
    node: SpfNode | None = None
    problem: SpfProblem | None = None
    void: bool = False


class SpfNode(NamedTuple):
    """A record that was evaluated: the first one, or one that an include or a redirect led to.

    domain: where it stands.  record: its text; None where there is none, or not one.  look_ups, voids: how many had
    been counted when it was reached.  steps: its terms in order, up to the one that decided.  result: what check_host()
    is for ``domain``.  problem: why it is none, temperror or permerror.  answer: the TXT records; None where none were
    asked for.  fault_at, fault: where in ``record`` and by which word of spf_macros.WHY the grammar is broken.
    """

    domain: str
    record: str | None
    look_ups: int
    voids: int
    steps: tuple[SpfStep, ...]
    result: SpfResult
    problem: SpfProblem | None = None
    answer: Answer | None = None
    fault_at: int | None = None
    fault: str = ""


class SpfVerdict(NamedTuple):
    """What SPF says about a client.

    result: see SpfResult.  mechanism: the term of the record (or of the one it redirects to) that decided, as written;
    "default" where none matched (RFC 7208 9.1), "" where no record was evaluated.  problem: why there is no answer.
    explanation: the domain owner's words about a fail, printable ASCII; None without, or where not asked for.
    look_ups, voids: how many were counted.  node: how it came about; None only for ``out_of_time``.

    RFC 7208 6.2: who shows the explanation makes clear that it comes from a third party.
    """

    result: SpfResult
    mechanism: str = ""
    problem: SpfProblem | None = None
    explanation: str | None = None
    look_ups: int = 0
    voids: int = 0
    node: SpfNode | None = None


def out_of_time() -> SpfVerdict:
    """Return the verdict for an evaluation that its caller broke off (spf.LEAST_SECONDS).

    RFC 7208 4.6.4: if the limit on elapsed time is exceeded, the result SHOULD be "temperror".
    """
    return SpfVerdict(SpfResult.TEMPERROR, problem=SpfProblem.TIME)
