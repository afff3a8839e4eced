"""The mail systems of the lab and the Debian packages that they need."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

#: system -> packages; the first one names the version.
SYSTEMS: dict[str, tuple[str, ...]] = {
    "postfix": ("postfix",),
    "exim": ("exim4-daemon-heavy",),
    "sendmail": ("sendmail-bin", "sendmail-cf", "m4"),
    "opensmtpd": ("opensmtpd",),
    "dovecot": ("dovecot-core", "dovecot-lmtpd", "dovecot-sieve", "postfix"),
    "courier": ("courier-mta",),
    "dma": ("dma",),
    "nullmailer": ("nullmailer",),
    # Written by hand: no package, no sandbox.
    "written": (),
}


def debian_version(packages: Sequence[str]) -> str:
    """The version of the system that makes the examples."""
    if not packages:
        return "-"
    command = ["dpkg-query", "-W", "-f=${Version}", packages[0]]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
