-- The files of a new plugin's repository, as texts: nothing is written here.
-- SPDX-License-Identifier: MIT
local M = {}

M.VERSION = "0.1.0" -- of a new plugin

---@class ggen.Scaffold
---@field kind string
---@field name string
---@field owner string of the repository, as in its address
---@field author string
---@field time integer seconds since 1970

-- @NAME@ in a text; a value may itself have some.
local function fill(text, values)
  for _ = 1, 2 do
    text = text:gsub("@([%u_]+)@", function(name) return values[name] end)
  end
  return text
end

---The rock of a plugin.
---@param kind string
---@param name string
---@return string
function M.rock(kind, name) return ("ggen-%s-%s"):format(kind, name) end

---Where a plugin lies in its repository.
---@param kind string
---@param name string
---@return string
function M.path(kind, name) return ("lua/ggen/plugins/%s/%s.lua"):format(kind, name) end

---@param kind string
---@return table template
function M.template(kind) return require("ggen.plugin.templates." .. kind) end

---The text of the plugin's own file.
---@param options ggen.Scaffold
---@return string
function M.plugin(options)
  return fill(M.template(options.kind).plugin, { NAME = options.name, VERSION = M.VERSION })
end

---@param options ggen.Scaffold
---@param plugin ggen.Plugin what the file of the plugin returns
---@param page string the part of the README that describes the plugin
---@return table<string, string> files by path
function M.files(options, plugin, page)
  local common = require("ggen.plugin.templates.common")
  local template = M.template(options.kind)
  local kind, name = options.kind, options.name
  local rock, path = M.rock(kind, name), M.path(kind, name)
  local values = {
    NAME = name, KIND = kind, ROCK = rock, PATH = path, VERSION = M.VERSION, DESC = plugin.desc,
    OWNER = options.owner, AUTHOR = options.author,
    DATE = os.date("!%Y-%m-%d", options.time), YEAR = os.date("!%Y", options.time),
    GGEN_VERSION = require("ggen.version"), PAGE = page,
    USE = template.use or template.not_called, EXAMPLE = template.example,
    EXAMPLE_SPEC = template.example_spec, CONTRACT_OPTIONS = template.contract_options or "",
  }
  local files = {
    [path] = M.plugin(options),
    [("spec/%s_spec.lua"):format(name)] = template.spec,
    ["spec/contract_spec.lua"] = common.contract_spec,
    [("%s-%s-1.rockspec"):format(rock, M.VERSION)] = common.rockspec,
    [".busted"] = common.busted,
    [".luacheckrc"] = common.luacheckrc,
    [".luarc.json"] = common.luarc,
    [".gitignore"] = common.gitignore,
    ["README.md"] = common.readme,
    ["CHANGELOG.md"] = common.changelog,
    ["LICENSE"] = common.license,
    [".github/workflows/ci.yml"] = common.workflow,
  }
  for file, text in pairs(template.files or {}) do files[file] = text end
  if template.example then
    files["example/pipeline.lua"] = common.example
    files["spec/example_spec.lua"] = common.example_spec
    for file, text in pairs(template.example_files or {}) do files["example/" .. file] = text end
  end
  for file, text in pairs(files) do files[file] = fill(text, values) end
  return files
end

return M
