-- Whether all that is public is described, and all that is described is there: a text for every
-- function, each of its parameters, what it returns; compared with what the modules export at run
-- time and with what installed plugins are shown.
-- SPDX-License-Identifier: MIT
local jit_util = require("jit.util")
local sorted = require("ggen.sorted")

local M = {}

-- What a class of lua/ggen/isolation/views.lua is called in lua/ggen/types/.
local NAMES = { ["ggen.Blocks"] = "ggen.report.Blocks" }

-- Classes of which installed plugins see all that is described.
local SHOWN_WHOLE = { ["ggen.Task"] = true, ["ggen.Run"] = true, ["ggen.Host"] = true,
  ["ggen.View"] = true, ["ggen.Machine"] = true, ["ggen.KeyBuilder"] = true,
  ["ggen.Events"] = true, ["ggen.Context"] = true, ["ggen.Hook"] = true, ["ggen.CleanRoom"] = true,
  ["ggen.Loading"] = true }

-- Numbers of the instructions of LuaJIT that return something.
local RETURNS = {}
do
  local names = require("jit.vmdef").bcnames
  for i = 0, #names / 6 - 1 do
    local name = names:sub(i * 6 + 1, i * 6 + 6):gsub("%s", "")
    if name == "RET" or name == "RET1" or name == "RETM" then RETURNS[i] = true end
  end
end

-- Whether a function of Lua returns a value by itself; what only ends in another call may.
local function returns(fn)
  local pc, instruction = 1, jit_util.funcbc(fn, 1)
  while instruction do
    if RETURNS[instruction % 256] then return true end
    pc = pc + 1
    instruction = jit_util.funcbc(fn, pc)
  end
  return false
end

local function is_lua(fn) return type(fn) == "function" and debug.getinfo(fn, "S").what ~= "C" end

