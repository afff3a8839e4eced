"""What the mail systems' modules share: send the cases, wait, save."""

from __future__ import annotations

import smtplib
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from cases import Case, Senders, message, submit
from lab import wait_for
from labels import Book

Mailbox = Callable[[str], list[bytes]]
Submit = Callable[[Case, str, int], None]


def sh(*command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; what it prints goes to the log."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    if done.stdout or done.stderr:
        print(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
    if check and done.returncode:
        raise RuntimeError(f"{command[0]} ended with status {done.returncode}")
    return done


def spawn(*command: str, log: str = "/var/log/lab-daemon.log") -> subprocess.Popen[bytes]:
    """Start a server that stays in the foreground; the sandbox ends it."""
    with Path(log).open("ab") as stream:
        return subprocess.Popen(command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL)


def command_line(case: Case, sender: str, number: int) -> None:
    """Hand in a message with the sendmail command instead of over SMTP."""
    command = ["/usr/sbin/sendmail", "-i", "-f", sender, *case.recipients]
    text = message(case, sender, number).replace(b"\r\n", b"\n")
    done = subprocess.run(command, check=False, input=text, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"sendmail: {done.stderr.decode(errors='replace')}")


def maildir(folder: str) -> Mailbox:
    """Read the sender's mail from Maildirs; {} in ``folder`` is the local part."""

    def read(address: str) -> list[bytes]:
        new = Path(folder.format(address.partition("@")[0])) / "new"
        return [one.read_bytes() for one in sorted(new.glob("*"))] if new.is_dir() else []

    return read


def send_all(cases: Sequence[Case], senders: Senders, hand_in: Submit = submit) -> dict[str, Case]:
    """Hand in all cases; which sender stands for which case."""
    sent: dict[str, Case] = {}
    for case in cases:
        sender = senders.next()
        try:
            hand_in(case, sender, senders.count)
            sent[sender] = case
        except (smtplib.SMTPException, OSError, RuntimeError) as error:
            print(f"{case.name}: not accepted: {error}", file=sys.stderr)
    return sent


def collect(sent: dict[str, Case], mailbox: Mailbox, book: Book, timeout: float) -> None:
    """Wait until each sender has mail, and save it."""
    wait_for(lambda: all(len(mailbox(one)) >= case.mails for one, case in sent.items()), timeout)
    for sender, case in sent.items():
        mails = mailbox(sender)
        if len(mails) < case.mails:
            print(f"{book.system}-{case.name}: {len(mails)} messages came back", file=sys.stderr)
        for number, raw in enumerate(mails[: case.mails], start=1):
            suffix = f"-{number}" if number > 1 else ""
            book.add(replace(case, name=case.name + suffix), raw)
