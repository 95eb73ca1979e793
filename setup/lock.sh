#!/usr/bin/env bash
# Writes requirements/*.txt and package-lock.json anew: newest versions that requirements/*.in and package.json allow.
# Arguments are handed on to pip-compile, for example: setup/lock.sh --upgrade-package django
set -euo pipefail
cd "$(dirname "$0")/.."

tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$(setup/python.sh)" -m venv "$tools"
"$tools/bin/pip" --quiet install "pip-tools==7.6.2"

for name in run test bench node; do
    # The lock files speak of packages alone: no index, no folders of the machine they were made on.
    "$tools/bin/pip-compile" --no-config --quiet --generate-hashes --allow-unsafe --strip-extras --no-header \
        --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options --annotation-style=line \
        "$@" --output-file "requirements/$name.txt" "requirements/$name.in"
    sed -i "1i # Made by \`make lock\` from $name.in: edit that one." "requirements/$name.txt"
done
npm install --package-lock-only
npm install --package-lock-only --prefix bench
