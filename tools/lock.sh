#!/bin/sh
# Pin requirements/*.in with hashes for all platforms and Python versions, naming no index and no path of this machine.
# Called by `make lock` with BIN; UPGRADE=1 takes the newest releases instead of keeping what is pinned.
set -eu
cd requirements
upgrade=""
if [ "${UPGRADE:-}" = 1 ]; then upgrade="--upgrade"; fi
for name in runtime dev bench; do
    # shellcheck disable=SC2086 - upgrade is one word or none
    "../$BIN/uv" pip compile --quiet $upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file "$name.txt" "$name.in"
done
if grep -nE 'https?://|file:|^-' runtime.txt dev.txt bench.txt; then
    echo "make lock: the lines above name an index or a path; they must not be committed" >&2
    exit 1
fi
