"""Fuzz DKIM, ARC and Authentication-Results: any bytes in, verdicts out.

The invariants: whatever the bytes, verdicts come back and no exception; the same bytes give the same verdicts, the body
given whole or in pieces; a verdict that is no "none" or "pass" says why; "temperror" only where the zone failed; what
is told of a failure is bounded.  A chain that passed can be sealed, and still passes then.

    python -m fuzz.dkim --rounds 1000 --seed 1
"""

from __future__ import annotations

import argparse
import random
import sys
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailwright.authentication.arc import ArcResult, verify_chain
from mailwright.authentication.arc_seal import may_seal, seal_message
from mailwright.authentication.dkim import DkimCheck, DkimPolicy, DkimResult, DkimVerdict, verify_message
from mailwright.authentication.dkim_changes import MOST_CHANGES, explain_failure
from mailwright.authentication.dkim_sign import SigningKey, SigningOptions, sign_message
from mailwright.authentication.header_fields import HeaderFault, split_message, with_crlf
from mailwright.authentication.results_header import AuthenticationResults, MethodResult, claims
from mailwright.dns.answer import Answer, Kind, Question, Txt
from mailwright.dns.inquiry import settle

NOW = 1_700_000_000
MESSAGE = (
    b"From: Anna <anna@example.com>\r\nTo: Bob <bob@example.org>\r\nSubject: Dinner  tonight\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\nShall we  meet at seven?\r\n--b\r\n\r\n \t \r\nAnna\r\n--b--\r\n\r\n"
)
RESULTS = AuthenticationResults("mx.example.org", (MethodResult("spf", "pass"),))
POLICY = DkimPolicy(most_signatures=3)

#: What hostile signatures are made of; inserted anywhere.
TOKENS = (
    b'\r\n|\r|\n|\r\n |\r\n\t|\r\n\r\n|;|;;|=|:|,|(|)|"|\\|\x00|\xff|\xc3|b=|bh=|; b=|; h=|h=from|i=1; |i=50;|i=0|l=0;|'
    b"t=1;|x=1;|z=From:=20x||c=simple/simple;|c=relaxed;|a=rsa-sha256;|v=1;|q=dns;|cv=fail;|cv=pass;|d=example.com;|"
    b"s=timeout;|s=gone;|DKIM-Signature: |ARC-Seal: |ARC-Message-Signature: |ARC-Authentication-Results: |From: |"
    b"Authentication-Results: mx.example.org;| spf=pass|[list] |>From |--b\r\n|--b--|=0D=0A"
).split(b"|")


@cache
def private() -> Ed25519PrivateKey:
    """Return a key whose seed is fixed, so that a run can be repeated."""
    return Ed25519PrivateKey.from_private_bytes(sha256(b"mailwright fuzz").digest())


def signer() -> SigningKey:
    """Return the key at s._domainkey.example.com."""
    return SigningKey("example.com", "s", private())


def answer(question: Question) -> Answer:
    """Return the key for each selector but "gone", and a time-out for "timeout"."""
    if question.name.startswith("timeout."):
        return Answer(question, Kind.TIMEOUT)
    if question.name.startswith("gone."):
        return Answer(question, Kind.NXDOMAIN)
    public = private().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return Answer(question, Kind.FOUND, (Txt((b"v=DKIM1; k=ed25519; p=" + b64encode(public),)),))


@cache
def samples() -> tuple[bytes, ...]:
    """Return messages with signatures and chains."""
    once = sign_message(MESSAGE, [signer()], NOW, SigningOptions(copied=(b"subject",))) + MESSAGE
    sealed = once
    for _ in range(2):
        sealed = seal_message(sealed, settle(verify_chain(sealed), answer), RESULTS, signer(), NOW) + sealed
    return MESSAGE, once, RESULTS.field() + b"\r\n" + sealed


