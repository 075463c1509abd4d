-- Runs golden cases once more with the built-in plugins in the environment of community plugins:
-- what comes out has to be the same. The cases are those that together use all kinds of plugins.
-- With --process each of them runs in a process of its own.
--   ggen-lua lua tests/golden/isolated.lua [--process] [options of run.lua]
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/../support/?.lua;" .. package.path

local fs = require("ggen.core.fs")
local isolated_tree = require("isolated_tree")
local sh = require("ggen.std.sh")

-- Parts of "file.case name". None that looks into the snapshot: there is none while sources are
-- read from a tree.
local CASES = { "schedulers_all.case ", "hooks_parallel.case ", "flaky.case ", "cache_flags.case ",
  "gates.case ", "reports.case ", "sending.case ", "workspaces_formats.case ",
  "make_toml_hooks.case ", "watch.case a changed configuration", "frontends.case files that",
  "cache_stores.case what each tier",
  "cache_stores.case policies that refuse" }

local root = assert(fs.realpath(here .. "/../.."))
local trust = "environment"
if arg[1] == "--process" then trust = table.remove(arg, 1):sub(3) end
local tree = isolated_tree.make(root, trust)
local words = { "env", "GGEN_LUA_PATH=" .. tree, assert(fs.realpath("/proc/self/exe")), "lua",
  here .. "/run.lua", unpack(arg) }
for _, name in ipairs(CASES) do words[#words + 1] = name end
local code = os.execute(sh.join(words))
fs.remove(tree, { recursive = true })
return code == 0 and 0 or 1
