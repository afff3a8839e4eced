"""SPF (RFC 7208): may this client send for this domain?

``check_host`` is an Inquiry: it hands out questions for DNS and returns an SpfVerdict.  It never raises, whatever the
records hold.  All look-ups are counted in ``_Check._counted``.

How the limits of RFC 7208 4.6.4 are read where its words leave room:

* A void look-up is a term whose question came back empty; an mx with hosts none of which has an address of the
  client's family is one too, however many hosts it has.  A client's own reverse names cannot make a term void twice.
* The first %{p} in a domain-spec counts as one look-up, as ptr does; what it found is kept.
* A name that cannot be asked for (an empty label, one of 64 octets, octets beyond ASCII: RFC 8616 4) matches nothing
  and is not void (RFC 7208 4.8 leaves it open); behind include or redirect it is a permerror.
* Time is the caller's: whoever awaits allows at least LEAST_SECONDS and then takes ``spf_verdict.out_of_time``.
"""

from __future__ import annotations

from typing import NamedTuple

from mailwright.authentication.spf_client import Client
from mailwright.authentication.spf_macros import (
    LONGEST_EXPLANATION,
    MacroString,
    SpfSyntaxFault,
    expand,
    expand_name,
    parse_macro_string,
)
from mailwright.authentication.spf_names import VOID, in_a_labels, is_askable, is_domain
from mailwright.authentication.spf_plan import ALWAYS, Plan, Unusable, plan_of
from mailwright.authentication.spf_terms import A, Exp, Include, LookingUp, Mx, Ptr, Redirect
from mailwright.authentication.spf_verdict import Outcome, SpfNode, SpfProblem, SpfResult, SpfStep, SpfVerdict
from mailwright.dns.answer import Answer, Kind, Question, RecordType, Txt
from mailwright.dns.answer import Mx as MxRecord
from mailwright.dns.inquiry import Inquiry
from mailwright.dns.names import IpAddress

#: Terms that cause look-ups (RFC 7208 4.6.4).
MOST_LOOK_UPS = 10
#: Void look-ups, unless the options say otherwise (RFC 7208 4.6.4).
MOST_VOIDS = 2
#: MX records of one mx (RFC 7208 4.6.4).
MOST_MX = 10
#: Seconds that an evaluation should be allowed at least (RFC 7208 4.6.4).
LEAST_SECONDS = 20


class SpfOptions(NamedTuple):
    """How to check.

    explain: fetch the explanation of a fail (one more look-up, which does not count).  receiver: our host name, for
    %{r}.  seconds: the time since 1970, for %{t}.  most_voids: how many void look-ups are allowed.
    """

    explain: bool = False
    receiver: str = "unknown"
    seconds: int = 0
    most_voids: int = MOST_VOIDS


DEFAULTS = SpfOptions()


def check_mail_from(ip: IpAddress, sender: str, helo: str, options: SpfOptions = DEFAULTS) -> Inquiry[SpfVerdict]:
    """Return the verdict on the reverse-path ``sender``, without angle brackets; "" is the null reverse-path.

    RFC 7208 2.4: where the reverse-path is null, the identity is "postmaster" at the HELO name.
    """
    sender = sender or f"postmaster@{helo}"
    return check_host(ip, sender.rpartition("@")[2], sender, helo, options)


def check_helo(ip: IpAddress, helo: str, options: SpfOptions = DEFAULTS) -> Inquiry[SpfVerdict]:
    """Return the verdict on the HELO name.  RFC 7208 2.3: the sender is then "postmaster" at that name."""
    return check_host(ip, helo, f"postmaster@{helo}", helo, options)


def check_host(
    ip: IpAddress, domain: str, sender: str, helo: str, options: SpfOptions = DEFAULTS
) -> Inquiry[SpfVerdict]:
    """Return the verdict of RFC 7208 4 on ``ip``, sending for ``domain``.

    domain: whose record is asked for.  sender: "local@domain", for macros.  helo: as the client said it, for macros.
    """
    check = _Check(Client(ip, sender, helo), options)
    node = yield from check.node(in_a_labels(domain))
    explanation = None
    if options.explain and node.result is SpfResult.FAIL:
        explanation = yield from check.explanation()
    return SpfVerdict(node.result, check.decider, node.problem, explanation, check.look_ups, check.voids, node)