-- The names in "(a, b, ...)".
local function parameters(signature)
  local names = {}
  for name in signature:sub(2, -2):gmatch("[^,%s]+") do
    if name ~= "_" then names[#names + 1] = name end
  end
  return names
end

---Checks what is said of one function.
---@param item luacats.Item
---@param where string "lua/ggen/types/parts.lua:12: ggen.async.sleep"
---@param problem fun(text: string)
function M.of_function(item, where, problem)
  if #item.text == 0 then problem(where .. " has no docstring") end
  local described, taken = {}, {}
  for _, param in ipairs(item.params) do described[param.name] = true end
  for _, name in ipairs(parameters(item.signature)) do
    taken[name] = true
    if not described[name] then problem(("%s has no @param %s"):format(where, name)) end
  end
  for _, param in ipairs(item.params) do
    if not taken[param.name] then
      problem(("%s has no parameter %s, which it describes"):format(where, param.name))
    end
  end
end

---Compares what is said of a function with the function.
---@param item luacats.Item
---@param fn any
---@param where string
---@param problem fun(text: string)
function M.against(item, fn, where, problem)
  if type(fn) ~= "function" then return problem(where .. " is no function at run time") end
  if not is_lua(fn) then return end
  if returns(fn) and #item.returns == 0 then
    problem(where .. " returns something, and has no @return")
  end
  local info = debug.getinfo(fn, "u")
  local names = parameters(item.signature)
  local own = info.nparams - (item.method and 1 or 0)
  if not info.isvararg and #names > own then
    problem(("%s takes %d parameters, and %d are described"):format(where, own, #names))
  end
  for i = #names + 1, own do
    local name = debug.getlocal(fn, i + (item.method and 1 or 0))
    if not (name or "_"):find("^_") then
      problem(("%s takes %s, which is not described"):format(where, name))
    end
  end
end

local function is_public(item) return item.kind == "function" and item.name:sub(1, 1) ~= "_" end

-- The functions of files, by what they are in: "ggen.async", "Run".
local function each_function(files, folder, visit)
  for _, name in ipairs(sorted.keys(files)) do
    for _, item in ipairs(files[name].items) do
      if is_public(item) then
        local owner = item.class or item.owner
        visit(item, owner, ("%s/%s.lua:%d: %s%s%s"):format(folder, name, item.line, owner,
          item.method and ":" or ".", item.name))
      end
    end
  end
end

-- Functions of public classes without a comment.
local function find_bare(files, folder, problem)
  for _, name in ipairs(sorted.keys(files)) do
    for _, item in ipairs(files[name].bare) do
      if (item.class or ""):find("^ggen%.") then
        problem(("%s/%s.lua:%d: %s.%s has no docstring"):format(folder, name, item.line,
          item.class, item.name))
      end
    end
  end
end

-- What a module gives to others, without what is private.
local function exports(module)
  local names = {}
  for name in pairs(module) do
    if type(name) == "string" and name:sub(1, 1) ~= "_" then names[#names + 1] = name end
  end
  table.sort(names)
  return names
end

local function check_std(files, problem)
  local std = require("ggen.std")
  for _, name in ipairs(sorted.keys(files)) do
    local file, module, described = files[name], std[name], {}
    for _, item in ipairs(file.items) do
      local is_class = item.kind == "class" and item.name == "ggen.std." .. name
      if item.owner == "M" then described[item.name] = item end
      for _, field in ipairs(is_class and item.fields or {}) do
        described[field.name] = described[field.name] or item
      end
    end
    for _, key in ipairs(exports(module)) do
      local where = ("stdlib/ggen/std/%s.lua: %s"):format(name, key)
      local item = described[key]
      if not item then
        problem(where .. " is public, and nothing is said about it")
      elseif item.kind == "function" then
        M.against(item, module[key], where, problem)
      end
      described[key] = nil
    end
    for _, key in ipairs(sorted.keys(described)) do
      -- Some parts are read when they are first asked for.
      local ok, value = pcall(function() return module[key] end)
      if not ok or value == nil then
        problem(("stdlib/ggen/std/%s.lua: %s does not exist at run time"):format(name, key))
      end
    end
    each_function({ [name] = file }, "stdlib/ggen/std", function(item, owner, where)
      if owner == "M" or owner:find("^ggen%.") then M.of_function(item, where, problem) end
    end)
    find_bare(file.parts, "stdlib/ggen/std/" .. name, problem)
    each_function(file.parts, "stdlib/ggen/std/" .. name, function(item, owner, where)
      if owner:find("^ggen%.") then M.of_function(item, where, problem) end
    end)
  end
end

-- What a class is said to have: its own members and those of its parent.
local function members_of(name, classes, functions)
  local names, class = {}, classes[name]
  for _, field in ipairs(class.fields) do names[field.name] = true end
  for _, item in ipairs(functions[name] or {}) do names[item.name] = true end
  return names
end

-- Adds the classes that the standard library describes.
local function with_std(types, std)
  local classes, functions = require("lua").index(types)
  local function add(files)
    for _, file in pairs(files) do
      for _, item in ipairs(file.items) do
        if item.kind == "class" then
          local known = classes[item.name]
          classes[item.name] = known or item
          if known and known ~= item then
            for _, field in ipairs(item.fields) do table.insert(known.fields, field) end
          end
        elseif item.kind == "function" and item.class then
          functions[item.class] = functions[item.class] or {}
          table.insert(functions[item.class], item)
        end
      end
    end
  end
  for _, file in pairs(std) do
    add({ file })
    add(file.parts)
  end
  return classes, functions
end

local function check_views(classes, functions, problem)
  local views = require("ggen.isolation.views")
  for _, shown in ipairs(sorted.keys(getmetatable(views).classes)) do
    local name, view, seen = NAMES[shown] or shown, views[shown], {}
    if not classes[name] then
      problem(("lua/ggen/types: nothing about %s, which plugins see"):format(name))
    else
      for _, list in ipairs({ "data", "objects", "methods", "shapes", "parts" }) do
        for key in pairs(view[list] or {}) do seen[key] = true end
      end
      local members = members_of(name, classes, functions)
      local is_style = name == "ggen.Style" -- its colours are methods, said in a sentence
      for _, key in ipairs(sorted.keys(seen)) do
        if not members[key] and not is_style then
          problem(("lua/ggen/types: %s has nothing about %s, which plugins see"):format(name, key))
        end
      end
      for _, key in ipairs(SHOWN_WHOLE[name] and sorted.keys(members) or {}) do
        if not seen[key] then
          problem(("lua/ggen/isolation/views.lua: %s has no %s, which is described"):format(shown,
            key))
        end
      end
    end
  end
end

local function upvalue(fn, wanted)
  for i = 1, 60 do
    local name, value = debug.getupvalue(fn, i)
    if not name then return nil end
    if name == wanted then return value end
  end
end

-- What installed plugins may call is described, and there.
local function check_allowed(classes, functions, problem)
  local new, ggen = require("ggen.isolation.api").new, require("ggen")
  local modules = upvalue(new, "MODULES") or error("isolation/api.lua has no MODULES")
  for _, name in ipairs(sorted.keys(modules)) do
    local class = "ggen." .. name
    local members = classes[class] and members_of(class, classes, functions) or {}
    for _, key in ipairs(sorted.keys(modules[name])) do
      if not members[key] then
        problem(("lua/ggen/types: %s has nothing about %s, which plugins may call"):format(class,
          key))
      end
      if ggen[name][key] == nil then
        problem(("lua/ggen/isolation/api.lua: %s.%s does not exist"):format(class, key))
      end
    end
  end
  local function look(list, module, shown)
    for _, key in ipairs(sorted.keys(list)) do
      if module[key] == nil then
        problem(("lua/ggen/isolation/api.lua: %s.%s does not exist"):format(shown, key))
      elseif type(list[key]) == "table" then
        look(list[key], module[key], shown .. "." .. key)
      end
    end
  end
  look(upvalue(new, "STD") or error("isolation/api.lua has no STD"), ggen.std, "ggen.std")
end

-- The table of a plugin, and the names of kinds.
local function check_manifest(types, classes, problem)
  local registry = require("ggen.registry")
  local fields = (upvalue(registry.check, "manifest") or error("no manifest")).fields
  local described = members_of("ggen.Plugin", classes, {})
  for _, name in ipairs(sorted.keys(fields)) do
    if not described[name] then
      problem("lua/ggen/types: ggen.Plugin has nothing about " .. name)
    end
    described[name] = nil
  end
  for _, name in ipairs(sorted.keys(described)) do
    problem("lua/ggen/registry.lua: the table of a plugin has no " .. name)
  end
  local kinds = {}
  for _, item in ipairs(types.plugin.items) do
    for _, value in ipairs(item.name == "ggen.PluginKind" and item.values or {}) do
      kinds[value:match('"(.-)"')] = true
    end
  end
  for _, name in ipairs(sorted.keys(registry.kinds)) do
    if not kinds[name] then problem("lua/ggen/types: ggen.PluginKind has no " .. name) end
    kinds[name] = nil
  end
  for name in pairs(kinds) do problem("lua/ggen/kinds.lua: there is no kind " .. name) end
end

---@param types table<string, luacats.File> of lua/ggen/types/
---@param std table<string, luacats.File> of stdlib/ggen/std/
---@param reality table<string, table> the tables that classes of lua/ggen/types/ describe
---@param problem fun(text: string)
function M.check(types, std, reality, problem)
  local classes, functions = require("lua").index(types)
  each_function(types, "lua/ggen/types", function(item, owner, where)
    M.of_function(item, where, problem)
    local value = reality[owner]
    -- Those of ctx are made for each task.
    if value and owner ~= "ggen.UserContext" and type(rawget(value, item.name)) == "function" then
      M.against(item, value[item.name], where, problem)
    end
  end)
  for _, name in ipairs(sorted.keys(types)) do
    for _, item in ipairs(types[name].items) do
      if item.kind == "class" and item.name:find("^ggen") and #item.text == 0 then
        problem(("lua/ggen/types/%s.lua:%d: %s has no docstring"):format(name, item.line,
          item.name))
      end
    end
    for _, item in ipairs(types[name].bare) do
      problem(("lua/ggen/types/%s.lua:%d: %s.%s has no docstring"):format(name, item.line,
        item.owner, item.name))
    end
  end
  check_manifest(types, classes, problem)
  check_std(std, problem)
  check_allowed(classes, functions, problem)
  classes, functions = with_std(types, std)
  check_views(classes, functions, problem)
end

return M
