"""The cases that any mail system can be given; each module picks some."""

from __future__ import annotations

from cases import Case

ALL: dict[str, str] = {
    "user-unknown": "nobody@example.com",
    "user-unknown-no-enhanced": "plain@example.com",
    "mailbox-full": "full@example.com",
    "mailbox-full-temporary": "nearlyfull@example.com",
    "mailbox-disabled": "gone@example.com",
    "moved-551": "moved@example.com",
    "greylisted-expired": "grey@example.com",
    "members-only": "insiders@example.com",
    "blocklist-dnsbl": "listed@example.com",
    "blocklist-banner": "info@fortress.example",
    "no-ptr": "noptr@example.com",
    "relay-denied": "foreign@example.com",
    "too-many-recipients": "many@example.com",
    "peer-disk-full": "diskfull@example.com",
    "spam-end-of-data": "spam@example.com",
    "virus": "virus@example.com",
    "too-big-552": "big@example.com",
    "malformed": "form@example.com",
    "policy": "policy@example.com",
    "auth-required": "info@relay.example",
    "starttls-530": "info@tlsonly.example",
    "sender-rejected": "info@picky.example",
    "busy-421": "info@busy.example",
    "connection-lost": "cutoff@example.com",
    "nxdomain": "info@no-such-domain.example",
    "null-mx": "info@nomail.example",
    "refused": "info@down.example",
    "timeout": "info@slow.example",
    "greeting-timeout": "info@mute.example",
    "dns-servfail": "info@broken-dns.example",
    "german-utf8": "niemand@example.org",
    "german-latin1": "voll@example.org",
    "german-multiline": "gesperrt@example.org",
    "chinese-utf8": "meiyou@example.net",
    "chinese-gbk": "man@example.net",
    "chinese-gbk-spam": "laji@example.net",
    "smtputf8": "用户@example.net",
    "bigmail-unknown": "nobody@bigmail.example",
    "bigmail-full": "full@bigmail.example",
    "bigmail-dmarc": "dmarc@bigmail.example",
    "bigmail-rate": "rate@bigmail.example",
    "office-access-denied": "nobody@office.example",
    "office-blocklist": "info@blocking.office.example",
    "office-authentication": "auth@office.example",
    "yodel-tss": "info@complaining.yodel.example",
    "yodel-no-account": "nobody@yodel.example",
}


def pick(*names: str, kind: str = "bounce", action: str = "failed", prefix: str = "") -> list[Case]:
    """These cases; ``prefix`` goes before their names."""
    return [Case(prefix + name, (ALL[name],), kind=kind, action=action) for name in names]
