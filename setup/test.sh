#!/usr/bin/env bash
# Passes the whole suite twice: on the parts that `make run` embeds, and on the servers of a real installation.
set -uo pipefail
cd "$(dirname "$0")/.."

trap 'exit 130' INT
status=0
for on in embedded servers; do
    printf '\npytest --on=%s\n' "$on"
    # Whatever ends this script ends the run, and the run the servers that it started.
    setpriv --pdeathsig TERM .venv/bin/python -m pytest --on="$on" -n 2 --dist=loadfile --no-loadscope-reorder || status=1
done
exit "$status"
