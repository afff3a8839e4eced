"""Who refuses what in the lab, in which words, and for which true reason.

The replies follow what such servers are known to say.  Those of the large
providers (``bigmail``, ``office``, ``yodel``) imitate the form of their replies
under invented host names; they are not copies of any real reply.
"""

from __future__ import annotations

from dnsd import Zone
from peer import Host, Rule

SENDER_HOST = "mx.sender.test"
SENDER_DOMAIN = "sender.test"


def say(recipient: str, stage: str, reply: str | bytes, reason: str) -> Rule:
    """A rule; text is sent as UTF-8, bytes as they are."""
    return Rule(recipient, stage, reply.encode() if isinstance(reply, str) else reply, reason)


#: domain, mail host, address, extensions, greeting
PLAIN = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
PLACES: tuple[tuple[str, str, str, tuple[str, ...], bytes], ...] = (
    ("example.com", "mx.example.com", "127.0.1.1", PLAIN, b""),
    ("example.org", "mx.example.org", "127.0.1.2", (*PLAIN, "SMTPUTF8"), b""),
    ("example.net", "mx.example.net", "127.0.1.3", (*PLAIN, "SMTPUTF8"), b""),
    ("bigmail.example", "mx1.bigmail.example", "127.0.1.4", PLAIN,
     b"220 mx1.bigmail.example ESMTP d9443c01a7336-29b5 - gsmtp"),
    ("office.example", "office-example.protection.office.example", "127.0.1.5", PLAIN, b""),
    ("yodel.example", "mta5.am0.yodel.example", "127.0.1.6", PLAIN, b""),
    ("fortress.example", "mx.fortress.example", "127.0.1.7", PLAIN, b""),
    ("tlsonly.example", "mx.tlsonly.example", "127.0.1.8", PLAIN, b""),
    ("tiny.example", "mx.tiny.example", "127.0.1.9", (*PLAIN, "SIZE 2000"), b""),
    ("relay.example", "smtp.relay.example", "127.0.1.10", (*PLAIN, "AUTH PLAIN LOGIN"), b""),
    ("mute.example", "mx.mute.example", "127.0.1.11", PLAIN, b""),
    ("picky.example", "mx.picky.example", "127.0.1.12", PLAIN, b""),
    ("busy.example", "mx.busy.example", "127.0.1.13", PLAIN, b""),
    ("old.example", "mx.old.example", "127.0.1.14", (), b"220 mx.old.example SMTP ready"),
    ("blocking.office.example", "blocking-office-example.protection.office.example",
     "127.0.1.15", PLAIN, b""),
    ("complaining.yodel.example", "mta6.am0.yodel.example", "127.0.1.16", PLAIN, b""),
    ("sender.test", "mail.sender.test", "127.0.2.1", (*PLAIN, "SMTPUTF8", "SIZE 0"), b""),
)  # fmt: skip

