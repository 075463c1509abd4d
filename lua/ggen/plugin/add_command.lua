-- ggen-lua plugin add: installs a plugin into this project and locks it.
-- SPDX-License-Identifier: MIT
local cli = require("ggen.cli")
local grants = require("ggen.plugin.grants")
local here = require("ggen.plugin.here")
local harmless = require("ggen.harmless").text

local M = {
  summary = "Install a plugin into this project and lock it",
  description = "Gets a rock with LuaRocks, from a server by its name (scheduler.lifo, or"
    .. " ggen-scheduler-lifo; @VERSION for a certain one), from a directory with its sources, from"
    .. " the file of a rock, or from a git repository (git+https://HOST/PATH#REF). It is looked at"
    .. " before anything of it runs; then its files go to .ggen/plugins, and ggen-lock.json gets"
    .. " their digests and what the plugin may do, which is shown.",
}

function M.configure(parser)
  parser:argument("what", "NAME[@VERSION], a path, the file of a rock, or a git URL."):args("+")
    :argname("PLUGIN")
  here.server_options(parser)
  parser:option("--trust", "Where the plugin runs, whatever it says itself: process is a process of"
    .. " its own, behind seccomp and Landlock."):choices({ "process" }):argname("TIER")
  here.build_options(parser)
  parser:flag("--yes", "Grant what a plugin that is here already may do beyond now.")
end

---@async
---@param args table
---@return integer
function M.run(args)
  grants.check(args)
  local dir = here.project(args)
  local how, cwd = here.fetching(args, dir), cli.directory(args)
  local origins, jobs = require("ggen.plugin.origin"), require("ggen.plugin.job")
  return require("ggen.plugin.tree").hold(dir, function(staging)
    local job = jobs.new(dir, staging, how)
    for _, word in ipairs(args.what) do job:add(origins.parse(word, cwd)) end
    local planned = job:planned(args.trust)
    grants.ask(job.lock, planned, args)
    jobs.apply(dir, job.lock, planned, job.taken)
    for _, entry in ipairs(planned.plugins) do
      if job.asked[entry.rock] then
        io.write(harmless(("added %s %s from %s\n"):format(entry.name, entry.version,
          entry.source)))
        for _, line in ipairs(grants.lines(entry)) do io.write("  ", harmless(line), "\n") end
        local note = origins.note(entry.source)
        if note then io.write("  note: ", note, "\n") end
      elseif job.taken[entry.rock] then
        io.write(harmless(("added %s %s, which %s needs\n"):format(entry.rock, entry.version,
          table.concat(entry.needed_by or {}, ", "))))
      end
    end
    return 0
  end)
end

return M
