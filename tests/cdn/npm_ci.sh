#!/usr/bin/env bash
# Installs the packages of package-lock.json into FOLDER, unless that has been done; nothing is written to the repository.
#
#   tests/cdn/npm_ci.sh FOLDER
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$1

cmp -s "$here/package-lock.json" "$folder/installed.json" && exit

mkdir -p "$folder"
cp "$here/package.json" "$here/package-lock.json" "$folder/"
cd "$folder"
npm ci --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved=true
cp package-lock.json installed.json
