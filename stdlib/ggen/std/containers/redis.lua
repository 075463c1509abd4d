-- What runs inside a Redis container: one script that says whether it is ready and takes down its
-- configuration, one that empties it. Both are for the sh and the redis-cli of the image, of
-- version 6 or later, or Valkey; $1 is the password, if there is one.
-- SPDX-License-Identifier: MIT
local M = {}

local HEAD = [=[
[ -z "$1" ] || export REDISCLI_AUTH="$1"
cli() { redis-cli -h 127.0.0.1 -p 6379 "$@"; }
marks() { printf 'config get *\nacl list\nmodule list\n' | cli; }
]=]

M.READY = HEAD .. [=[
[ "$(cli ping)" = PONG ] || exit 1
[ -e /dev/shm/ggen-marks ] && exit 0
marks >/dev/shm/ggen-marks.new && mv /dev/shm/ggen-marks.new /dev/shm/ggen-marks
]=]

-- Whoever is still connected goes first, so that nobody writes behind the flush. What was set by
-- CONFIG SET is set back name by name; what remains different after that no reset brings back.
M.RESET = HEAD .. [=[
same() {
  marks >/dev/shm/ggen-marks.now &&
    [ "$(cat /dev/shm/ggen-marks)" = "$(cat /dev/shm/ggen-marks.now)" ]
}
cli >/dev/shm/ggen-reset <<'END' || exit 1
script kill
function kill
client kill type normal skipme yes
client kill type pubsub
client kill type replica
client kill type master
replicaof no one
flushall async
script flush
function flush
config resetstat
slowlog reset
latency reset
acl log reset
ping
END
if [ "$(tail -n 1 /dev/shm/ggen-reset)" != PONG ] || cli info keyspace | grep '^db' >&2; then
  cat /dev/shm/ggen-reset >&2
  exit 1
fi
same && exit 0
awk '
  { sub(/\r$/, "") }
  FNR == 1 { line = 0 }
  { line++ }
  line % 2 { name = $0; next }
  FILENAME ~ /now$/ { if (name in was && was[name] != $0) {
    value = was[name]; gsub(/\\/, "\\\\", value); gsub(/"/, "\\\"", value)
    printf "config set %s \"%s\"\n", name, value } next }
  !(name in was) { was[name] = $0 }
' /dev/shm/ggen-marks /dev/shm/ggen-marks.now | cli >/dev/null
same && exit 0
echo 'a lease changed what no reset brings back (configuration, users or modules)' >&2
exit 1
]=]

return M
