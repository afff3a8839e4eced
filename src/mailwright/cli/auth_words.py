"""The closed lists of SPF, DMARC, reverse DNS, HELO, BIMI and From, as a person reads them."""

from __future__ import annotations

from mailwright.authentication.authors import FromNote, FromTrouble
from mailwright.authentication.bimi_record import BimiStatus
from mailwright.authentication.dmarc import Disposition, Reason, Result
from mailwright.authentication.dmarc_alignment import Comparison
from mailwright.authentication.dmarc_discovery import Outcome as WalkOutcome
from mailwright.authentication.helo import HeloAddress, HeloForm
from mailwright.authentication.spf_verdict import Outcome, SpfProblem, SpfResult
from mailwright.cli.interface import _
from mailwright.dns.reverse import Generic, ReverseVerdict


def spf_result_words(result: SpfResult) -> str:
    """Return what a result of SPF says of the client."""
    return {
        SpfResult.NONE: _("the domain says nothing about who may send for it"),
        SpfResult.NEUTRAL: _("the domain does not say whether this client may send for it"),
        SpfResult.PASS: _("this client may send for the domain"),
        SpfResult.FAIL: _("this client may not send for the domain"),
        SpfResult.SOFTFAIL: _("this client probably may not send for the domain"),
        SpfResult.TEMPERROR: _("nobody can tell now, since DNS did not answer"),
        SpfResult.PERMERROR: _("nobody can tell until the record is mended"),
    }[result]


def spf_problem_words(problem: SpfProblem) -> str:
    """Return why SPF has no answer."""
    return {
        SpfProblem.BAD_DOMAIN: _("what should be the domain is no domain name"),
        SpfProblem.NO_RECORD: _("there is no SPF record"),
        SpfProblem.SEVERAL_RECORDS: _("there is more than one SPF record"),
        SpfProblem.NOT_ASCII: _("the record has characters beyond ASCII"),
        SpfProblem.SYNTAX: _("the record is misspelt"),
        SpfProblem.INCLUDE_WITHOUT_RECORD: _("an include leads to a domain without an SPF record"),
        SpfProblem.REDIRECT_WITHOUT_RECORD: _("the redirect leads to a domain without an SPF record"),
        SpfProblem.LOOK_UPS: _("it needs more DNS look-ups than the 10 that are allowed"),
        SpfProblem.VOIDS: _("more than two of its terms ask for what does not exist"),
        SpfProblem.MX_NAMES: _("an mx leads to more than 10 hosts"),
        SpfProblem.DNS: _("a DNS question got no answer"),
        SpfProblem.TIME: _("it took longer than is waited"),
    }[problem]


def spf_outcome_words(outcome: Outcome) -> str:
    """Return what came of a term."""
    return {
        Outcome.MATCH: _("matches"),
        Outcome.NO_MATCH: _("does not match"),
        Outcome.TEMPERROR: _("ends it: DNS did not answer"),
        Outcome.PERMERROR: _("ends it: cannot be evaluated"),
    }[outcome]


def dmarc_result_words(result: Result) -> str:
    """Return what a result of DMARC says."""
    return {
        Result.PASS: _("the use of the domain in From is proven"),
        Result.FAIL: _("nothing proves the use of the domain in From"),
        Result.NONE: _("the domain in From has no policy"),
        Result.TEMPERROR: _("nobody can tell now, since DNS did not answer"),
        Result.PERMERROR: _("nobody can tell until it is mended"),
    }[result]


def dmarc_reason_words(reason: Reason) -> str:
    """Return why DMARC decided so."""
    return {
        Reason.DKIM_ALIGNED: _("a valid signature is of the domain in From"),
        Reason.SPF_ALIGNED: _("SPF passes for the domain in From"),
        Reason.NOTHING_ALIGNED: _("neither SPF nor a signature passes for the domain in From"),
        Reason.NO_RECORD: _("there is no DMARC record for it"),
        Reason.RECORD_UNREADABLE: _("its DMARC record cannot be read"),
        Reason.RECORD_UNUSABLE: _("the policy in its DMARC record cannot be read"),
        Reason.POLICY_UNKNOWN: _("the policy could not be looked up"),
        Reason.ALIGNMENT_UNKNOWN: _("SPF, a signature or the organisational domain could not be looked up"),
        Reason.EXISTENCE_UNKNOWN: _("whether the domain exists could not be looked up"),
        Reason.NO_AUTHOR: _("From names no domain"),
        Reason.FROM_BROKEN: _("From is missing, there twice, or cannot be read for sure"),
        Reason.SEVERAL_AUTHORS: _("From names several domains, and the worst of their verdicts counts"),
        Reason.MANY_AUTHORS: _("From names more domains than are judged"),
        Reason.OWN_POLICY: _("the policy is the domain's own"),
        Reason.SUBDOMAIN_POLICY: _("the policy is the one for subdomains of the domain above"),
        Reason.NONEXISTENT_POLICY: _("the policy is the one for subdomains that do not exist"),
        Reason.POLICY_DAMAGED: _("a policy in the record is misspelt and counts as none"),
        Reason.TEST_MODE: _("the domain is testing (t=y): one step below its policy"),
        Reason.REJECT_NOT_ALONE: _("a policy of reject alone is no reason to refuse: quarantine (RFC 9989 7.4)"),
        Reason.DEFERRED: _("the sender is asked to try again later"),
    }[reason]


def disposition_words(disposition: Disposition) -> str:
    """Return what a receiver does with the message that goes by DMARC alone."""
    return {
        Disposition.ACCEPT: _("accepted by a receiver that goes by DMARC"),
        Disposition.QUARANTINE: _("taken for junk by a receiver that goes by DMARC"),
        Disposition.REJECT: _("refused by a receiver that goes by DMARC"),
        Disposition.DEFER: _("put off by a receiver that goes by DMARC"),
    }[disposition]


