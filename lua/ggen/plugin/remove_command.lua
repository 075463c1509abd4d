-- ggen-lua plugin remove: takes a plugin out of this project, and the rocks that only it needed.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local here = require("ggen.plugin.here")

local M = {
  summary = "Take a plugin out of this project",
  description = "Removes the plugin's files from .ggen/plugins and its line from ggen-lock.json,"
    .. " with the rocks that only it needed. The pipeline is not changed.",
}

function M.configure(parser)
  parser:argument("name", "As the pipeline names it (scheduler.lifo), or its rock."):args("+")
    :argname("PLUGIN")
end

---@async
---@param args table
---@return integer
function M.run(args)
  local dir = here.project(args)
  return require("ggen.plugin.tree").hold(dir, function(staging)
    local jobs, lock = require("ggen.plugin.job"), require("ggen.plugin.lock")
    local job = jobs.new(dir, staging, {})
    local planned = lock.decode(lock.encode(job.lock))
    for _, name in ipairs(args.name) do
      local entry = job:locked(name)
      if not entry or not entry.name then
        local names = {}
        for _, other in ipairs(job.lock.plugins) do names[other.name or ""] = true end
        names[""] = nil
        fault.raise(entry and ("%s is no plugin: it is there for %s"):format(name,
          table.concat(entry.needed_by or {}, ", "))
          or ("%s has no plugin %q%s"):format(lock.FILE, name, require("ggen.suggest").hint(name,
            names)))
      end
      for _, other in ipairs(planned.plugins) do
        if other.rock == entry.rock then other.name = nil end
      end
    end
    jobs.drop_unneeded(planned)
    jobs.apply(dir, job.lock, planned, {})
    local kept = {}
    for _, entry in ipairs(planned.plugins) do kept[entry.rock] = true end
    for _, entry in ipairs(job.lock.plugins) do
      if not kept[entry.rock] then
        io.write(require("ggen.harmless").text(("removed %s %s\n"):format(entry.name or entry.rock,
          entry.version)))
      end
    end
    return 0
  end)
end

return M
