#!/bin/sh
# What `make demo` shows: shipped bounces of several systems and causes, two in each language, then all of them summed up;
# then messages to hosts on this machine that fail in every way there is, one dialogue in full, and what a receiver
# concludes from a message that a mailing list has changed.
# Needs mailwright on PATH. Ends with 0 if every command found what there is to find (exit code 1: trouble explained).
set -u
cd "$(dirname "$0")/.."
unset LC_ALL LC_MESSAGES
LANG=C.UTF-8
export LANG

show() {
    printf '\n$ mailwright'
    for word in "$@"; do
        case $word in
            *' '*) printf " '%s'" "$word" ;;
            *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n\n'
    mailwright "$@"
    code=$?
    # 3: it could not be told, which one of the hosts is there to show.
    if [ "$code" -gt 1 ] && [ "$code" -ne 3 ]; then
        printf 'make demo: mailwright ended with exit code %s\n' "$code" >&2
        exit 1
    fi
}

show explain --lang en examples/bounces/postfix-user-unknown.eml examples/bounces/exim-no-ptr.eml
show explain --lang de examples/bounces/sendmail-too-big-size.eml examples/bounces/dovecot-lmtp-quota.eml
show explain --lang cs examples/bounces/courier-nxdomain.eml examples/bounces/postfix-tls-enforced.eml
show explain --lang zh examples/bounces/opensmtpd-bigmail-dmarc.eml examples/bounces/exim-delayed-greylisted-expired.eml
show explain --reply '535 5.7.8 Username and Password not accepted'
show explain --summary examples/bounces

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
scenes=examples/lab/scenes.toml
among_hosts() { show lab run "$scenes" -- mailwright send --direct --from me@sender.test "$@"; }

among_hosts --to anna@accepted.test,anna@full.test,anna@grey.test,anna@two-hosts.test --body Hello
among_hosts --to nobody@unknown-gbk.test --body Hello --verbose --transcript "$scratch/dialogue.jsonl" --lang zh
show trace "$scratch/dialogue.jsonl"
among_hosts --to anna@tls-broken.test --body Hello --tls required --lang cs
among_hosts --to anna@expired-cert.test --body Hello --tls verify --lang de
among_hosts --to anna@silent.test,anna@refused.test,anna@filtered.test --body Hello --timeout 1
among_hosts --to anna@missing.test,anna@null-mx.test,anna@servfail.test,anna@drops.test --body Hello
show auth examples/auth/list-footer.eml --zone examples/auth/zone.toml --ip 192.0.2.1 --helo mail.example.com --from a@example.com
show explain --lang de examples/reports/aggregate.xml.gz
