-- Lets the plugin of kind frontend that is meant by a file's name declare what the file says. Knows
-- which plugin reads which file, and no format.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local registry = require("ggen.registry")

local M = {}

---The frontends of this build, by the name of the file that they read.
M.BY_FILE = { ["make.toml"] = "frontend.make-toml" }

---@class ggen.FrontendHost what a frontend gets beside its params
---@field file string name of the file in the directory that load() is called with
---@field environment string? what -e names
---@field place { file: string?, line: integer? } where it is imported

-- The last one, with what it was set up for: hundreds of workspaces may have a file of one kind.
local last = {}

local function set_up(name, file, options)
  if options.file == nil and last.file == file and last.environment == options.environment then
    return last.frontend
  end
  local place = { file = options.file, line = options.line }
  local host = { file = file, environment = options.environment, place = place }
  local frontend = registry.new(host):use(name, nil, place)
  if options.file == nil then
    last = { file = file, environment = options.environment, frontend = frontend }
  end
  return frontend
end

---Declares the tasks of a file on a pipeline. Raises a fault when something in the file is wrong.
---@param pipeline ggen.Pipeline
---@param path string absolute
---@param options { file: string?, line: integer?, environment: string? } the place that names it
function M.load(pipeline, path, options)
  local dir, file = path:match("^(.*)/([^/]*)$")
  if dir == "" then dir = "/" end
  local name = M.BY_FILE[file]
  if not name then
    fault.raise(("import %q: no frontend reads such a file (make.toml is one that can be imported)")
      :format(file), options.file, options.line)
  end
  local frontend = set_up(name, file, options)
  if not registry.call_through(frontend, "detect", dir) then
    fault.raise(("import %q: there is no such file"):format(file), options.file, options.line)
  end
  registry.call_through(frontend, "load", dir, pipeline)
end

return M
