"""The options of ``mailwright send``; what is made of them is in send_request, which takes longer to import."""

from __future__ import annotations

import click

from mailwright.cli.interface import _

#: Ports of submission (RFC 8314 3.3, RFC 6409 3.1), and of mail hosts.
SUBMISSIONS_PORT, SUBMISSION_PORT, MAIL_PORT = 465, 587, 25
HIGHEST_PORT = 65_535
#: Words of --tls.
TLS_WORDS = ("none", "opportunistic", "required", "verify", "implicit")
#: The environment's say for every call, as `mailwright lab run` gives it: resolvers, port, addresses, authorities.
RESOLVER, PORT, PRIVATE, CA = ("MAILWRIGHT_RESOLVER", "MAILWRIGHT_PORT", "MAILWRIGHT_PRIVATE", "MAILWRIGHT_CA")
#: Where a password may stand that nobody else sees.
PASSWORD = "MAILWRIGHT_PASSWORD"  # noqa: S105 - the name of a variable


def parameters() -> list[click.Parameter]:
    """Return the options and arguments, but for those that every verb has."""
    flag = {"is_flag": True}
    return [
        click.Argument(["message"], required=False, default="", metavar="[MESSAGE]"),
        click.Option(["--direct"], **flag, help=_("Hand the message to the recipients' own mail hosts.")),
        click.Option(["--server"], default="", metavar="HOST[:PORT]", help=_("Hand it to this server instead.")),
        click.Option(["--from", "-f", "sender"], default=None, metavar="ADDRESS",
                     help=_("The sender of the envelope; <> for none.")),
        click.Option(["--to", "-t", "recipients"], multiple=True, metavar="ADDRESS",
                     help=_("A recipient; may be given several times, or several separated by commas.")),
        click.Option(["--subject", "-s"], default=None, metavar="TEXT", help=_("Subject of a message made here.")),
        click.Option(["--body", "-b"], default=None, metavar="TEXT",
                     help=_("Text of a message made here; @FILE reads it from a file.")),
        click.Option(["--html"], default=None, metavar="TEXT", help=_("HTML of a message made here; @FILE too.")),
        click.Option(["--attach", "-a"], multiple=True, metavar="FILE", help=_("A file to attach.")),
        click.Option(["--header", "-H"], multiple=True, metavar="'NAME: VALUE'",
                     help=_("A header field of a message made here.")),
        click.Option(["--as-is"], **flag, help=_("Add no Date or Message-ID, and send also without From.")),
        click.Option(["--tls"], type=click.Choice(TLS_WORDS), default=None,
                     help=_("How to encrypt; opportunistic with --direct, verify with --server.")),
        click.Option(["--ca"], default="", metavar="FILE", envvar=CA,
                     help=_("Certificates (PEM) to trust, not the system's.")),
        click.Option(["--user", "-u"], default="", metavar="NAME", help=_("Log in; the password is asked for.")),
        click.Option(["--password"], default="", metavar="TEXT",
                     help=_("The password; others on this machine may see it here, MAILWRIGHT_PASSWORD is safer.")),
        click.Option(["--password-file"], default="", metavar="FILE", help=_("A file with the password.")),
        click.Option(["--oauth"], **flag, help=_("The password is an OAuth 2 access token.")),
        click.Option(["--auth"], default="", metavar="MECHANISM", help=_("Log in only by this mechanism.")),
        click.Option(["--clear-login"], **flag, help=_("Log in even where the connection is not encrypted.")),
        click.Option(["--port"], type=click.IntRange(1, HIGHEST_PORT), default=None, envvar=PORT,
                     help=_("Port of the recipients' mail hosts, in place of 25.")),
        click.Option(["--resolver"], multiple=True, metavar="ADDRESS[:PORT]", envvar=RESOLVER,
                     help=_("A DNS resolver to ask, in place of the system's; several are asked in order.")),
        click.Option(["--private"], **flag, envvar=PRIVATE, help=_("Mail hosts may be on private addresses.")),
        click.Option(["-4", "only_4"], **flag, help=_("IPv4 only.")),
        click.Option(["-6", "only_6"], **flag, help=_("IPv6 only.")),
        click.Option(["--local-address"], default="", metavar="IP", help=_("The address to connect from.")),
        click.Option(["--helo"], default="", metavar="NAME", help=_("What to call ourselves in EHLO.")),
        click.Option(["--lmtp"], **flag, help=_("Speak LMTP, with --server.")),
        click.Option(["--notify"], default="", metavar="WORDS",
                     help=_("Ask for notices (DSN): success, failure, delay, separated by commas, or never.")),
        click.Option(["--return", "returned"], type=click.Choice(("full", "headers")), default=None,
                     help=_("What a failure notice gives back.")),
        click.Option(["--envelope-id"], default="", metavar="TEXT", help=_("An identifier that notices repeat.")),
        click.Option(["--require-tls"], **flag, help=_("Every server on the way must encrypt (REQUIRETLS).")),
        click.Option(["--timeout"], type=click.FloatRange(min=0.001), default=None, metavar="SECONDS",
                     help=_("The longest wait for a connection or an answer.")),
        click.Option(["--login-only"], **flag, help=_("Connect, encrypt and log in, and send nothing.")),
    ]  # fmt: skip
