#!/bin/sh
# Prints the first Python on PATH that the portal runs on.
set -eu
for name in python3.11 python3 python3.12 python3.13 python3.14; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        command -v "$name"
        exit 0
    fi
done
echo "Python 3.11 or newer is not on PATH. Install it with: apt-get install python3 python3-venv" >&2
exit 1
