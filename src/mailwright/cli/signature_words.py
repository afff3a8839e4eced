"""The closed lists of DKIM and ARC, as a person reads them."""

from __future__ import annotations

from mailwright.authentication.arc import ArcResult
from mailwright.authentication.arc_set import ArcReason
from mailwright.authentication.body_changes import ChangeKind
from mailwright.authentication.dkim import DkimReason, DkimResult
from mailwright.authentication.dkim_key import KeyTrouble
from mailwright.authentication.dkim_rotation import RotationAction
from mailwright.authentication.signature_fields import SignatureTrouble
from mailwright.cli.interface import _


def dkim_result_words(result: DkimResult) -> str:
    """Return what a result of DKIM says of a signature."""
    return {
        DkimResult.NONE: _("the message has no signature"),
        DkimResult.PASS: _("the signature is valid"),
        DkimResult.FAIL: _("the message is not what was signed"),
        DkimResult.POLICY: _("the signature is not accepted, whatever it says"),
        DkimResult.NEUTRAL: _("the signature cannot be read"),
        DkimResult.TEMPERROR: _("nobody can tell now, since DNS did not answer"),
        DkimResult.PERMERROR: _("the signature can never be valid as it stands"),
    }[result]


def dkim_reason_words(reason: DkimReason) -> str:
    """Return why a signature did not pass."""
    return {
        DkimReason.BODY: _("the body was changed after signing"),
        DkimReason.HEADER: _("the header was changed after signing, or the signature damaged"),
        DkimReason.BOTH: _("body and header were changed after signing"),
        DkimReason.BODY_SHORTER: _("the body is shorter than what was signed"),
        DkimReason.PARTIAL: _("it leaves the end of the body unsigned (l=)"),
        DkimReason.SIGNATURE: _("the field breaks a rule"),
        DkimReason.ALGORITHM: _("it uses SHA-1, which counts no longer"),
        DkimReason.EXPIRED: _("it has expired (x=)"),
        DkimReason.FUTURE: _("it was made in the future (t=); a clock is wrong"),
        DkimReason.NO_FROM: _("the message has no From field"),
        DkimReason.SEVERAL_FROM: _("the message has more than one From field"),
        DkimReason.KEY: _("there is no key to verify it with"),
        DkimReason.STRICT: _("the key is for addresses of exactly its own domain (t=s)"),
        DkimReason.NOT_TRIED: _("there are more signatures than are tried"),
        DkimReason.LONG_HEADER: _("the header of the message is too long"),
    }[reason]


def key_trouble_words(trouble: KeyTrouble) -> str:
    """Return why there is no key."""
    return {
        KeyTrouble.UNAVAILABLE: _("DNS did not answer"),
        KeyTrouble.NO_NAME: _("the name of the key is not in DNS"),
        KeyTrouble.NO_RECORD: _("there is no TXT record at the name of the key"),
        KeyTrouble.SEVERAL: _("there is more than one key record"),
        KeyTrouble.SYNTAX: _("the record is no key record"),
        KeyTrouble.VERSION: _("the record does not begin with v=DKIM1"),
        KeyTrouble.KEY_TYPE: _("the key is of another kind than the signature"),
        KeyTrouble.HASH: _("the key is not for SHA-256"),
        KeyTrouble.SERVICE: _("the key is not for mail"),
        KeyTrouble.REVOKED: _("the key has been revoked (empty p=)"),
        KeyTrouble.BASE64: _("the key in the record is damaged"),
        KeyTrouble.DATA: _("what stands in p= is no key of its kind"),
        KeyTrouble.SHORT: _("the key has fewer than 1024 bits"),
        KeyTrouble.LONG: _("the key is larger than is accepted"),
    }[trouble]