def broken_promises(raw: bytes) -> list[str]:
    """Return what is wrong with the verdicts on ``raw``; nothing where all is well."""
    verdicts = settle(verify_message(raw, NOW, POLICY), answer)
    faults = [fault for verdict in verdicts for fault in _faults_of(verdict)]
    if not 1 <= len(verdicts) <= POLICY.most_signatures + 1:
        faults.append(f"{len(verdicts)} verdicts")
    try:
        header, body = split_message(raw)
    except HeaderFault:
        return faults
    check = DkimCheck(header, POLICY)
    for at in range(0, len(body), 5):
        check.update(body[at : at + 5])
    if settle(check.verdicts(NOW), answer) != verdicts:
        faults.append("the body in pieces gave other verdicts")
    for verdict in verdicts:
        changes = explain_failure(header, body, verdict)
        if len(changes) > MOST_CHANGES or (verdict.result is DkimResult.FAIL) is not bool(changes):
            faults.append(f"{len(changes)} changes for {verdict.result}")
    for field in header.fields:
        claims(field, ["mx.example.org"])
    return [*faults, *_faults_of_chain(raw)]


def _faults_of(verdict: DkimVerdict) -> Iterator[str]:
    if (verdict.why is None) is not (verdict.result in (DkimResult.NONE, DkimResult.PASS)):
        yield f"{verdict.result} because {verdict.why}"
    timeout = verdict.signature is not None and verdict.signature.selector.lower().startswith("timeout")
    if verdict.result is DkimResult.TEMPERROR and not timeout:
        yield "temperror where the zone answered"
    if verdict.result is DkimResult.PASS and not (verdict.body_matches and verdict.header_matches):
        yield "pass where something does not match"


def _faults_of_chain(raw: bytes) -> Iterator[str]:
    verdict = settle(verify_chain(raw), answer)
    if (verdict.why is None) is not (verdict.result in (ArcResult.NONE, ArcResult.PASS)):
        yield f"chain {verdict.result} because {verdict.why}"
    if verdict.result is ArcResult.PASS and may_seal(verdict):
        more = settle(verify_chain(seal_message(raw, verdict, RESULTS, signer(), NOW) + with_crlf(raw)), answer)
        if more.result is not ArcResult.PASS or len(more.sets) != len(verdict.sets) + 1:
            yield f"sealed, it is {more.result}"


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """Return ``raw`` cut, doubled, mixed with tokens or with single octets changed, in one to six places."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 6)):
        begin = chance.randint(0, len(changed))
        end = min(len(changed), begin + chance.choice((1, 2, 8, 60, 400)))
        match chance.randrange(5):
            case 0:
                del changed[begin:end]
            case 1:
                changed[begin:begin] = changed[begin:end] * chance.randint(1, 3)
            case 2:
                changed[begin:begin] = chance.choice(TOKENS) * chance.choice((1, 1, 1, 30))
            case 3:
                changed[begin:end] = chance.randbytes(end - begin)
            case _:
                changed = changed.replace(chance.choice(TOKENS[:8]), chance.choice(TOKENS), 1)
    return bytes(changed)


def run(rounds: int, seed: int) -> bool:
    """Mutate messages ``rounds`` times; return whether every promise was kept."""
    chance = random.Random(seed)  # noqa: S311 - rubbish for tests, no secret
    kept = True
    for _ in range(rounds):
        raw = mutate(chance.choice(samples()), chance)
        try:
            faults = broken_promises(raw)
        except Exception as error:  # noqa: BLE001 - any exception is what is looked for
            faults = [f"{type(error).__name__}: {error}"]
        if faults:
            kept = False
            file = Path(f"fuzz-{sha256(raw).hexdigest()[:12]}.eml")
            file.write_bytes(raw)
            sys.stderr.write("".join(f"{file}: {fault}\n" for fault in faults))
    return kept


def main() -> int:
    """Read the arguments and fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.dkim", description="Feed DKIM and ARC rubbish.")
    parser.add_argument("--rounds", type=int, default=1_000, help="how many mutations to try")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries other mutations")
    known = parser.parse_args()
    return 0 if run(known.rounds, known.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
