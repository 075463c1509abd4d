-- What runs inside a PostgreSQL container: one script that says whether it is ready and takes down
-- what a lease begins with, one that brings this back. Both are for the sh and the psql of the
-- image, of version 13 or later; $1 user, $2 database, $3 password, $4 SQL of a new container.
-- SPDX-License-Identifier: MIT
local M = {}

-- The image may have its socket in either place. The shell may have lost the image's environment.
local HEAD = [=[
for d in "$PGHOST" /var/run/postgresql /tmp; do
  if [ -S "$d/.s.PGSQL.5432" ]; then PGHOST=$d; break; fi
done
export PGHOST PGPASSWORD="$3" PGCONNECT_TIMEOUT=10 PGOPTIONS='-c client_min_messages=warning'
unset PGUSER PGDATABASE PGPORT PGSERVICE
db() { psql -X -q -A -t -w -v ON_ERROR_STOP=1 -U "$user" -d template1 -v db="$db" -v pw="$pw" \
  -v user="$user" "$@"; }
user=$1 db=$2 pw=$3
]=]

-- What no reset brings back, told in a few numbers: the catalogs of the two databases that every
-- cluster has, the roles, their settings and the databases that are older than the template. A
-- changed row has another xmin, a new one another oid, a lost one another count.
local MARKS = [=[
marks() {
  {
    for in in template1 postgres; do
      [ "$in" = "$db" ] && continue
      printf '\\c "%s"\n' "$in"
      for of in pg_class pg_proc pg_type pg_namespace pg_extension pg_largeobject_metadata; do
        echo "select '$in $of', count(*), max(oid::int8), max(xmin::text::int8) from $of;"
      done
      echo "select '$in pg_depend', count(*) from pg_depend;"
      echo "select '$in pg_default_acl', count(*), max(xmin::text::int8) from pg_default_acl;"
    done
    cat <<'SQL'
select 'roles', count(*), max(xmin::text::int8) from pg_authid;
select 'members', count(*), max(xmin::text::int8) from pg_auth_members;
select 'settings', count(*), max(xmin::text::int8) from pg_db_role_setting
  where setdatabase is distinct from (select oid from pg_database where datname = :'db');
select 'databases', count(*), max(xmin::text::int8) from pg_database where datname <> :'db';
select 'tablespaces', count(*), max(xmin::text::int8) from pg_tablespace;
SQL
  } | db
}
]=]

-- Ready when the port answers: while the image sets itself up, its server listens on the socket
-- only. The template is made before anybody can have a lease.
M.READY = HEAD .. MARKS .. [=[
pg_isready -q -h 127.0.0.1 -p 5432 || exit 1
[ -e /dev/shm/ggen-marks ] && exit 0
if [ "$(db -c "select 1 from pg_database where datname = 'ggen_template'")" != 1 ]; then
  db <<'SQL' || exit 1
select not exists (select from pg_database where datname = :'db') as missing \gset
\if :missing
create database :"db";
\endif
alter role :"user" password :'pw';
SQL
  if [ -n "$4" ]; then
    printf '%s\n' "$4" | db -d "$db" || exit 1
  fi
  db <<'SQL' || exit 1
create database ggen_template with template :"db" is_template true allow_connections false;
SQL
fi
marks >/dev/shm/ggen-marks.new && mv /dev/shm/ggen-marks.new /dev/shm/ggen-marks
]=]

-- What is younger than the template goes, and the database is made from it anew.
M.RESET = HEAD .. MARKS .. [=[
db <<'SQL' >/dev/null || exit 1
select pg_terminate_backend(pid) from pg_stat_activity
  where pid <> pg_backend_pid() and backend_type in ('client backend', 'walsender');
select pg_drop_replication_slot(slot_name) from pg_replication_slots;
select oid as template from pg_database where datname = 'ggen_template' \gset
select format('alter database %I is_template false', datname) from pg_database
  where datistemplate and (oid > :template or datname = :'db') \gexec
select format('drop database %I with (force)', datname) from pg_database
  where oid > :template or datname = :'db' \gexec
select format('drop role %I', rolname) from pg_roles where oid > :template \gexec
create database :"db" with template ggen_template;
alter system reset all;
select pg_reload_conf();
SQL
marks >/dev/shm/ggen-marks.now || exit 1
[ "$(cat /dev/shm/ggen-marks)" = "$(cat /dev/shm/ggen-marks.now)" ] && exit 0
echo 'a lease changed what no reset brings back:' >&2
while IFS= read -r now && IFS= read -r was <&3; do
  [ "$now" = "$was" ] || echo "$was -> $now" >&2
done </dev/shm/ggen-marks.now 3</dev/shm/ggen-marks
exit 1
]=]

return M
