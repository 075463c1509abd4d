#!/bin/sh
# PostgreSQL as a process, where no container engine is: a cluster of its own in $DIR, on $PORT.
# Needs Debian's postgresql-15, or initdb and postgres in PATH. A server refuses to be root: then
# it is the user postgres, or nobody.
# SPDX-License-Identifier: MIT
set -eu
for bin in /usr/lib/postgresql/*/bin; do [ -d "$bin" ] && PATH=$bin:$PATH; done
export PATH LC_ALL=C
command -v initdb >/dev/null || { echo 'there is no initdb: apt-get install postgresql-15' >&2; exit 127; }

as=
if [ "$(id -u)" = 0 ]; then
  user=postgres
  id -u "$user" >/dev/null 2>&1 || user=nobody
  chown "$user" "$DIR"
  as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
fi
cd "$DIR"
printf '%s' "$POSTGRES_PASSWORD" >password
chmod 644 password
# shellcheck disable=SC2086 # $as is several words, or none
$as initdb -D "$DIR/data" -U "$POSTGRES_USER" --pwfile=password -E UTF8 --locale=C -A scram-sha-256 \
  --no-sync >initdb.log 2>&1 || { cat initdb.log >&2; exit 1; }
echo "create database $POSTGRES_DB;" |
  $as postgres --single -F -D "$DIR/data" postgres >/dev/null 2>&1
# shellcheck disable=SC2086
exec $as postgres -D "$DIR/data" -p "$PORT" -c listen_addresses="$HOST" -c fsync=off \
  -c unix_socket_directories="$DIR" -c log_checkpoints=off
