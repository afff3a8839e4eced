#!/bin/sh
# Make the virtual environment: every package pinned and its hash checked, Mailwright itself linked from src/.
# Called by `make setup` with PYTHON, VENV and REQUIREMENTS; harmless to repeat.
set -eu

say() { printf '%s\n' "$*" >&2; }

if ! command -v "$PYTHON" >/dev/null 2>&1; then
    say "make setup: there is no '$PYTHON' here. On Debian or Ubuntu: apt-get install python3-venv"
    say "Another interpreter is chosen so: make setup PYTHON=python3.12"
    exit 1
fi
if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    say "make setup: Mailwright needs Python 3.11 or newer; '$PYTHON' is $("$PYTHON" -V 2>&1)."
    say "Another interpreter is chosen so: make setup PYTHON=python3.12"
    exit 1
fi

# A different interpreter than last time, or a half-made environment: begin anew.
if [ "$("$PYTHON" -V 2>&1)" != "$("$VENV/bin/python" -c 'import pip, sys; print("Python", sys.version.split()[0])' 2>&1)" ]
then
    # $PYTHON may be the half-made environment's own; what it was made from outlives it.
    base=$("$PYTHON" -c 'import sys; print(sys._base_executable)')
    # Debian ships Python without the part of the venv module that brings pip (ensurepip).
    if ! "$base" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        say "make setup: '$base' lacks the venv module. Install it, then run the same command again:"
        say "    sudo apt-get install $("$base" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
        exit 1
    fi
    say "make setup: making $VENV with $("$base" -V 2>&1)"
    rm -rf "$VENV"
    "$base" -m venv "$VENV"
fi

say "make setup: installing the pinned packages"
"$VENV/bin/python" -m pip install --quiet --require-hashes -r "$REQUIREMENTS"
"$VENV/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
