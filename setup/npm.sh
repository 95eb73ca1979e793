#!/usr/bin/env bash
# setup/npm.sh [--omit=dev] [--prefix=FOLDER]: installs FOLDER/package-lock.json into FOLDER/node_modules, with Node.js
# from PyPI where there is none. Without a folder: the portal's own.
set -euo pipefail
cd "$(dirname "$0")/.."

node_is_recent() {
    command -v npm >/dev/null && node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null
}

if ! node_is_recent; then
    export PATH="$PWD/.venv/bin:$PATH"
    node_is_recent || setup/venv.sh node
    # Unlike Debian's, this Node.js knows nothing of authorities that the machine was told to trust.
    authorities=/etc/ssl/certs/ca-certificates.crt
    [ ! -r "$authorities" ] || export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-$authorities}"
fi
folder=.
[[ "${1:-}" != --prefix=* ]] || folder=${1#--prefix=}
echo "Installing $folder/package-lock.json into $folder/node_modules …"
npm ci --no-progress --loglevel=error "$@"
touch "$folder/node_modules/.installed-run"
[ "${1:-}" = --omit=dev ] || touch "$folder/node_modules/.installed-all"
