-- What runs inside a MySQL or MariaDB container: one script that says whether it is ready and takes
-- down what a lease begins with, one that brings this back. Both are for the sh and the client of
-- the image; $1 database, $2 password of root, $3 SQL of a new container.
-- SPDX-License-Identifier: MIT
local M = {}

-- The images of MariaDB have lost the names that begin with mysql.
local HEAD = [=[
db=$1 init=$3 keep=/dev/shm/ggen
export MYSQL_PWD="$2"
client=$(command -v mysql || command -v mariadb)
dump=$(command -v mysqldump || command -v mariadb-dump)
admin=$(command -v mysqladmin || command -v mariadb-admin)
sql() { "$client" -u root -N -B "$@"; }
list_users() { sql -e "select concat(quote(user), '@', quote(host)) from mysql.user"; }
list_databases() {
  sql -e "select concat('\`', replace(schema_name, '\`', '\`\`'), '\`')
    from information_schema.schemata"
}
marks() {
  sql -e "show global variables where variable_name not like 'gtid\\_%'
      and variable_name not like '%\\_pos'" &&
    sql -e "select * from mysql.user order by user, host;
      select * from mysql.db order by user, host, db;
      select * from mysql.tables_priv order by user, host, db, table_name"
}
]=]

-- Ready when the port answers: while the image sets itself up, its server listens on the socket
-- only.
M.READY = HEAD .. [=[
"$admin" -u root -h 127.0.0.1 -P 3306 --protocol=tcp ping >/dev/null 2>&1 || exit 1
[ -e $keep-marks ] && exit 0
sql -e 'select 1' >/dev/null || exit 1
if [ ! -e /tmp/ggen-dump.sql ]; then
  sql -e "create database if not exists \`$db\`" || exit 1
  if [ -n "$init" ]; then
    printf '%s\n' "$init" | sql "$db" || exit 1
  fi
  "$dump" -u root --no-tablespaces --routines --triggers --events --databases "$db" \
    >/tmp/ggen-dump.new && mv /tmp/ggen-dump.new /tmp/ggen-dump.sql || exit 1
fi
list_users >$keep-users && list_databases >$keep-databases && marks >$keep-marks.new &&
  mv $keep-marks.new $keep-marks
]=]

M.RESET = HEAD .. [=[
[ -e $keep-marks ] || exit 1
sql -e "select concat('kill ', id, ';') from information_schema.processlist
  where id <> connection_id() and user not in ('system user', 'event_scheduler')" |
  sql --force 2>/dev/null
{
  list_databases | grep -vxF -f $keep-databases | sed 's/.*/drop database &;/'
  list_users | grep -vxF -f $keep-users | sed 's/.*/drop user &;/'
  echo "drop database if exists \`$db\`;"
  cat /tmp/ggen-dump.sql
} | sql || exit 1
marks >$keep-marks.now || exit 1
[ "$(cat $keep-marks)" = "$(cat $keep-marks.now)" ] && exit 0
echo 'a lease changed what no reset brings back (global variables, users, privileges):' >&2
grep -vxF -f $keep-marks $keep-marks.now >&2
exit 1
]=]

return M
