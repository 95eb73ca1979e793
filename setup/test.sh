#!/usr/bin/env bash
# Passes the whole suite on the parts that `make run` embeds, and what stands on database, Redis or broker once more on
# the servers of a real installation; style and types are checked beside the tests.
set -uo pipefail
cd "$(dirname "$0")/.."

unset PYTHONDONTWRITEBYTECODE # hundreds of processes read the same modules
status=0
said_by_lint=$(mktemp)
trap 'exit 130' INT
trap 'rm -f "$said_by_lint"' EXIT
setpriv --pdeathsig TERM make --no-print-directory lint >"$said_by_lint" 2>&1 &
lint=$!
for on in embedded servers; do
    printf '\npytest --on=%s\n' "$on"
    # Whatever ends this script ends the run, and the run the servers that it started.
    setpriv --pdeathsig TERM .venv/bin/python -m pytest --on="$on" -n "$(nproc)" --dist=loadfile --no-loadscope-reorder || status=1
done
wait "$lint" || status=1
printf '\nmake lint\n'
cat "$said_by_lint"
exit "$status"
