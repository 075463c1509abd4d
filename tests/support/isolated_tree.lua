-- Makes a source tree for GGEN_LUA_PATH in which the built-in plugins are loaded as those of an
-- installed rock are: in the environment of community plugins, or each in a process of its own,
-- with the permissions that their manifests ask for. All else of the tree is this one.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

-- Loads the text of a built-in as if a rock had it. What messages and tracebacks name stays as it
-- is: only the environment is another one. The project is the highest directory with a pipeline.
local STUB = [[
local fs = require("ggen.core.fs")
local dir, project = fs.cwd(), fs.cwd()
repeat
  if fs.stat(dir .. "/pipeline.lua") or fs.stat(dir .. "/make.toml") then project = dir end
  dir = dir:match("^(.+)/[^/]*$")
until not dir
return require("ggen.isolation.load").plugin(%q, "ggen:plugins/%s",
  { dir = project, search_path = "", trust = %q, read = function() return fs.read(%q) end })
]]

---The names of the built-in plugins with their files.
---@param root string of the repository, absolute
---@return { name: string, kind: string, file: string, path: string }[] file: "kind/name.lua"
function M.plugins(root)
  local list = {}
  for _, kind in ipairs(assert(fs.list(root .. "/plugins"))) do
    for _, entry in ipairs(assert(fs.list(root .. "/plugins/" .. kind.name))) do
      local short = entry.name:match("^(.*)%.lua$")
      if short then
        local file = kind.name .. "/" .. entry.name
        list[#list + 1] = { name = kind.name .. "." .. short, kind = kind.name, file = file,
          path = root .. "/plugins/" .. file }
      end
    end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

---@param root string of the repository, absolute
---@param trust "environment"|"process" the tier
---@return string dir to be removed
function M.make(root, trust)
  local dir = assert(fs.make_temp_dir("isolated"))
  for _, part in ipairs({ "lua", "stdlib" }) do
    assert(os.execute(("ln -s '%s/%s' '%s/%s'"):format(root, part, dir, part)) == 0)
  end
  for _, plugin in ipairs(M.plugins(root)) do
    assert(fs.mkdir(dir .. "/plugins/" .. plugin.kind))
    assert(fs.write(dir .. "/plugins/" .. plugin.file,
      STUB:format(plugin.name, plugin.file, trust, plugin.path)))
  end
  return dir
end

return M
