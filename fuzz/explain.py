"""Fuzz explain_message: any bytes in, an Explanation out.

The invariant: whatever the bytes, an Explanation comes back, no exception is acceptable, every word in it is one of the
closed lists, its texts are bounded and can be encoded, and the same bytes give the same Explanation.

    python -m fuzz.explain --rounds 1000 SAMPLE...     mutate messages (default: those of the tests) at random
    python -m fuzz.explain --atheris [ARGUMENTS]       let Atheris guide the mutations, where it is installed

A seed makes a run repeatable; bytes that break the promise are written to a file, whose name is shown.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from mailwright.causes.catalogue import catalogue
from mailwright.causes.cause import Scope
from mailwright.explain.explanation import Kind, Report
from mailwright.explain.message import explain_message
from mailwright.mail.codes import find_status, is_reply_code
from mailwright.mail.message import LONGEST_TEXT

SAMPLES = Path(__file__).resolve().parents[1] / "tests" / "explain"
ACTIONS = (None, "failed", "delayed", "delivered", "relayed", "expanded")

#: What hostile mail is made of; inserted anywhere.
TOKENS = [
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\x00",
        b"\xff",
        b"\xe7\x94",
        b"\x1b$B",
        b"=?",
        b"?=",
        b"=?gbk?B?",
        b"=\n",
        b"=3D",
    ),
    *(
        b"<",
        b">",
        b"[",
        b"(",
        b'"',
        b"@",
        b"&#",
        b"<!--",
        b"<script>",
        b"{",
        b'{"notificationType":"Bounce"}',
        b"--",
        b": ",
    ),
    *(
        b"550 5.1.1 ",
        b"said: ",
        b"<<< ",
        b"From: ",
        b"Subject: ",
        b"From MAILER-DAEMON 1:1\n",
        b"anna@example.com",
        b"\\x{",
    ),
    *(
        b"Content-Type: multipart/report; boundary=b\n\n--b\n",
        b"Content-Type: message/delivery-status\n\n",
        b"charset=utf-7",
    ),
    *(b"Content-Type: message/rfc822\n\n", b"Content-Transfer-Encoding: base64\n", b"Final-Recipient: rfc822; a@b.c\n"),
    *(
        b"Action: failed\n",
        b"Status: 4.2.2\n",
        b"Diagnostic-Code: smtp; 550 no\n",
        b"> ",
        b"X-Ricevuta: errore-consegna\n",
    ),
]


def broken_promises(raw: bytes) -> list[str]:
    """Return what is wrong with the explanation of ``raw``; nothing where all is well."""
    explanation = explain_message(raw)
    faults = [fault for report in explanation.reports for fault in _faults_of(report)]
    if (explanation.kind is Kind.OTHER) is bool(explanation.reports):
        faults.append(f"{explanation.kind} with {len(explanation.reports)} reports")
    if explain_message(raw) != explanation:
        faults.append("the same bytes gave another explanation")
    return faults


def _faults_of(report: Report) -> Iterator[str]:
    diagnosis = report.diagnosis
    if catalogue().get(diagnosis.cause.id) is not diagnosis.cause:
        yield f"cause {diagnosis.cause.id!r} is not in the catalogue"
    if report.action not in ACTIONS:
        yield f"action {report.action!r}"
    if report.permanent not in (True, False, None):
        yield f"permanent {report.permanent!r}"
    if report.reply_code is not None and not is_reply_code(report.reply_code):
        yield f"reply code {report.reply_code!r}"
    if report.enhanced_status is not None and find_status(report.enhanced_status) != report.enhanced_status:
        yield f"enhanced status {report.enhanced_status!r}"
    if report.suppress and diagnosis.cause.scope is not Scope.RECIPIENT:
        yield f"suppressed for {diagnosis.cause.id}"
    yield from _faults_of_texts(report)


def _faults_of_texts(report: Report) -> Iterator[str]:
    hosts = (report.remote_host, report.reporting_mta)
    texts = (report.recipient, report.original_recipient, report.diagnostic, report.diagnosis.evidence.text, *hosts)
    for text in texts:
        if text is None:
            continue
        if len(text) > LONGEST_TEXT:
            yield f"a text of {len(text)} characters"
        try:
            text.encode()
        except UnicodeEncodeError:
            yield f"half a character in {text[:50]!r}"


def mutate(raw: bytes, chance: random.Random) -> bytes:
    """Return ``raw`` cut, doubled, mixed with tokens or with single octets changed, in one to eight places."""
    changed = bytearray(raw)
    for _ in range(chance.randint(1, 8)):
        begin = chance.randint(0, len(changed))
        end = min(len(changed), begin + chance.choice((1, 4, 40, 400)))
        match chance.randrange(6):
            case 0:
                del changed[begin:end]
            case 1:
                changed[begin:begin] = changed[begin:end] * chance.randint(1, 4)
            case 2:
                changed[begin:begin] = chance.choice(TOKENS) * chance.choice((1, 1, 1, 30))
            case 3:
                changed[begin:end] = chance.randbytes(end - begin)
            case 4:
                del changed[begin:]
            case _:
                changed = changed.replace(
                    b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"\n ")), chance.randint(1, 50)
                )
    return bytes(changed)


def samples(paths: Sequence[str]) -> list[bytes]:
    """Return the messages to mutate: ``paths``, or those of the tests."""
    files = [Path(path) for path in paths] or sorted(SAMPLES.rglob("*.eml"))
    return [file.read_bytes() for file in files] or [b""]


def tell(raw: bytes, faults: Sequence[str]) -> None:
    """Keep the bytes that break the promise, and say why they do."""
    file = Path(f"fuzz-{sha256(raw).hexdigest()[:12]}.eml")
    file.write_bytes(raw)
    sys.stderr.write("".join(f"{file}: {fault}\n" for fault in faults))


def run(rounds: int, seed: int, paths: Sequence[str]) -> bool:
    """Mutate messages ``rounds`` times; return whether every promise was kept."""
    chance = random.Random(seed)  # noqa: S311 - rubbish for tests, no secret
    sources = samples(paths)
    kept = True
    for _ in range(rounds):
        raw = mutate(chance.choice(sources), chance)
        try:
            faults = broken_promises(raw)
        except Exception as error:  # noqa: BLE001 - any exception is what is looked for
            faults = [f"{type(error).__name__}: {error}"]
        if faults:
            kept = False
            tell(raw, faults)
    return kept


def run_atheris(arguments: Sequence[str]) -> None:
    """Let Atheris look for bytes that break the promise; it ends the process by itself."""
    import atheris  # type: ignore[import-untyped] # noqa: PLC0415 - no dependency of ours

    def check(raw: bytes) -> None:
        if faults := broken_promises(raw):
            raise AssertionError(faults)

    atheris.instrument_all()
    atheris.Setup([sys.argv[0], *arguments], check)
    atheris.Fuzz()


def main() -> int:
    """Read the arguments and fuzz; return 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.explain", description="Feed explain_message rubbish.")
    parser.add_argument("--rounds", type=int, default=1_000, help="how many mutations to try")
    parser.add_argument("--seed", type=int, default=0, help="another seed tries other mutations")
    parser.add_argument("--atheris", action="store_true", help="use Atheris; further arguments are its own")
    known, rest = parser.parse_known_args()
    if known.atheris:
        run_atheris(rest)
        return 0
    return 0 if run(known.rounds, known.seed, rest) else 1


if __name__ == "__main__":
    sys.exit(main())
