-- Writes a project with nothing to do, the same for ggen-lua, ninja and turbo:
--   luajit tests/bench/trees.lua DIR WORKSPACES FILES TASKS
-- Each workspace has FILES source files in directories of ten, and TASKS tasks that each read all
-- of them and write one small output; a task needs the one before it, the first one that of the
-- workspace before (in rows of ten). FILES = 0: a flat project, WORKSPACES tasks with one tiny
-- input each, for make too. Its tasks are Lua functions, and for ninja and make their outputs are
-- there already: 100,000 processes would take minutes.
-- SPDX-License-Identifier: MIT
local dir, workspaces, files, tasks = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])

local bit = require("bit")

local function write(path, text)
  local file = assert(io.open(dir .. "/" .. path, "wb"))
  file:write(text)
  file:close()
end

local function make_dirs(list)
  for i = 1, #list, 1000 do
    local some = {}
    for j = i, math.min(i + 999, #list) do some[#some + 1] = dir .. "/" .. list[j] end
    assert(os.execute("mkdir -p " .. table.concat(some, " ")) == 0)
  end
end

local NAMES = { "build", "test", "lint", "docs", "pack" }

-- MurmurHash64A, by which ninja knows a command line again.
local function log_digest(text)
  local m, seed = 0xc6a4a7935bd1e995ULL, 0xDECAFBADDECAFBADULL
  local h = bit.bxor(seed, #text * m)
  local blocks = #text - #text % 8
  for at = 1, blocks, 8 do
    local k = 0ULL
    for i = 7, 0, -1 do k = k * 256 + text:byte(at + i) end
    k = k * m
    k = bit.bxor(k, bit.rshift(k, 47)) * m
    h = bit.bxor(h, k) * m
  end
  if blocks < #text then
    local k = 0ULL
    for i = #text, blocks + 1, -1 do k = k * 256 + text:byte(i) end
    h = bit.bxor(h, k) * m
  end
  h = bit.bxor(h, bit.rshift(h, 47)) * m
  return bit.tohex(bit.bxor(h, bit.rshift(h, 47)), 16)
end

local function flat()
  local dirs = { "." }
  for i = 1, workspaces, 100 do dirs[#dirs + 1] = ("in/%04d"):format(i / 100) end
  dirs[#dirs + 1] = "out"
  make_dirs(dirs)
  local ninja, log = { "rule copy\n  command = cp $in $out\n" }, { "# ninja log v5\n" }
  for i = 1, workspaces do
    local input = ("in/%04d/%d"):format((i - 1) / 100, i)
    write(input, "input " .. i .. "\n")
    ninja[#ninja + 1] = ("build out/%d: copy %s\n"):format(i, input)
    local digest = log_digest(("cp %s out/%d"):format(input, i))
    log[#log + 1] = ("0\t1\t0\tout/%d\t%s\n"):format(i, digest)
  end
  for i = 1, workspaces do write("out/" .. i, "input " .. i .. "\n") end
  -- Another version of ninja does not take this log and makes all of it again, which works too.
  write(".ninja_log", table.concat(log))
  write("build.ninja", table.concat(ninja))
  write("pipeline.lua", ([[
local p = require("ggen").pipeline "flat"
local function run() end
for i = 1, %d do
  p:task("t" .. i) { run = run, inputs = { ("in/%%04d/%%d"):format((i - 1) / 100, i) } }
end
return p
]]):format(workspaces))
  local make = { "all:" }
  for i = 1, workspaces do make[#make + 1] = " out/" .. i end
  make[#make + 1] = "\n"
  for i = 1, workspaces do
    make[#make + 1] = ("out/%d: in/%04d/%d\n\tcp $< $@\n"):format(i, (i - 1) / 100, i)
  end
  write("Makefile", table.concat(make))
end

local function nested()
  local dirs = {}
  for w = 1, workspaces do
    for d = 1, math.max(1, files / 10) do
      dirs[#dirs + 1] = ("packages/p%d/src/d%d"):format(w, d)
    end
    dirs[#dirs + 1] = ("packages/p%d/dist"):format(w)
  end
  make_dirs(dirs)
  local ninja = { "rule copy\n  command = echo made > $out\n" }
  for w = 1, workspaces do
    local base, inputs = ("packages/p%d"):format(w), {}
    for f = 1, files do
      local path = ("src/d%d/file%d.c"):format((f - 1) % math.max(1, files / 10) + 1, f)
      inputs[f] = base .. "/" .. path
      write(inputs[f], ("int function_%d_%d(void) { return %d; }\n"):format(w, f, f))
    end
    local ours = { ('local w = require("ggen").workspace "p%d"%s\n'):format(w,
      w % 10 ~= 1 and (' { depends_on = { "p%d" } }'):format(w - 1) or "") }
    for t = 1, tasks do
      local needs, deps = {}, {}
      if t > 1 then
        needs[1] = ('"%s"'):format(NAMES[t - 1])
        deps[1] = ("%s/dist/%s"):format(base, NAMES[t - 1])
      elseif w % 10 ~= 1 then
        needs[1] = '"^build"'
        deps[1] = ("packages/p%d/dist/build"):format(w - 1)
      end
      ours[#ours + 1] = ('w:task "%s" { run = "echo made > dist/%s", needs = { %s },'
        .. ' outputs = { "dist/%s" } }\n'):format(NAMES[t], NAMES[t], table.concat(needs, ", "),
        NAMES[t])
      ninja[#ninja + 1] = ("build %s/dist/%s: copy %s %s\n"):format(base, NAMES[t],
        table.concat(inputs, " "), table.concat(deps, " "))
    end
    ours[#ours + 1] = "return w\n"
    write(base .. "/pipeline.lua", table.concat(ours))
    local scripts = {}
    for t = 1, tasks do scripts[t] = ('"%s":"echo made > dist/%s"'):format(NAMES[t], NAMES[t]) end
    write(base .. "/package.json", ('{"name":"p%d","version":"1.0.0","scripts":{%s}%s}\n'):format(w,
      table.concat(scripts, ","), w % 10 ~= 1
        and (',"dependencies":{"p%d":"1.0.0"}'):format(w - 1) or ""))
  end
  write("build.ninja", table.concat(ninja))
  write("pipeline.lua", 'local p = require("ggen").pipeline "tree"\np:workspaces "packages/*"\n'
    .. "return p\n")
  write(".gitignore", "dist/\n.ggen/\n.turbo/\nnode_modules/\n.ninja_*\n")
  local rules = {}
  for t = 1, tasks do
    rules[t] = ('"%s":{"dependsOn":["%s"],"outputs":["dist/%s"]}'):format(NAMES[t],
      t > 1 and NAMES[t - 1] or "^build", NAMES[t])
  end
  write("turbo.json", ('{"tasks":{%s}}\n'):format(table.concat(rules, ",")))
  write("package.json", '{"name":"root","private":true,"workspaces":["packages/*"],'
    .. '"packageManager":"npm@10.0.0"}\n')
end

if files == 0 then flat() else nested() end
