#!/bin/sh
# What `make demo` shows: shipped bounces of several systems and causes, two in each language, then all of them summed up.
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
    if [ "$code" -gt 1 ]; then
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