ORDINARY: tuple[Rule, ...] = (
    say("nobody@example.com", "rcpt", "550 5.1.1 <nobody@example.com>: Recipient address rejected: "
        "User unknown in virtual mailbox table", "address-unknown"),
    say("gone@example.com", "rcpt", "550 5.2.1 <gone@example.com>: This mailbox has been "
        "disabled", "mailbox-disabled"),
    say("moved@example.com", "rcpt", "551 5.1.6 User has moved; please try "
        "<moved@example.org>", "mailbox-moved"),
    say("full@example.com", "rcpt", "552 5.2.2 <full@example.com>: user is over quota",
        "mailbox-full"),
    say("nearlyfull@example.com", "rcpt", "452 4.2.2 <nearlyfull@example.com>: Mailbox is full, "
        "try again later", "mailbox-full"),
    say("grey@example.com", "rcpt", "451 4.7.1 <grey@example.com>: Recipient address rejected: "
        "Greylisted, please come back in 300 seconds", "greylisted"),
    say("insiders@example.com", "rcpt", "550 5.7.1 <insiders@example.com>: only members may "
        "write to this address", "recipient-refused"),
    say("listed@example.com", "rcpt", "554 5.7.1 Service unavailable; Client host [192.0.2.25] "
        "blocked using zen.dnsbl.example; https://www.dnsbl.example/query/ip/192.0.2.25",
        "blocklisted"),
    say("noptr@example.com", "rcpt", "550 5.7.25 Client host rejected: cannot find your reverse "
        "hostname, [192.0.2.25]", "reverse-dns"),
    say("foreign@example.com", "rcpt", "554 5.7.1 <foreign@example.com>: Relay access denied",
        "relaying-denied"),
    say("many@example.com", "rcpt", "452 4.5.3 Error: too many recipients",
        "too-many-recipients"),
    say("diskfull@example.com", "rcpt", "452 4.3.1 Insufficient system storage", "system-full"),
    say("crash@example.com", "rcpt", "451 4.3.0 <crash@example.com>: Temporary lookup failure",
        "system-error"),
    say("plain@example.com", "rcpt", "550 No such user here", "address-unknown"),
    say("spam@example.com", "end", "554 5.7.1 Message rejected: scored 18.4 points as spam, "
        "limit is 10.0 (id 4f1c2a)", "spam-content"),
    say("virus@example.com", "end", "550 5.7.1 Rejected: virus found: Eicar-Signature", "virus"),
    say("big@example.com", "end", "552 5.3.4 Message size exceeds fixed limit",
        "message-too-big"),
    say("form@example.com", "end", "554 5.6.0 Message has more than one From header field, "
        "see RFC 5322 section 3.6", "message-malformed"),
    say("hops@example.com", "end", "554 5.4.6 Error: too many hops", "routing-loop"),
    say("cutoff@example.com", "drop", b"", "connection-failed"),
    say("policy@example.com", "end", "550 5.7.1 Attachments of this type are not allowed by the "
        "policy of this organisation", "virus"),
    say("dmarc@example.com", "end", "550 5.7.1 Email rejected per DMARC policy for sender.test",
        "auth-failed"),
)  # fmt: skip

FOREIGN: tuple[Rule, ...] = (
    say("niemand@example.org", "rcpt", "550 5.1.1 Empfänger unbekannt: <niemand@example.org>",
        "address-unknown"),
    say("voll@example.org", "rcpt", "552 5.2.2 Das Postfach des Empfängers ist voll".encode(
        "latin-1"), "mailbox-full"),
    say("gesperrt@example.org", "end", "554 5.7.1 Nachricht wurde als unerwünschte Werbung "
        "(Spam) eingestuft\nBitte wenden Sie sich an Ihren Administrator\n"
        "Referenz: 7d21-0a", "spam-content"),
    say("meiyou@example.net", "rcpt", "550 5.1.1 收件人不存在: <meiyou@example.net>",
        "address-unknown"),
    say("man@example.net", "rcpt", "552 收件人邮箱空间已满，请稍后再试".encode("gbk"),
        "mailbox-full"),
    say("laji@example.net", "end", "550 邮件内容被判定为垃圾邮件，拒绝接收".encode("gbk"),
        "spam-content"),
    say("用户@example.net", "rcpt", "550 5.1.1 <用户@example.net>: 用户不存在",
        "address-unknown"),
)  # fmt: skip

PROVIDERS: tuple[Rule, ...] = (
    say("nobody@bigmail.example", "rcpt", "550 5.1.1 The email account that you tried to reach "
        "does not exist.\nPlease check the address for typing errors or needless spaces.\n"
        " https://support.bigmail.example/?p=NoSuchUser d9443c01a7336-29b5si1043 - gsmtp",
        "address-unknown"),
    say("full@bigmail.example", "rcpt", "452 4.2.2 The recipient's inbox is out of storage "
        "space.\nPlease direct the recipient to\n"
        " https://support.bigmail.example/?p=OverQuotaTemp d9443c01a7336-29b5si1044 - gsmtp",
        "mailbox-full"),
    say("dmarc@bigmail.example", "end", "550 5.7.26 Unauthenticated email from sender.test is not "
        "accepted due to\ndomain's DMARC policy. Please contact the administrator of\n"
        "sender.test domain if this was a legitimate mail. d9443c01a7336-29b5si1045 - gsmtp",
        "auth-failed"),
    say("rate@bigmail.example", "end", "421 4.7.28 An unusual rate of mail was seen coming from "
        "your IP\naddress [192.0.2.25]. To protect users from spam, it has been\n"
        "temporarily limited. d9443c01a7336-29b5si1046 - gsmtp", "rate-limited"),
    say("nobody@office.example", "rcpt", "550 5.4.1 Recipient address rejected: Access denied. "
        "[AM7EUR03FT014.eop-EUR03.prod.protection.office.example 2026-11-20T09:12:44.120Z "
        "08DE1F3A5B7C9D2E]", "address-unknown"),
    say("auth@office.example", "end", "550 5.7.515 Access denied, sending domain SENDER.TEST does "
        "not meet the required authentication level.", "auth-failed"),
    say("nobody@yodel.example", "end", "554 delivery error: dd This user doesn't have a "
        "yodel.example account (nobody@yodel.example) [-5] - mta4205.mail.yodel.example",
        "address-unknown"),
)  # fmt: skip

