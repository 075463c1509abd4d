# Rows about plugins that are installed, tested and run in a process of their own. Uses from run.sh: $ggen,
# $root, $work, row and its helpers.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the names of run.sh

ROWS+=" installed-plugins permission-check contract-suite new-plugin process-call"

# write_installed DIR: as `plugin add` leaves a project with 20 plugins, of which the pipeline uses 3. The files of the
# others are not what the lock says: who reads one of them ends the run.
write_installed() {
  local tree=$1/.ggen/plugins/share/lua/5.1/ggen/plugins/observer number file sum comma=,
  mkdir -p "$tree"
  {
    printf '{"version":1,"plugins":[\n'
    for number in $(seq -w 1 20); do
      file=$tree/n$number.lua
      cat > "$file" << LUA
return { name = "n$number", kind = "observer", version = "1.0.0", api = "^1", desc = "Counts",
  params = { most = { type = "integer", default = 3 } },
  setup = function()
    local count = 0
    return { on_task_end = function() count = count + 1 end }
  end }
LUA
      sum=$(sha256sum < "$file")
      ((10#$number < 20)) || comma=
      printf '{"name":"observer.n%s","rock":"ggen-observer-n%s","version":"1.0.0-1","source":"file:/n%s","api":"^1",' \
        "$number" "$number" "$number"
      printf '"permissions":[],"trust":"environment","files":{"ggen/plugins/observer/n%s.lua":"%s"}}%s\n' \
        "$number" "${sum%% *}" "$comma"
      ((10#$number <= 3)) || echo "error 'nobody uses this'" > "$file"
    done
    printf ']}\n'
  } > "$1/ggen-lock.json"
}

write_user() { # DIR [USE...]
  local dir=$1 name
  shift
  mkdir -p "$dir"
  {
    echo 'local p = require("ggen").pipeline "plugins"'
    for name; do echo "p:use \"$name\""; done
    echo 'for i = 1, 20 do p:task("t" .. i) { run = "true", inputs = {} } end'
    echo 'return p'
  } > "$dir/pipeline.lua"
}

row_installed_plugins() {
  write_user "$work/plain"
  write_user "$work/installed" observer.n01 observer.n02 observer.n03
  write_installed "$work/installed"
  local project
  for project in plain installed; do quietly "$ggen" -C "$work/$project" run; done
  compare 41 "$ggen" -C "$work/plain" run ::: "$ggen" -C "$work/installed" run
  local more
  more=$(awk -v a="$(field 1 1)" -v b="$(field 2 1)" 'BEGIN { printf "%.2f", (b - a) * 1000 }')
  row "a run with nothing to do, 20 plugins installed, 3 of them used, over none" "<= 1.5 ms" \
    "$more ms ($(in_ms "$(field 2 1)") against $(in_ms "$(field 1 1)"))" - "$(at_most "$more" 1.5)"
}

row_permission_check() {
  local without through more
  IFS=$'\t' read -r without through <<< "$("$ggen" lua "$root/tests/bench/plugin_tiers.lua" permission)"
  more=$(awk -v a="$without" -v b="$through" 'BEGIN { printf "%.2f", (b - a) / 1000 }')
  row "an installed plugin's call of the host through the check of a permission, over without" "<= 0.3 µs" \
    "$more µs" - "$(at_most "$more" 0.3)"
}

row_contract_suite() {
  compare 3 "$ggen" plugin test scheduler.critical-path ::: \
    "$ggen" plugin test "$root/examples/plugins/ggen-cache-gdsf/lua/ggen/plugins/cache/gdsf.lua"
  local slower
  slower=$(printf '%s\n%s\n' "$(field 1 1)" "$(field 2 1)" | sort -g | tail -n 1)
  row "\`plugin test\` of one plugin (a scheduler; a cache policy), the slower" "<= 10 s" \
    "$(awk -v x="$slower" 'BEGIN { printf "%.1f s", x }')" - "$(at_most "$slower" 10)"
}

# Everything that a stranger does between an idea and its first run, by himself and without a network.
new_plugin() (
  set -e
  export HOME=$1/home
  mkdir -p "$HOME" "$1/server" "$1/project"
  cd "$1"
  "$ggen" plugin new --no-git scheduler lifo
  cd ggen-scheduler-lifo
  "$ggen" plugin test
  "$ggen" plugin pack
  mv ./*.rock ../server
  luarocks-admin make-manifest --lua-version 5.1 ../server
  cd ../project
  write_user . scheduler.lifo
  "$ggen" plugin add --server ../server --offline ggen-scheduler-lifo < /dev/null
  "$ggen" run
)

row_new_plugin() {
  local began=$EPOCHREALTIME took
  mkdir "$work/new"
  quietly new_plugin "$work/new"
  took=$(awk -v a="$began" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
  row "\`plugin new\`, \`test\`, \`pack\`, a server, \`add\`, \`run\`, offline" "<= 60 s" "$took s" - \
    "$(at_most "$took" 60)"
}

row_process_call() {
  local took
  took=$("$ggen" lua "$root/tests/bench/plugin_tiers.lua" process)
  took=$(awk -v x="$took" 'BEGIN { printf "%.1f", x / 1000 }')
  row "a call of a plugin in a process of its own" "<= 100 µs" "$took µs" - "$(at_most "$took" 100)"
}