def comparison_words(comparison: Comparison) -> str:
    """Return how a domain stands to the one in From."""
    return {
        Comparison.IDENTICAL: _("the domain in From itself"),
        Comparison.SAME_ORGANIZATION: _("of the same organisation as the domain in From"),
        Comparison.NOT_IDENTICAL: _("not the very domain in From, which its owner wants"),
        Comparison.OTHER_ORGANIZATION: _("of another organisation than the domain in From"),
        Comparison.NOT_LOOKED_UP: _("not compared, since it changes nothing"),
        Comparison.UNKNOWN: _("could not be compared, since DNS did not answer"),
        Comparison.NO_DOMAIN: _("no domain that could be compared"),
    }[comparison]


def walk_words(outcome: WalkOutcome) -> str:
    """Return what was found at a name where a DMARC record may stand."""
    return {
        WalkOutcome.RECORD: _("a record"),
        WalkOutcome.NO_NAME: _("no such name"),
        WalkOutcome.NO_TXT: _("no TXT record"),
        WalkOutcome.OTHER_TXT: _("TXT records, none of them DMARC's"),
        WalkOutcome.SEVERAL: _("more than one record, so none counts"),
        WalkOutcome.UNREADABLE: _("a record that cannot be read"),
        WalkOutcome.TOO_LONG: _("too long a name to ask for"),
        WalkOutcome.FAILED: _("DNS did not answer"),
    }[outcome]


def reverse_words(verdict: ReverseVerdict) -> str:
    """Return what the names of an IP address come to."""
    return {
        ReverseVerdict.CONFIRMED: _("the address has a name that leads back to it"),
        ReverseVerdict.UNCONFIRMED: _("the address has names, and none leads back to it"),
        ReverseVerdict.NO_NAME: _("the address has no name"),
        ReverseVerdict.UNKNOWN: _("nobody can tell now, since DNS did not answer"),
    }[verdict]


def generic_words(generic: Generic) -> str:
    """Return why a host's name looks like one made for every customer; many receivers refuse mail from such."""
    return {
        Generic.IP_IN_NAME: _("looks generic: the address stands in it"),
        Generic.WORD_IN_NAME: _("looks generic: a word for a customer's line stands in it"),
    }[generic]


def helo_form_words(form: HeloForm) -> str:
    """Return what kind of thing a HELO name is."""
    return {
        HeloForm.NAME: _("a host name"),
        HeloForm.LITERAL: _("an IP address in brackets"),
        HeloForm.BARE_IP: _("an IP address without the brackets it needs"),
        HeloForm.UNQUALIFIED: _("a name without a domain"),
        HeloForm.LOCAL: _("a name of a local network"),
        HeloForm.MALFORMED: _("no host name"),
    }[form]


def helo_address_words(address: HeloAddress) -> str:
    """Return what a HELO name has to do with the client's address."""
    return {
        HeloAddress.SAME: _("it leads to the client"),
        HeloAddress.OTHER: _("it leads to another address than the client's"),
        HeloAddress.NONE: _("it has no address"),
        HeloAddress.UNKNOWN: _("DNS did not say where it leads"),
        HeloAddress.NOT_ASKED: _("it has no address that could be asked for"),
    }[address]


def bimi_words(status: BimiStatus) -> str:
    """Return what the look-up of a logo's record came to."""
    return {
        BimiStatus.FOUND: _("there is a record"),
        BimiStatus.NONE: _("there is no record"),
        BimiStatus.INVALID: _("the record cannot be used"),
        BimiStatus.FAILED: _("nobody can tell now, since DNS did not answer"),
    }[status]


def from_trouble_words(trouble: FromTrouble) -> str:
    """Return what is wrong with From."""
    return {
        FromTrouble.MISSING: _("there is no From field"),
        FromTrouble.REPEATED: _("there is more than one From field"),
        FromTrouble.SYNTAX: _("From is no list of addresses"),
        FromTrouble.DOMAIN: _("a domain in From is no domain name"),
        FromTrouble.LONG: _("From is too long"),
    }[trouble]


def from_note_words(note: FromNote) -> str:
    """Return what is remarkable about From."""
    return {
        FromNote.ADDRESS_IN_NAME: _("an address stands in the name in From; readers may take it for the sender's"),
        FromNote.BARE_WORDS: _("words without an address stand in From"),
        FromNote.LITERAL: _("an IP address stands in From in place of a domain"),
        FromNote.EMPTY_GROUP: _("From names an empty group"),
    }[note]


def spf_fault_words(why: str) -> str:
    """Return why the grammar of an SPF record is broken; ``why`` is a word of spf_macros.WHY."""
    return {
        "address": _("this is no IP address of the kind that the mechanism takes"),
        "argument": _("this mechanism takes nothing after its name"),
        "character": _("only visible ASCII characters may stand here"),
        "domain": _("a domain must end in a top-level label, or in a macro"),
        "duplicate": _("redirect= and exp= may each stand once in a record"),
        "empty": _("something must stand after the name"),
        "letter": _("no macro has this letter here"),
        "long": _("it has more characters than are read"),
        "macro": _('"%" must begin a macro, "%%", "%_" or "%-"'),
        "mechanism": _("there is no mechanism of this name"),
        "modifier": _("this is no name of a modifier"),
        "prefix": _("this is no length of a network's prefix"),
        "version": _('a record begins with "v=spf1" and a space'),
        "zero": _("a macro cannot keep zero parts"),
    }[why]
