#!/bin/sh
# Sets up the clean room: nothing may be in it, and all that the model says afterwards. Leaves the
# SQL that each test begins with.
# SPDX-License-Identifier: MIT
set -eu
# shellcheck source=psql.sh
. tools/psql.sh

found=$(ask -c "select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace
  where nspname not like 'pg\_%' and nspname <> 'information_schema'")
[ "$found" = 0 ] || { echo "the room is not clean: $found things are in it"; exit 1; }

{ cat build/schema.sql tests/people.sql; } >build/room.sql
ask -1 -f build/room.sql
ask -F ' ' -c "select table_name, string_agg(column_name, ' ' order by ordinal_position)
  from information_schema.columns where table_schema = 'public' group by 1 order by 1" >build/tables.txt
echo "a clean room with $(wc -l <build/tables.txt) tables, on $(ask -c 'show server_version')"