#: Rules of a whole host: whoever the recipient is.
WHOLE_HOSTS: dict[str, Rule] = {
    "mx.fortress.example": say("*", "banner", "554 5.7.1 mx.fortress.example: your address "
        "192.0.2.25 has a poor reputation and is on our blocklist", "blocklisted"),
    "mx.tlsonly.example": say("*", "mail", "530 5.7.0 Must issue a STARTTLS command first",
        "tls-required"),
    "smtp.relay.example": say("*", "mail", "530 5.7.0 Authentication required", "auth-required"),
    "mx.mute.example": say("*", "silent", b"", "connection-failed"),
    "mx.tiny.example": say("*", "size", "552 5.3.4 Message size exceeds fixed limit of 2000 bytes",
        "message-too-big"),
    "mx.picky.example": say("*", "mail", "553 5.1.8 Sender address rejected: Domain not found",
        "sender-rejected"),
    "blocking-office-example.protection.office.example": say("*", "mail", "550 5.7.1 "
        "Unfortunately, messages from [192.0.2.25] were not sent. Part of their network is on "
        "our block list (S3150).", "blocklisted"),
    "mta6.am0.yodel.example": say("*", "mail", "421 4.7.0 [TSS04] Messages from 192.0.2.25 "
        "temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see "
        "https://senders.yodel.example/error-codes", "rate-limited"),
    "mx.busy.example": say("*", "banner", "421 4.7.0 mx.busy.example Error: too many connections "
        "from 192.0.2.25", "rate-limited"),
}  # fmt: skip

#: Recipients that fail before any server says a word.
NO_REPLY: dict[str, str] = {
    "info@no-such-domain.example": "domain-unknown",
    "info@nomail.example": "domain-no-mail",
    "info@down.example": "connection-failed",
    "info@slow.example": "connection-failed",
    "info@broken-dns.example": "connection-failed",
    "info@lost.example": "domain-unknown",
    "info@mute.example": "connection-failed",
    "cutoff@example.com": "connection-failed",
}

RULES: dict[str, Rule] = {rule.recipient: rule for rule in (*ORDINARY, *FOREIGN, *PROVIDERS)}


def HOSTS() -> list[Host]:  # noqa: N802 - reads as the table that it is
    """Fresh hosts with their rules."""
    hosts = []
    for domain, name, address, extensions, greeting in PLACES:
        host = Host(name, address, greeting=greeting, extensions=extensions)
        host.rules = {key: rule for key, rule in RULES.items() if key.endswith("@" + domain)}
        if name in WHOLE_HOSTS:
            host.rules["*"] = WHOLE_HOSTS[name]
        hosts.append(host)
    return hosts


def zone(local_mailboxes: bool) -> Zone:
    """What the lab's name server knows."""
    entries: Zone = {SENDER_HOST: {"A": ["127.0.0.1"]}, "localhost": {"A": ["127.0.0.1"]}}
    for domain, name, address, _, _ in PLACES:
        entries[domain] = {"MX": [f"10 {name}"], "TXT": ["v=spf1 -all"]}
        entries[name] = {"A": [address]}
        entries[".".join(reversed(address.split("."))) + ".in-addr.arpa"] = {"PTR": [name]}
    if local_mailboxes:
        entries[SENDER_DOMAIN] = {"MX": [f"10 {SENDER_HOST}"]}
    entries["1.0.0.127.in-addr.arpa"] = {"PTR": [SENDER_HOST]}
    for domain, address in (("down.example", "127.0.1.97"), ("slow.example", "127.0.1.98")):
        entries[domain] = {"MX": [f"10 mx.{domain}"]}
        entries["mx." + domain] = {"A": [address]}
    entries["nomail.example"] = {"MX": ["0 ."]}
    entries["lost.example"] = {"MX": ["10 mx.elsewhere.example"]}
    entries["broken-dns.example"] = {"SERVFAIL": []}
    return entries
