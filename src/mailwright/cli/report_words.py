"""What a finding of a receiver's report says to a person, and what to do.

{source}, {domain}, {host} and the like are filled in with what the report names.
"""

from __future__ import annotations

from typing import Any

from mailwright.authentication.aggregate_findings import FindingKind
from mailwright.authentication.tls_findings import TlsTrouble
from mailwright.cli.interface import _


def source_words(kind: FindingKind) -> tuple[str, str]:
    """Return what is seen of a source of mail, and what to do."""
    return {
        FindingKind.ALIGNED: (
            _("{source} sends mail of {domain} that passes by DKIM and by SPF."),
            _("Nothing has to be done."),
        ),
        FindingKind.FORWARDED: (
            _("{source} passes on mail whose signature of {domain} is still valid."),
            _("Nothing has to be done: SPF cannot pass for forwarded mail."),
        ),
        FindingKind.SIGNED_SERVICE: (
            _("{source} sends mail signed by {domain}, with a bounce address of {spf_domains}."),
            _("Nothing has to be done; a bounce address below {domain} would make SPF count too."),
        ),
        FindingKind.OURS_SPF_FAILS: (
            _("{source} is yours and sends mail that passes by DKIM alone."),
            _("Add {source} to the SPF record of the bounce address's domain, or use a bounce address below {domain}."),
        ),
        FindingKind.OURS_NOT_SIGNED: (
            _("{source} sends mail of {domain} without a DKIM signature."),
            _("Turn on DKIM signing for {domain} there: by SPF alone, forwarded mail fails."),
        ),
        FindingKind.OURS_SIGNED_AS_OTHER: (
            _("{source} signs mail of {domain} with other domains only: {dkim_domains}."),
            _("Publish the service's DKIM key below {domain} and have it sign with d={domain}."),
        ),
        FindingKind.OURS_SIGNATURE_FAILS: (
            _("{source} signs mail of {domain}, and the signature is not valid: {dkim_domains}."),
            _("Compare the key in DNS with the one used for signing, and look for what changes mail after signing."),
        ),
        FindingKind.UNDECIDED: (
            _("For mail from {source} the receiver could not look up SPF or DKIM."),
            _("See whether the name servers of {domain} answer everywhere; one such report is no reason to worry."),
        ),
        FindingKind.FORWARDED_BROKEN: (
            _("{source} passes on mail, changed so that no signature is valid; the receiver knows it."),
            _("Sign with DKIM, leave list headers and footers unsigned where possible, and accept the rest."),
        ),
        FindingKind.SERVICE_NOT_ALIGNED: (
            _("{source} sends mail as {domain}; SPF is about {spf_domains}, signed by {dkim_domains}."),
            _("If the service sends for you, have it sign with d={domain}; if not, it uses your name without leave."),
        ),
        FindingKind.OURS_NOT_ALIGNED: (
            _("{source} is yours and sends mail of {domain} that fails."),
            _("Sign it with DKIM as {domain} and list {source} in SPF before the policy gets stricter."),
        ),
        FindingKind.UNKNOWN_FAILS: (
            _("{source} sends mail as {domain} that proves nothing."),
            _(
                "If you do not know it, it forges your name: a policy of quarantine or reject stops it. "
                "If you do, sign there."
            ),
        ),
    }[kind]


def tls_words(trouble: TlsTrouble) -> tuple[str, str]:
    """Return what failed at a host, and what to do."""
    return {
        TlsTrouble.STARTTLS_NOT_SUPPORTED: (
            _("{host} does not offer STARTTLS."),
            _("Turn on STARTTLS there, and see whether a firewall takes it out of the answer to EHLO."),
        ),
        TlsTrouble.CERTIFICATE_HOST_MISMATCH: (
            _("The certificate of {host} is for another name."),
            _("Issue a certificate that names {host}, the name in the MX record."),
        ),
        TlsTrouble.CERTIFICATE_EXPIRED: (
            _("The certificate of {host} has expired."),
            _("Renew it, load it into the mail server, and have renewal run by itself."),
        ),
        TlsTrouble.CERTIFICATE_NOT_TRUSTED: (
            _("The certificate of {host} leads to no trusted authority."),
            _("Send the whole chain, with a certificate of a public authority."),
        ),
        TlsTrouble.VALIDATION_FAILURE: (
            _("TLS with {host} fails for a reason that has no name of its own."),
            _("Look at the detail, and at the server's log at that time."),
        ),
        TlsTrouble.TLSA_INVALID: (
            _("No TLSA record of {host} fits its certificate."),
            _("Publish the TLSA record of the new key two times the TTL before the certificate is changed."),
        ),
        TlsTrouble.DNSSEC_INVALID: (
            _("The DNSSEC signatures for {host} are not valid."),
            _("Mend the zone's signatures or the DS record; until then no mail from careful senders arrives."),
        ),
        TlsTrouble.DANE_REQUIRED: (
            _("The sender wants DANE, and {host} has no TLSA record that can be used."),
            _("Sign the zone and publish TLSA records, if this sender's mail is wanted."),
        ),
        TlsTrouble.STS_POLICY_FETCH_ERROR: (
            _("The MTA-STS policy of {domain} could not be fetched."),
            _("See that https://mta-sts.{domain}/.well-known/mta-sts.txt answers without a redirection."),
        ),
        TlsTrouble.STS_POLICY_INVALID: (
            _("The MTA-STS policy of {domain} cannot be read."),
            _("Write it anew: version, mode, mx and max_age, each on a line of its own."),
        ),
        TlsTrouble.STS_WEBPKI_INVALID: (
            _("The certificate of the web server mta-sts.{domain} is not valid."),
            _("Issue a certificate for mta-sts.{domain}."),
        ),
        TlsTrouble.OTHER: (
            _("Sessions with {host} fail: {detail}."),
            _("Look at the server's log at that time."),
        ),
    }[trouble]


def source_sentences(finding: dict[str, Any]) -> tuple[str, str]:
    """Return both sentences of a finding of a DMARC report, filled in."""
    values = {
        "source": finding["source"],
        "domain": finding["header_from"][0] if finding["header_from"] else _("the domain"),
        "spf_domains": ", ".join(finding["spf_domains"]) or _("no domain"),
        "dkim_domains": ", ".join(finding["dkim_domains"]) or _("nobody"),
    }
    seen, mend = source_words(FindingKind(finding["kind"]))
    return seen.format_map(values), mend.format_map(values)


def tls_sentences(finding: dict[str, Any]) -> tuple[str, str]:
    """Return both sentences of a finding of a TLS report, filled in."""
    values = {
        "host": finding["mx_host"] or finding["domain"] or _("the host"),
        "domain": finding["domain"] or _("the domain"),
        "detail": finding["detail"] or _("no reason given"),
    }
    seen, mend = tls_words(TlsTrouble(finding["kind"]))
    return seen.format_map(values), mend.format_map(values)
