#!/usr/bin/env bash
# Installs the packages of SOURCE/package-lock.json (the one beside this script) into FOLDER, unless that has been done;
# nothing is written to the repository.
#
#   tests/cdn/npm_ci.sh FOLDER [SOURCE]
set -euo pipefail

folder=$1
source=$(cd "${2:-$(dirname "$0")}" && pwd)

cmp -s "$source/package-lock.json" "$folder/installed.json" && exit

mkdir -p "$folder"
cp "$source/package.json" "$source/package-lock.json" "$folder/"
cd "$folder"
npm ci --ignore-scripts --no-audit --no-fund --omit-lockfile-registry-resolved=true
cp package-lock.json installed.json
