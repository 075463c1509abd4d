#!/bin/sh
# Downloads a Debian source package: apt-source.sh PACKAGE DIRECTORY
# Works without root and changes nothing outside of DIRECTORY and its parent. What is there already is kept.
# SPDX-License-Identifier: MIT
#
# Most machines have no deb-src entries. Then apt gets a configuration of its own in the folder apt beside
# DIRECTORY, whose entries are the machine's own ones turned into deb-src, so that mirrors and signing
# keys stay the same.
set -eu
package=$1
directory=$2

if ls "$directory"/*.dsc > /dev/null 2>&1; then
  echo "$package is here already"
  exit 0
fi

fresh=$directory.part
rm -rf "$fresh"
mkdir -p "$fresh"
apt=$(cd "$(dirname "$directory")" && pwd)/apt

download() { # APT-OPTION...
  (cd "$fresh" && apt-get "$@" -qq source --download-only "$package")
}

private_sources() {
  list='' parts=''
  eval "$(apt-config shell list Dir::Etc::sourcelist/f parts Dir::Etc::sourceparts/d)"
  rm -rf "${apt:?}/etc"
  mkdir -p "$apt/etc" "$apt/lists/partial" "$apt/cache"
  for file in "$list" "$parts"/*.list; do
    [ -f "$file" ] || continue
    sed -n 's/^[[:space:]]*deb\(-src\)\{0,1\}[[:space:]]/deb-src /p' "$file"
  done | sort -u > "$apt/etc/from-lists.list"
  for file in "$parts"/*.sources; do
    [ -f "$file" ] || continue
    sed 's/^[Tt]ypes:.*/Types: deb-src/' "$file" > "$apt/etc/${file##*/}"
  done
  cat > "$apt/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$apt/etc";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt/cache";
END
}

# Run as root, apt would download as another user, who may not write here.
set -- -o APT::Sandbox::User=root

if ! download "$@" > "$fresh.log" 2>&1; then
  private_sources
  set -- "$@" -c "$apt/apt.conf"
  # Some of the entries may have no sources; what counts is whether the package comes.
  apt-get "$@" -qq update || echo "apt-get update: some sources did not answer" >&2
  download "$@"
fi

rm -rf "$directory" "$fresh.log"
mv "$fresh" "$directory"
ls "$directory"
