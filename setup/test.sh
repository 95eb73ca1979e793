#!/usr/bin/env bash
# Passes the whole suite on the parts that `make run` embeds and, beside it, what stands on database, Redis or broker
# once more on the servers of a real installation; style and types are checked meanwhile.
set -uo pipefail
cd "$(dirname "$0")/.."

unset PYTHONDONTWRITEBYTECODE # hundreds of processes read the same modules
status=0
said=$(mktemp -d)
trap 'exit 130' INT
trap 'rm -rf "$said"' EXIT
# Whatever ends this script ends the runs, and a run the servers that it started. Each has as many processes as there
# are processors, for half the time tests wait for processes of their own.
pytest=(setpriv --pdeathsig TERM .venv/bin/python -m pytest -n "$(nproc)" --dist=loadfile --no-loadscope-reorder)
setpriv --pdeathsig TERM nice make --no-print-directory lint >"$said/lint" 2>&1 &
lint=$!
"${pytest[@]}" --on=servers >"$said/servers" 2>&1 &
servers=$!
printf '\npytest --on=embedded (--on=servers passes beside it)\n'
"${pytest[@]}" --on=embedded || status=1
printf '\npytest --on=servers\n'
tail --follow --lines=+1 --pid="$servers" "$said/servers"
wait "$servers" || status=1
wait "$lint" || status=1
printf '\nmake lint\n'
cat "$said/lint"
exit "$status"
