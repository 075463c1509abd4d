-- The workspaces of a make.toml as Lua source, for write.lua: which there are, and what its phases
-- need to be declared in each of them.
-- SPDX-License-Identifier: MIT
local lua_text = require("ggen.make_toml.lua_text")
local sorted = require("ggen.sorted")

local M = {}

local quote = lua_text.quote

---@class ggen.make_toml.FoundWorkspace as it is when the pipeline.lua is written
---@field name string
---@field path string
---@field depends_on string[]
---@field line integer
---@field own boolean? it has a make.toml or a pipeline.lua of its own
---@field missing boolean? there is no such directory

---@param model ggen.make_toml.Model
---@return boolean whether its phases run in workspaces
function M.has(model)
  return #model.workspaces > 0 or model.members ~= nil or model.workspaces_find ~= nil
end

-- Phases that are for some workspaces only.
local function filtered(model)
  local only, any = {}, false
  for _, phase in ipairs(model.phases) do
    if phase.workspaces then only[phase.name], any = phase.workspaces, true end
  end
  return only, any
end
M.filtered = filtered

local OWN = [[

-- A workspace with a make.toml or a pipeline.lua of its own has the phases of that.
local function has_own(w)
  if w.dir == p.dir then return false end
  for _, name in ipairs { "pipeline.lua", "make.toml" } do
    local file = io.open(w.dir .. "/" .. name)
    if file then
      file:close()
      return true
    end
  end
  return false
end
]]

local HERE = [[

-- Those of some names that are for this workspace.
local function here(w, names)
  local list = {}
  for _, name in ipairs(names) do
    if not only[name] or only[name][w.name] then list[#list + 1] = name end
  end
  return list
end
]]

local function entry_of(found)
  if #found.depends_on == 0 then return quote(found.path) end
  return ("{ path = %s, depends_on = %s }"):format(quote(found.path),
    lua_text.texts(found.depends_on, "  ", 40))
end

local function listed(model, found)
  local lines, missing = {}, {}
  for _, one in ipairs(found) do
    local line = ("  %s = %s, -- %s:%d\n"):format(lua_text.key(one.name), entry_of(one), model.file,
      one.line)
    if one.missing then
      missing[#missing + 1] = "  -- there is no such directory yet:\n  --" .. line:sub(2)
    else
      lines[#lines + 1] = line
    end
  end
  if #lines + #missing == 0 then return "" end
  local what = model.members and "-- What members names, as it was when this was written.\n" or ""
  return "\n" .. what .. 'p:use "workspaces.list" {\n' .. table.concat(lines)
    .. table.concat(missing)
    .. "}\n"
end

---What stands in front of the declarations.
---@param model ggen.make_toml.Model
---@param found ggen.make_toml.FoundWorkspace[]
---@param names table<string, string> of phases here, by those in make.toml
---@return string source
function M.head(model, found, names)
  local parts = { listed(model, found) }
  local find, own = model.workspaces_find, model.workspaces_find ~= nil
  for _, one in ipairs(found) do own = own or one.own end
  if find then
    local plugin = find.name:find("/") and find.name or "workspaces." .. find.name
    parts[#parts + 1] = ("\np:use %s -- %s:%d\n"):format(quote(plugin), model.file, find.line)
  end
  if own then parts[#parts + 1] = OWN end
  local only, any = filtered(model)
  if any then
    parts[#parts + 1] = "\nlocal only = {\n"
    for _, name in ipairs(sorted.keys(only)) do
      local items = {}
      for i, workspace in ipairs(only[name]) do items[i] = lua_text.key(workspace) .. " = true" end
      parts[#parts + 1] = ("  %s = %s,\n"):format(lua_text.key(names[name]),
        lua_text.list(items, "  ", 30))
    end
    parts[#parts + 1] = "}\n" .. HERE
  end
  parts[#parts + 1] = "\n-- The workspaces run at the same time (in a make.toml in turn, unless it"
    .. " says parallel = true).\np:each_workspace(function(w)\n"
  if own then parts[#parts + 1] = "  if has_own(w) then return end\n\n" end
  return table.concat(parts)
end

---@param model ggen.make_toml.Model
---@param dir string absolute directory of the file
---@return ggen.make_toml.FoundWorkspace[]
function M.survey(model, dir)
  local directories = require("ggen.directories")
  local fs, locate = require("ggen.core.fs"), require("ggen.locate")
  -- Directories are looked at as while loading; nobody wants to know what was asked.
  local loading, list = require("ggen.loading"), {}
  loading.inputs = require("ggen.core.snapshot").inputs()
  local ok, entries = pcall(require("ggen.make_toml.workspaces").entries, model, dir)
  loading.inputs = nil
  if not ok then error(entries, 0) end
  for i, entry in ipairs(entries) do
    local relative = directories.resolve(dir, entry.dir)
    local path = relative and (relative == "" and dir or dir .. "/" .. relative)
    local own = false
    for _, file in ipairs({ locate.FILE, locate.MAKE_TOML }) do
      own = own or path ~= nil and path ~= dir and fs.stat(path .. "/" .. file) ~= nil
    end
    list[i] = { name = entry.name, path = entry.dir, depends_on = entry.depends_on,
      line = entry.line, own = own, missing = not relative }
  end
  return list
end

return M
