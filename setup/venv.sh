#!/usr/bin/env bash
# setup/venv.sh NAME: installs requirements/NAME.txt into .venv, which it makes if need be.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(setup/python.sh)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        echo "$python cannot make virtual environments. Install what is missing with: apt-get install python3-venv" >&2
        exit 1
    fi
    "$python" -m venv --clear .venv
fi
echo "Installing requirements/$1.txt into .venv …"
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    --requirement "requirements/$1.txt"
mkdir -p .venv/installed
touch ".venv/installed/$1"
