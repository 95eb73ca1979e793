#!/usr/bin/env bash
# Passes the whole suite twice: on the parts that `make run` embeds, and on the servers of a real installation.
set -uo pipefail
cd "$(dirname "$0")/.."

status=0
for on in embedded servers; do
    printf '\npytest --on=%s\n' "$on"
    .venv/bin/python -m pytest --on="$on" -n 2 --dist=loadgroup || status=1
done
exit "$status"
