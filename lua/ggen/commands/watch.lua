-- ggen-lua watch: `run`, again each time that files change.
-- SPDX-License-Identifier: MIT
local run = require("ggen.commands.run")
local units = require("ggen.units")

local M = {
  summary = "Run tasks, and again each time that files change",
  description = "Runs tasks as `run` does, with the same options, and again each time that a file"
    .. " of the project changes. Declared outputs and what git ignores do not count. Ctrl-C ends"
    .. " it.",
}

M.words = run.words

function M.configure(parser)
  run.configure(parser)
  parser:option("--debounce", "Begin when nothing has changed for this long (default: 50ms).")
    :argname("TIME"):convert(function(value)
      local seconds, message = units.duration(tonumber(value) or value)
      return seconds, message and "--debounce: " .. message
    end)
  parser:flag("--clear", "Clear the terminal before each run.")
  parser:flag("--restart", "End a run that is going on when something changes, and begin anew;"
    .. " otherwise it goes on, and the next one comes after it.")
end

---@async
---@param args table
---@return integer code
function M.run(args) return require("ggen.watch.watcher").run(args) end

return M
