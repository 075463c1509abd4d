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
  local bytes, message = loading.read(path)
  if not bytes then
    fault.raise(("cannot read %s: %s"):format(shown, message:match(": ([^:]+)$") or message),
      place and place.file, place and place.line)
  end
  return require("ggen.make_toml.read").read(bytes, shown)
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
  require("ggen.make_toml.declare").declare(pipeline, model, {
    dir = dir, relative = relative_dir(dir, pipeline.dir), environment = options.environment,
    imported = options.place ~= nil and options.place.file ~= nil,
  })
end

return M
