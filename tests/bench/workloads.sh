# Writes the projects that run.sh measures: the same work for ggen-lua, ninja and make.
# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034,SC2154 # the names of run.sh

# DIRECTORY COUNT LUA-RUN SHELL-COMMAND: independent tasks that start one small process each.
write_processes() {
  mkdir -p "$1"
  cat > "$1/pipeline.lua" <<END
local p = require("ggen").pipeline "processes"
for i = 1, $2 do
  p:task("t" .. i) { run = $3, inputs = {} }
end
return p
END
  awk -v n="$2" -v run="$4" 'BEGIN {
    print "rule run\n  command = " run
    for (i = 1; i <= n; i++) print "build t" i ": run"
  }' > "$1/build.ninja"
  awk -v n="$2" -v run="$4" 'BEGIN {
    printf "all:"
    for (i = 1; i <= n; i++) printf " t" i
    print "\n.PHONY: all"
    for (i = 1; i <= n; i++) print ".PHONY: t" i "\nt" i ":\n\t@" run
  }' > "$1/Makefile"
}

# DIRECTORY FILE: one task that notes when it started.
write_first_spawn() {
  mkdir -p "$1"
  cat > "$1/pipeline.lua" <<END
local p = require("ggen").pipeline "first"
p:task "one" { run = { "$tools/stamp", "$2" }, inputs = {} }
return p
END
}

# DIRECTORY: 100,000 Lua functions in 100 layers, with 2 * 99,000 + 2,000 = 200,000 edges.
write_functions() {
  mkdir -p "$1"
  cat > "$1/pipeline.lua" <<'END'
local p = require("ggen").pipeline "functions"
local function run() end
for i = 1, 100000 do
  local needs = {}
  if i > 1000 then needs = { "t" .. i - 1000, "t" .. i - 1000 + (i % 1000 == 0 and -1 or 1) } end
  if i > 1000 and i <= 3000 then needs[3] = "t" .. (i % 1000 < 2 and 500 or i % 1000 - 1) end
  p:task("t" .. i) { run = run, needs = needs, inputs = {} }
end
return p
END
}

# DIRECTORY: one task that prints a gigabyte.
write_output() {
  mkdir -p "$1"
  cat > "$1/pipeline.lua" <<END
local p = require("ggen").pipeline "output"
p:task "print" { run = { "$tools/spew", "1000000000" }, inputs = {} }
return p
END
}

# DIRECTORY: two copies of examples/lua54, its sources downloaded, one with a build.ninja of the same commands.
write_lua54() {
  mkdir -p "$1"
  (cd "$root/examples/lua54" && sh apt-source.sh lua5.4 build/download) > /dev/null
  for copy in ggen ninja; do
    mkdir -p "$1/$copy/build"
    (cd "$root/examples/lua54" && cp -r ./*.lua ./*.sh tests "$1/$copy")
    cp -r "$root/examples/lua54/build/download" "$1/$copy/build"
  done
  (cd "$1/ninja" && luajit "$root/tests/bench/to_ninja.lua" test > build.ninja)
}

# NAME WORKSPACES FILES TASKS: $work/tree-NAME, a tree of trees.lua where everything has been made. Only once.
write_tree() {
  local tree=$work/tree-$1
  [ ! -d "$tree" ] || return 0
  mkdir "$tree"
  luajit "$here/trees.lua" "$tree" "$2" "$3" "$4"
  [ "$3" != 0 ] || quietly ninja -C "$tree" -t restat
  quietly ninja -C "$tree" -j2
  quietly "$ggen" -C "$tree" run -j2
}

# DIRECTORY DIRECTORIES FILES-IN-EACH BYTES: files to hash, each with other bytes.
write_files() {
  luajit - "$@" << 'END'
local top, dirs, each, size = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
for d = 1, dirs do
  local dir = ("%s/d%d"):format(top, d)
  assert(os.execute("mkdir -p " .. dir) == 0)
  for f = 1, each do
    local file = assert(io.open(dir .. "/f" .. f, "wb"))
    file:write((("%d %d "):format(d, f)):rep(math.ceil(size / 4)):sub(1, size))
    file:close()
  end
end
END
}

# Installs the one version of turbo that all figures are about. Fails with a `reason`.
install_turbo() {
  [ ! -x "$tools/turbo/node_modules/.bin/turbo" ] || return 0
  if ! command -v npm > /dev/null || ! command -v git > /dev/null; then
    reason="there is no npm or no git"
    return 1
  fi
  mkdir -p "$tools/turbo"
  npm install --prefix "$tools/turbo" --no-audit --no-fund turbo@2.11.11 > "$work/npm.log" 2>&1 || {
    reason="npm cannot install it"
    return 1
  }
}

# $work/turbo: the tree s once more, in git and with a lock file as turbo wants it, everything made.
write_turbo() {
  export TURBO_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1 TURBO_NO_UPDATE_NOTIFIER=1
  mkdir "$work/turbo"
  luajit "$here/trees.lua" "$work/turbo" 100 100 3
  (
    cd "$work/turbo" || exit
    quietly npm install --package-lock-only --offline --no-audit --no-fund
    quietly git init
    echo node_modules >> .git/info/exclude
    quietly git add -A
    quietly git -c user.name=bench -c user.email=bench@localhost commit -m tree
    ln -s "$tools/turbo/node_modules" node_modules
    quietly node_modules/.bin/turbo run build test lint
  )
}