class _Check:
    """One evaluation: what it is about, and what has been counted.

    decider: the term that decided last.  exp, exp_domain: the exp= of its record, and where that stands.
    """

    __slots__ = ("client", "decider", "exp", "exp_domain", "look_ups", "options", "voids")

    def __init__(self, client: Client, options: SpfOptions) -> None:
        self.client = client
        self.options = options
        self.look_ups = 0
        self.voids = 0
        self.decider = ""
        self.exp: Exp | None = None
        self.exp_domain = ""

    def node(self, domain: str) -> Inquiry[SpfNode]:
        """Return what check_host() is for ``domain`` (RFC 7208 4.3 to 4.7)."""
        look_ups, voids = self.look_ups, self.voids
        # RFC 7208 4.3: a malformed domain, or one that is no multi-label name, is "none", and nothing is looked up.
        if not is_domain(domain):
            return SpfNode(domain, None, look_ups, voids, (), SpfResult.NONE, SpfProblem.BAD_DOMAIN)
        # RFC 7208 3.1: SPF records MUST be published as type TXT; type 99 is never asked for.
        (answer,) = yield (Question(domain, RecordType.TXT),)
        plan = plan_of(answer)
        if isinstance(plan, Unusable):
            problem, result, text, fault_at, fault = plan
            return SpfNode(domain, text, look_ups, voids, (), result, problem, answer, fault_at, fault)
        steps: list[SpfStep] = []
        result, found = yield from self._walk(plan, domain, steps)
        return SpfNode(domain, plan.text, look_ups, voids, tuple(steps), result, found, answer)

    def _walk(self, plan: Plan, domain: str, steps: list[SpfStep]) -> Inquiry[tuple[SpfResult, SpfProblem | None]]:
        """Evaluate the terms of ``plan`` from left to right (RFC 7208 4.6.2), each into ``steps``."""
        version, number = self.client.version, self.client.number
        # A server does little else than this loop, and takes each check apart at once for the sake of speed.
        for word, asking, result, applies_to, low, high, matched, passed in plan.checks:
            if asking is not None:
                step = yield from self._counted(asking, word, domain)
                steps.append(step)
                if step.outcome is Outcome.NO_MATCH:
                    continue
                if step.outcome is not Outcome.MATCH:
                    self.decider = word
                    return _ERRORS[step.outcome], step.problem
            elif applies_to == ALWAYS or (applies_to == version and low <= number <= high):
                steps.append(matched)
            else:
                steps.append(passed)
                continue
            self.decider, self.exp, self.exp_domain = word, plan.exp, domain
            return result, None
        if plan.redirect is not None:
            return (yield from self._redirected(plan.redirect, plan.redirect_word, domain, steps))
        # RFC 7208 4.7: if no mechanism matches and there is no redirect, the result is "neutral".
        self.decider = "default"
        return SpfResult.NEUTRAL, None

    def _redirected(
        self, redirect: Redirect, word: str, domain: str, steps: list[SpfStep]
    ) -> Inquiry[tuple[SpfResult, SpfProblem | None]]:
        """Let the record that ``redirect`` leads to decide (RFC 7208 6.1)."""
        # RFC 7208 6.2: then the exp= of the original domain MUST NOT be used; whoever decides sets its own.
        self.decider = word
        step = yield from self._counted(redirect, word, domain)
        steps.append(step)
        if step.node is None or step.outcome is Outcome.PERMERROR:
            return SpfResult.PERMERROR, step.problem
        return step.node.result, step.problem

    def _counted(self, term: LookingUp, word: str, domain: str) -> Inquiry[SpfStep]:
        """Evaluate a term that needs look-ups, within the limits of RFC 7208 4.6.4."""
        spec = term.domain
        new_name = spec is not None and "p" in spec.letters and not self.client.has_asked
        # RFC 7208 4.6.4: include, a, mx, ptr, exists and redirect MUST be limited to 10 for each check, the PTR query
        # of %{p} included; beyond that the result MUST be "permerror".
        self.look_ups += 2 if new_name else 1
        if self.look_ups > MOST_LOOK_UPS:
            return SpfStep(word, Outcome.PERMERROR, problem=SpfProblem.LOOK_UPS)
        target = domain if spec is None else spec.plain_name or (yield from self._target(spec, domain))
        step = yield from self._evaluation(term, word, target)
        if step.void:
            self.voids += 1
            # RFC 7208 4.6.4: void look-ups SHOULD be limited to two; beyond, the result is "permerror".
            if self.voids > self.options.most_voids:
                return step._replace(outcome=Outcome.PERMERROR, problem=SpfProblem.VOIDS)
        return step

    def _target(self, spec: MacroString, domain: str) -> Inquiry[str]:
        """Return the name that ``spec`` means in the record of ``domain``."""
        if spec.plain_name is not None:
            return spec.plain_name
        if "p" in spec.letters:
            yield from self.client.validate()
        return expand_name(spec, self.client.values(domain, self.options.receiver, self.options.seconds))

    def _evaluation(self, term: LookingUp, word: str, target: str) -> Inquiry[SpfStep]:
        """Return the evaluation of ``term`` with its name filled in."""
        if isinstance(term, Include):
            return self._include(word, target)
        if isinstance(term, Redirect):
            return self._redirect(word, target)
        if isinstance(term, Ptr):
            return self._ptr(word, target)
        if not is_askable(target):
            return _unasked(word, target)
        if isinstance(term, A | Mx):
            prefix = term.prefix4 if self.client.version == 4 else term.prefix6
            return self._a(word, target, prefix) if isinstance(term, A) else self._mx(word, target, prefix)
        return self._exists(word, target)

    def _include(self, word: str, target: str) -> Inquiry[SpfStep]:
        """RFC 7208 5.2: the table of what the result of the included record becomes."""
        node = yield from self.node(target)
        problem = SpfProblem.INCLUDE_WITHOUT_RECORD if node.result is SpfResult.NONE else node.problem
        return SpfStep(word, _INCLUDED[node.result], target, (), node, problem)

    def _redirect(self, word: str, target: str) -> Inquiry[SpfStep]:
        """RFC 7208 6.1: the result is that of the record; where there is none, or no such name, "permerror"."""
        node = yield from self.node(target)
        if node.result is SpfResult.NONE:
            return SpfStep(word, Outcome.PERMERROR, target, (), node, SpfProblem.REDIRECT_WITHOUT_RECORD)
        return SpfStep(word, _REDIRECTED.get(node.result, Outcome.MATCH), target, (), node, node.problem)

    def _a(self, word: str, target: str, prefix: int) -> Inquiry[SpfStep]:
        """RFC 7208 5.3: the client is among the addresses of ``target``."""
        answers = yield (Question(target, self.client.address_type),)
        if answers[0].kind is not Kind.FOUND:
            return _empty_handed(word, target, answers)
        matches = self.client.is_in(answers[0], prefix)
        return SpfStep(word, Outcome.MATCH if matches else Outcome.NO_MATCH, target, answers)

    def _exists(self, word: str, target: str) -> Inquiry[SpfStep]:
        """RFC 7208 5.7: ``target`` has an A record, also where the client comes by IPv6."""
        answers = yield (Question(target, RecordType.A),)
        if answers[0].kind is not Kind.FOUND:
            return _empty_handed(word, target, answers)
        return SpfStep(word, Outcome.MATCH, target, answers)

    def _mx(self, word: str, target: str, prefix: int) -> Inquiry[SpfStep]:
        """RFC 7208 5.4: the client is among the addresses of the MX hosts of ``target``."""
        asked = yield (Question(target, RecordType.MX),)
        if asked[0].kind is not Kind.FOUND:
            # RFC 7208 5.4: where there are no MX records, the target MUST NOT be taken for its own single MX.
            return _empty_handed(word, target, asked)
        # The null MX (RFC 7505) names no host.
        records = [record for record in asked[0].records if isinstance(record, MxRecord) and record.exchange]
        # RFC 7208 4.6.4: more than 10 names MUST be a "permerror", whichever of them would have matched: the order in
        # which DNS lists them must not decide.
        if len(records) > MOST_MX:
            return SpfStep(word, Outcome.PERMERROR, target, asked, None, SpfProblem.MX_NAMES)
        # RFC 7208 5.4: in order of MX preference.
        hosts = dict.fromkeys(record.exchange for record in sorted(records, key=_preference))
        questions = tuple(Question(host, self.client.address_type) for host in hosts if is_askable(host))
        if not questions:
            return SpfStep(word, Outcome.NO_MATCH, target, asked)
        answers = yield questions
        return self._among_hosts(SpfStep(word, Outcome.NO_MATCH, target, asked + answers), answers, prefix)

    def _among_hosts(self, step: SpfStep, answers: tuple[Answer, ...], prefix: int) -> SpfStep:
        """Return ``step`` with what the addresses of MX hosts make of it, taken in their order."""
        for answer in answers:
            if self.client.is_in(answer, prefix):
                return step._replace(outcome=Outcome.MATCH)
            # RFC 7208 5: where DNS fails, check_host() terminates immediately and returns "temperror".
            if not answer.tells:
                return step._replace(outcome=Outcome.TEMPERROR, problem=SpfProblem.DNS)
        return step._replace(void=all(answer.kind in VOID for answer in answers))

    def _ptr(self, word: str, target: str) -> Inquiry[SpfStep]:
        """RFC 7208 5.5: a validated name of the client is ``target`` or below it."""
        asked = yield from self.client.validate()
        outcome = Outcome.MATCH if self.client.is_called(target) else Outcome.NO_MATCH
        return SpfStep(word, outcome, target, asked, void=bool(asked) and asked[0].kind in VOID)

    def explanation(self) -> Inquiry[str | None]:
        """Return the explanation of the fail (RFC 7208 6.2); None where there is none, or anything is wrong with it."""
        if self.exp is None:
            return None
        # RFC 7208 4.6.4: what exp= asks for does not count.
        target = yield from self._target(self.exp.domain, self.exp_domain)
        if not is_askable(target):
            return None
        (answer,) = yield (Question(target, RecordType.TXT),)
        string = _explain_string(answer)
        if string is None:
            return None
        if "p" in string.letters:
            yield from self.client.validate()
        values = self.client.values(self.exp_domain, self.options.receiver, self.options.seconds)
        text = expand(string, values, LONGEST_EXPLANATION)
        # RFC 7208 6.2: the explanation is limited to US-ASCII; macros could smuggle in more, line ends among it.
        return text if text.isascii() and text.isprintable() else None


