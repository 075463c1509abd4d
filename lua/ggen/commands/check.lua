-- ggen-lua check: everything that can be known without running anything.
-- SPDX-License-Identifier: MIT
local M = {
  summary = "Check the pipeline without running it",
  description = "Loads every file of the pipeline, resolves names, looks for cycles, loads"
    .. " the plugins.",
}

-- What makes the keys of tasks, with all that a run would say of it before anything starts. What
-- runs to the letter of the original has none.
local function check_definitions(project, plugins)
  if project:survey().cached and not project:is_strict() then
    require("ggen.definition").of(project, plugins)
  end
end

local function count(number, word) return ("%d %s%s"):format(number, word, number == 1 and ""
  or "s") end

---@param args table
---@return integer
function M.run(args)
  local session = require("ggen.session")
  require("ggen.loading").notes = true
  local project = session.open(args, { remember = false })
  require("ggen.plan").freeze(project)
  local host = {
    screen = require("ggen.core.output").screen(1), project_dir = project.dir, project = project,
    options = { output = "none", jobs = 1 }, style = require("ggen.style").new(false),
    now = require("ggen.core.clock").monotonic, output_sink = require("ggen.core.output").callback,
  }
  local plugins = session.plugins(project, host)
  local root = project.loaded.root
  if root.defaults or not root.lifecycle then require("ggen.select").tasks(project, {}) end
  local tasks = project:count() - 2 * #project.phases
  local parts = { count(tasks, "task") }
  if #project.phases > 0 then parts[#parts + 1] = count(#project.phases, "phase") end
  if #project.loaded.workspaces > 0 then parts[#parts + 1] = count(#project.loaded.workspaces,
    "workspace") end
  if #project.loaded.root.uses > 0 then parts[#parts + 1] = count(#project.loaded.root.uses,
    "plugin") end
  for _, pipeline in ipairs({ root, unpack(project.loaded.workspaces) }) do
    local own = pipeline.lifecycle
    if own then
      local strict = own.compat == "strict" and project:is_strict()
      -- A directory that is not there yet may be made by a phase of another workspace.
      local missing = (own.unknown or {})[1]
      if missing and missing.alone then
        io.write(("%s:%d: %s\n"):format(missing.file, missing.line, missing.text))
      elseif not strict then
        require("ggen.lifecycle.order").check(project, pipeline)
      end
      for _, line in ipairs(own.notes or {}) do io.write(line, "\n") end
      for _, line in ipairs(strict and require("ggen.lifecycle.strict").notes(project, pipeline)
        or {}) do io.write(line, "\n") end
    end
  end
  for _, line in ipairs(require("ggen.forced_jobs").notes(project)) do io.write(line, "\n") end
  check_definitions(project, plugins)
  plugins:close()
  io.write(("%s: ok (%s)\n"):format(project.loaded.root.name, table.concat(parts, ", ")))
  return 0
end

return M