def signature_trouble_words(trouble: SignatureTrouble) -> str:
    """Return which rule a signature field breaks."""
    return {
        SignatureTrouble.LONG: _("it is too long"),
        SignatureTrouble.TAGS: _("it is no list of tags"),
        SignatureTrouble.MISSING: _("a tag is missing"),
        SignatureTrouble.VERSION: _("it is of an unknown version"),
        SignatureTrouble.ALGORITHM: _("its algorithm is not known"),
        SignatureTrouble.FORM: _("its canonicalization is not known"),
        SignatureTrouble.QUERY: _("it wants its key fetched in an unknown way"),
        SignatureTrouble.DOMAIN: _("its domain or selector is no name"),
        SignatureTrouble.IDENTITY: _("its identity is not within its domain"),
        SignatureTrouble.HEADERS: _("its list of signed fields is none"),
        SignatureTrouble.FROM: _("it does not sign From"),
        SignatureTrouble.BASE64: _("the signature or the hash in it is damaged"),
        SignatureTrouble.NUMBER: _("a number in it is none"),
        SignatureTrouble.EXPIRY: _("it expires before it was made"),
    }[trouble]


def change_words(kind: ChangeKind) -> str:
    """Return what was done to a message after signing."""
    return {
        ChangeKind.FOOTER: _("lines were added at the end"),
        ChangeKind.BANNER: _("lines were added on top"),
        ChangeKind.WRAPPED: _("the body was put into a part of a new multipart"),
        ChangeKind.PART_ADDED: _("a part was added at the end"),
        ChangeKind.LINE_ENDS: _("line ends were changed"),
        ChangeKind.TRAILING_SPACE: _("spaces were added at the ends of lines"),
        ChangeKind.DOTS: _("dots at the beginnings of lines were doubled or halved"),
        ChangeKind.FROM_QUOTED: _('">" was put before lines that begin with "From "'),
        ChangeKind.TRANSFER_ENCODING: _("the body was encoded anew"),
        ChangeKind.LENGTH: _("the body was cut"),
        ChangeKind.SUBJECT_TAG: _("a tag was put into the subject"),
        ChangeKind.FIELD_ADDED: _("a field was added of which there must be no other"),
        ChangeKind.FIELD_CHANGED: _("a field was changed"),
        ChangeKind.FROM_REWRITTEN: _("From was replaced"),
        ChangeKind.ENCODING_FIELD: _("the field that names the encoding was changed"),
        ChangeKind.REFOLDED: _("lines of the header were folded anew"),
        ChangeKind.NOT_BY_KEY: _("it was not made with the published key, or it was damaged"),
        ChangeKind.FORM: _("it was signed in the other canonicalization than it says"),
        ChangeKind.UNKNOWN: _("what was changed cannot be told"),
    }[kind]


def arc_result_words(result: ArcResult) -> str:
    """Return what became of a chain of ARC."""
    return {
        ArcResult.NONE: _("nobody on the way has sealed the message"),
        ArcResult.PASS: _("the seals of all hops are valid"),
        ArcResult.FAIL: _("the chain of seals is broken"),
        ArcResult.TEMPERROR: _("nobody can tell now, since DNS did not answer"),
    }[result]


def arc_reason_words(reason: ArcReason) -> str:
    """Return why a chain of ARC failed."""
    return {
        ArcReason.INSTANCE: _("a number of a hop is none"),
        ArcReason.INCOMPLETE: _("a field of the hop is missing"),
        ArcReason.DUPLICATE: _("a field of the hop is there twice"),
        ArcReason.GAP: _("a hop is missing"),
        ArcReason.ENDED: _("the hop itself says that the chain was broken before"),
        ArcReason.STATUS: _("the hop says another status than it must"),
        ArcReason.FORM: _("a field of the hop breaks a rule"),
        ArcReason.SEALED_H: _("the seal has a tag that it must not have"),
        ArcReason.SIGNED_SEAL: _("the signature covers a seal, which it must not"),
        ArcReason.ALGORITHM: _("it uses SHA-1, which counts no longer"),
        ArcReason.KEY: _("there is no key to verify it with"),
        ArcReason.MESSAGE: _("the header was changed after the hop"),
        ArcReason.BODY: _("the body was changed after the hop"),
        ArcReason.SEAL: _("the seal is not valid"),
        ArcReason.LONG_HEADER: _("the header of the message is too long"),
    }[reason]


def action_words(action: RotationAction) -> str:
    """Return what is done in a step of a key's rotation."""
    return {
        RotationAction.PUBLISH: _("publish the new key's record"),
        RotationAction.USE: _("sign with the new key"),
        RotationAction.STOP: _("sign nothing more with the old key"),
        RotationAction.REVOKE: _("revoke the old key: empty p= in its record"),
        RotationAction.REMOVE: _("take the old record out of the zone"),
    }[action]