_ERRORS = {Outcome.TEMPERROR: SpfResult.TEMPERROR, Outcome.PERMERROR: SpfResult.PERMERROR}
_REDIRECTED = {SpfResult.TEMPERROR: Outcome.TEMPERROR, SpfResult.PERMERROR: Outcome.PERMERROR}
#: RFC 7208 5.2: the table.
_INCLUDED = {
    SpfResult.PASS: Outcome.MATCH,
    SpfResult.FAIL: Outcome.NO_MATCH,
    SpfResult.SOFTFAIL: Outcome.NO_MATCH,
    SpfResult.NEUTRAL: Outcome.NO_MATCH,
    SpfResult.TEMPERROR: Outcome.TEMPERROR,
    SpfResult.PERMERROR: Outcome.PERMERROR,
    SpfResult.NONE: Outcome.PERMERROR,
}


def _unasked(word: str, target: str) -> Inquiry[SpfStep]:
    """Return the step for a name that cannot be asked for."""
    yield from ()
    return SpfStep(word, Outcome.NO_MATCH, target)


def _empty_handed(word: str, target: str, answers: tuple[Answer, ...]) -> SpfStep:
    """Return the step for a question that found nothing: void, or a failure of DNS.

    RFC 7208 5: RCODE 2, any RCODE but 0 and 3, or a time-out: check_host() terminates immediately with "temperror".
    """
    if answers[0].tells:
        return SpfStep(word, Outcome.NO_MATCH, target, answers, void=True)
    return SpfStep(word, Outcome.TEMPERROR, target, answers, None, SpfProblem.DNS)


def _explain_string(answer: Answer) -> MacroString | None:
    """Return the explain-string that ``answer`` holds.

    RFC 7208 6.2: DNS errors, no record, more than one, or a syntax error in it: None, as if there were no exp=.
    """
    if answer.kind is not Kind.FOUND or len(answer.records) != 1 or not isinstance(answer.records[0], Txt):
        return None
    try:
        # RFC 7208 6.2: several strings are concatenated without spaces.
        return parse_macro_string(answer.records[0].joined.decode("ascii"), explanation=True)
    except (UnicodeDecodeError, SpfSyntaxFault):
        return None


def _preference(record: MxRecord) -> int:
    return record.preference
