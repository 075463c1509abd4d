-- What a rockspec may say for a rock of Lua modules: how it is built and where it puts its files.
-- SPDX-License-Identifier: MIT
local archive = require("ggen.plugin.archive")
local sorted = require("ggen.sorted")

local M = {}

local PLAIN = { builtin = true, module = true, none = true }
local ALLOW = "it is refused unless --allow-build is given, which lets the rock run programs here"

-- A module in C, as text or table; a text that ends in .lua is one in Lua.
local function compiled(modules)
  for name, value in sorted.pairs(type(modules) == "table" and modules or {},
    function(a, b) return tostring(a) < tostring(b) end) do
    if type(value) ~= "string" or not value:find("%.lua$") then return tostring(name) end
  end
end

local function build_problem(build)
  local kind = build.type or "builtin"
  if not PLAIN[kind] then
    return ("it is built by %q, which runs programs: %s"):format(tostring(kind), ALLOW)
  end
  local module = compiled(build.modules)
  if module then return ("its module %s is in C: %s"):format(module, ALLOW) end
  local install = type(build.install) == "table" and build.install or {}
  if install.lib and next(install.lib) ~= nil then
    return "it installs compiled libraries: " .. ALLOW
  end
  if build.patches and next(build.patches) ~= nil then
    return "it patches its sources while it is built: " .. ALLOW
  end
end

local function paths_of(build, visit)
  for _, value in pairs(type(build.modules) == "table" and build.modules or {}) do visit(value) end
  for _, part in pairs(type(build.install) == "table" and build.install or {}) do
    for name, value in pairs(type(part) == "table" and part or {}) do
      visit(value)
      if type(name) == "string" then visit((name:gsub("%.", "/"))) end
    end
  end
  for _, value in pairs(type(build.copy_directories) == "table" and build.copy_directories or {}) do
    visit(value)
  end
end

-- The build for each platform replaces parts of the general one.
local function builds(spec)
  local list = { spec.build or {} }
  local platforms = type(list[1].platforms) == "table" and list[1].platforms or {}
  for _, build in sorted.pairs(platforms) do
    if type(build) == "table" then
      if not build.type then build.type = list[1].type end
      list[#list + 1] = build
    end
  end
  return list
end

local SCHEMES = { http = true, https = true, file = true, git = true, ["git+http"] = true,
  ["git+https"] = true, ["git+ssh"] = true, ["git+file"] = true }

-- Where LuaRocks gets the sources, and which directory of them it builds in.
local function source_problem(source)
  if type(source) ~= "table" then return "it does not say where its sources are" end
  local scheme = type(source.url) == "string" and source.url:match("^(%a[%w+.-]*)://[^%-]")
  if not SCHEMES[scheme or ""] then
    return ("its sources are at %s: http, https, file or git expected"):format(tostring(source.url))
  end
  for _, name in ipairs({ "tag", "branch" }) do
    if source[name] ~= nil and not tostring(source[name]):find("^[%w_]") then
      return ("its source.%s %q is no name"):format(name, tostring(source[name]))
    end
  end
  for _, name in ipairs({ "dir", "file", "module" }) do
    local value = source[name]
    if value ~= nil and (type(value) ~= "string" or archive.name_problem(value)
      or value:sub(1, 1) == "-") then
      return ("its source.%s leads out of it"):format(name)
    end
  end
  if source.platforms and next(source.platforms) ~= nil then
    return "its sources depend on the platform, which those of a plugin in Lua do not"
  end
end

---Says what a rockspec has that no plugin may have.
---@param spec table what it says
---@param allow_build boolean? programs may be run for it
---@return string? problem
function M.problem(spec, allow_build)
  if type(spec.package) ~= "string" or not spec.package:find("^[%w_%-%.]+$") then
    return "its rockspec names no package"
  end
  if type(spec.version) ~= "string" or not spec.version:find("^[%w%.]+%-%d+$") then
    return 'its rockspec has no version with a revision ("1.0.0-1")'
  end
  local wrong = source_problem(spec.source)
  if wrong then return wrong end
  if spec.build ~= nil and type(spec.build) ~= "table" then return "its build is no table" end
  for _, build in ipairs(builds(spec)) do
    local problem = not allow_build and build_problem(build)
    paths_of(build, function(path)
      if type(path) == "string" then problem = problem or archive.name_problem(path)
        and ("the path %q in its rockspec leads out of it"):format(path) end
    end)
    if problem then return problem end
  end
  if not allow_build then
    if spec.hooks and next(spec.hooks) ~= nil then
      return "it has hooks, which run programs: " .. ALLOW
    end
    if spec.external_dependencies and next(spec.external_dependencies) ~= nil then
      return "it needs libraries in C: " .. ALLOW
    end
  end
end

local function plain(value, indent)
  if type(value) ~= "table" then
    return type(value) == "number" and ("%.17g"):format(value) or type(value) == "string"
      and ("%q"):format(value) or tostring(value)
  end
  local lines = {}
  for key, element in sorted.pairs(value, function(a, b)
    if type(a) ~= type(b) then return type(a) == "number" end
    return a < b
  end) do
    lines[#lines + 1] = ("%s  [%s] = %s,\n"):format(indent, plain(key), plain(element,
      indent .. "  "))
  end
  return "{\n" .. table.concat(lines) .. indent .. "}"
end

---What a rockspec says, as one that is no program: a rockspec may say something else to LuaRocks,
---in another Lua, than what was looked at.
---@param spec table
---@return string text
function M.encode(spec)
  local lines = {}
  for name, value in sorted.pairs(spec) do
    if tostring(name):find("^[%a_][%w_]*$") then
      lines[#lines + 1] = ("%s = %s\n"):format(name, plain(value, ""))
    end
  end
  return table.concat(lines)
end

---Whether LuaRocks would look for the modules itself, and take files in C among them.
---@param spec table
---@return boolean
function M.finds_modules(spec)
  local build = spec.build or {}
  return build.modules == nil and (build.type == nil or build.type == "builtin")
end

---The plugin that a rock of this name is.
---@param rock string
---@return string? name "scheduler.lifo"; nil when it is the rock of no plugin
function M.plugin_of(rock)
  local kinds = require("ggen.registry").kinds
  local kind, name = rock:match("^ggen%-(%l+)%-(.+)$")
  if kind and kinds[kind] and name:find("^[%w_%-]+$") then return kind .. "." .. name end
end

---@param name string "scheduler.lifo", or the name of a rock
---@return string rock
function M.rock_of(name)
  local kind, short = name:match("^(%l+)%.([%w_%-]+)$")
  return kind and ("ggen-%s-%s"):format(kind, short) or name
end

return M
