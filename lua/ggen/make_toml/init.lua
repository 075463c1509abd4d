-- make.toml for frontends: reads the file as an input of the configuration, and declares what it
-- says on a pipeline. Public as ggen.make_toml.
-- SPDX-License-Identifier: MIT
local fault = require("ggen.fault")
local locate = require("ggen.locate")
local loading = require("ggen.loading")

local M = {}

---Whether there is such a file; the answer is an input of the configuration.
---@param path string absolute
---@return boolean
function M.exists(path) return loading.exists(path) end

-- Where the declarations of a file go, relative to the directory of the pipeline.
local function relative_dir(dir, base)
  if dir == base then return nil end
  local prefix = base == "/" and "/" or base .. "/"
  if dir:sub(1, #prefix) == prefix then return dir:sub(#prefix + 1) end
  return dir
end

---Reads a make.toml: the model that ggen.make_toml.read describes.
---@param path string absolute
---@param shown string as messages name it
---@param place { file: string?, line: integer? }? where it is imported
---@return table model
function M.read(path, shown, place)
  -- Who stands in a workspace reads its file first, and then that of the whole.
  local known = loading.models and loading.models[path]
  if known then
    loading.note_read(path)
    return known
  end
  local bytes, message = loading.read(path)
  if not bytes then
    fault.raise(("cannot read %s: %s"):format(shown, message:match(": ([^:]+)$") or message),
      place and place.file, place and place.line)
  end
  loading.count("make.toml")
  local read = require("ggen.make_toml.read").read
  local model = read(bytes, shown, { notes = loading.notes or false })
  model.compat = loading.compat or model.compat
  if loading.models then loading.models[path] = model end
  return model
end

-- Whether the phases of a file run in workspaces and not in its own directory. Those of a file in a
-- workspace do not count.
local function has_workspaces(pipeline, model)
  return pipeline.kind == "pipeline"
    and (#model.workspaces > 0 or model.members ~= nil or model.workspaces_find ~= nil)
end

---Declares what a make.toml says.
---@param pipeline ggen.Pipeline
---@param dir string absolute directory of the file
---@param file string its name
---@param options { environment: string?, place: table? }?
function M.load(pipeline, dir, file, options)
  options = options or {}
  local path = (dir == "/" and "" or dir) .. "/" .. file
  dir = dir:gsub("/%./", "/"):gsub("/%.$", "")
  local model = M.read(path, locate.display(path, require("ggen.core.fs").cwd()), options.place)
  local imported = options.place ~= nil and options.place.file ~= nil
  -- What is part of a pipeline.lua has the order of its graph.
  if imported and model.compat == "strict" then
    model = setmetatable({ compat = "default" }, { __index = model })
  end
  local above = has_workspaces(pipeline, model)
  -- workspaces.lua goes on from here.
  if above then
    rawset(pipeline, "make_toml", { model = model, environment = options.environment })
  end
  require("ggen.make_toml.declare").declare(pipeline, model, {
    dir = dir, relative = relative_dir(dir, pipeline.dir), environment = options.environment,
    imported = imported,
    above = above and model.compat ~= "strict",
  })
end

return M
