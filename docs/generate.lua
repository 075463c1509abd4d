-- Writes docs/reference/, docs/contract/, parts of lua/ggen/types/ and the rockspec of ggen-api,
-- from what the program itself stands on: the descriptions of fields, the option tables, the
-- manifests of plugins and the annotations.
--   ggen-lua lua docs/generate.lua            writes
--   ggen-lua lua docs/generate.lua --check    writes nothing; fails when a page would change, or
--                                             when something public is not described
-- SPDX-License-Identifier: MIT
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/generator/?.lua;" .. package.path

local fs = require("ggen.core.fs")
local luacats = require("luacats")
local registry = require("ggen.registry")

local root = assert(fs.realpath(here .. "/.."))
local check = arg[1] == "--check"
local problems = {}

local function problem(text) problems[#problems + 1] = text end

-- The Lua files of a folder of the tree: name without ".lua" -> what is written in them.
local function read_folder(folder)
  local files = {}
  for _, entry in ipairs(fs.list(root .. "/" .. folder) or {}) do
    local name = entry.name:match("^(.+)%.lua$")
    if name then
      files[name] = luacats.read(assert(fs.read(root .. "/" .. folder .. "/" .. entry.name)))
    end
  end
  return files
end

local function builtin_plugins()
  local plugins = {}
  for _, path in ipairs(assert(fs.glob(root .. "/plugins", "*/*.lua"))) do
    plugins[#plugins + 1] = registry.load((path:gsub("%.lua$", ""):gsub("/", ".")))
  end
  return plugins
end

local types = read_folder("lua/ggen/types")
local std = read_folder("stdlib/ggen/std")
std.init = nil
-- The parts of a module lie in a folder of its name. Those of the pool are its own affair: what is
-- public of them is in lua/ggen/types/.
local INNER = { container_pool = true }
for name, file in pairs(std) do
  file.parts = INNER[name] and {} or read_folder("stdlib/ggen/std/" .. name)
end

local fields = require("ggen.fields")
local tasks = require("tasks")
local pages = {
  { "docs/reference/tasks.md", tasks.page(fields, problem) },
  { "docs/reference/cli.md", require("cli").page(require("ggen.command_table"), problem) },
  { "docs/reference/plugins.md",
    require("plugins").page(builtin_plugins(), types, problem) },
  { "docs/reference/lua.md", require("lua").page(types, problem) },
  { "docs/reference/std.md", require("std").page(std, problem) },
  { "lua/ggen/types/task.lua", tasks.types(fields) },
  { require("rockspec").api(root, registry.API) },
}

local contract, kinds = require("contract"), require("ggen.kinds")
pages[#pages + 1] = { "docs/contract/index.md",
  contract.index(kinds.kinds, kinds.any, types, problem) }
for _, row in ipairs(contract.ORDER) do
  local name = row[1]
  local source = fs.read(("%s/docs/contract/examples/%s.lua"):format(root, name))
  pages[#pages + 1] = { ("docs/contract/%s.md"):format(name),
    contract.page(name, kinds.kinds[name], types, source, problem) }
end

require("complete").check(types, std, require("lua").reality(), problem)

-- Where two texts part, for the message.
local function first_difference(old, new)
  local number = 1
  local next_new = (new .. "\n"):gmatch("([^\n]*)\n")
  for line in (old .. "\n"):gmatch("([^\n]*)\n") do
    local other = next_new()
    if line ~= other then return number, line, other or "(end of the page)" end
    number = number + 1
  end
  return number, "(end of the page)", next_new() or ""
end

for _, page in ipairs(pages) do
  local path, text = root .. "/" .. page[1], page[2]
  local old = fs.read(path)
  if old ~= text then
    if check then
      local line, was, is = first_difference(old or "", text)
      problem(("%s:%d: out of date (ggen-lua lua docs/generate.lua writes it)\n  is:     %s\n"
        .. "  should: %s"):format(page[1], line, was, is))
    else
      assert(fs.mkdir(path:match("^(.*)/")))
      assert(fs.write(path, text))
      print("wrote " .. page[1])
    end
  end
end

for _, text in ipairs(problems) do print(text) end
local passed = check and math.max(#pages - #problems, 0) or #pages
print(("docs: %d passed, %d failed"):format(passed, #problems))
return #problems == 0 and 0 or 1
