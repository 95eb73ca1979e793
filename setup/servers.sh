#!/usr/bin/env bash
# Makes sure that what the tests start is installed: from Debian's packages when run as root, else it says how.
set -euo pipefail

missing=()
have() { PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null; }
compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || missing+=(postgresql)
have redis-server || missing+=(redis-server)
have mosquitto || missing+=(mosquitto)
have chromium || missing+=(chromium)

[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "The tests start servers that are not installed. Install them with:" >&2
    echo "    sudo apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi

echo "Installing ${missing[*]} from Debian's packages …"
# The tests start their own; the packages' services shall not be started beside them.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
apt-get -qq install --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null
