# shellcheck shell=bash
# What the cases of plugins share. Sourced by *_case.sh, which sets `suite` first.
# SPDX-License-Identifier: MIT
# shellcheck source=../support/check.sh
source "$(dirname "${BASH_SOURCE[0]}")/../support/check.sh"

# make_project DIR [USE]: a project with one task that uses a plugin.
make_project() {
  mkdir -p "$1"
  cat >"$1/pipeline.lua" <<END
local p = require("ggen").pipeline "x"
${2:+p:use \"$2\"}
p:task "a" { run = "echo from a", cache = false }
p:task "b" { run = "echo from b", cache = false }
return p
END
}

# make_scheduler DIR NAME VERSION [FIELDS]: the sources of a rock that starts the last task first.
make_scheduler() {
  local dir=$1 name=$2 version=$3 fields=${4:-}
  mkdir -p "$dir/lua/ggen/plugins/scheduler"
  cat >"$dir/lua/ggen/plugins/scheduler/$name.lua" <<END
-- Who comes last goes first.
local turn = 0
return { name = "$name", kind = "scheduler", version = "$version", api = "^1", desc = "Last first",
  $fields
  setup = function()
    return { priority = function() turn = turn + 1 return turn end }
  end }
END
  cat >"$dir/ggen-scheduler-$name-$version-1.rockspec" <<END
rockspec_format = "3.0"
package = "ggen-scheduler-$name"
version = "$version-1"
source = { url = "git+file://$dir" }
description = { summary = "Last first", license = "MIT" }
dependencies = { "lua == 5.1" }
build = { type = "builtin", modules = {
  ["ggen.plugins.scheduler.$name"] = "lua/ggen/plugins/scheduler/$name.lua",
} }
END
}

# pack_rock DIR SERVER: packs the sources into a rock of a directory that is a server.
pack_rock() {
  local dir=$1 server=$2 work
  mkdir -p "$server"
  work=$(mktemp -d)
  cp -r "$dir" "$work/source"
  (
    cd "$work/source"
    luarocks make --tree "$work/tree" --deps-mode none ./*.rockspec
    luarocks pack --tree "$work/tree" "$(sed -n 's/^package = "\(.*\)"/\1/p' ./*.rockspec)"
    mv ./*.rock "$server/"
  ) >/dev/null 2>&1 || return 1
  rm -rf "$work"
  (cd "$server" && luarocks-admin make-manifest --lua-version 5.1 . >/dev/null 2>&1)
}

# fails CODE TEXT COMMAND...: it ends with that exit code, and says the text.
fails() {
  local code=$1 text=$2 status=0 output
  shift 2
  output=$("$@" 2>&1) || status=$?
  printf '%s\nexit %d\n' "$output" "$status"
  [[ $status == "$code" && $output == *"$text"* ]]
}

# says TEXT COMMAND...: it ends well, and says the text.
says() {
  local text=$1
  shift
  fails 0 "$text" "$@"
}
