-- The types of ggen-lua for the editor of who writes a plugin. Where they are differs from machine
-- to machine, so that what git has (.luarc.json) names .ggen/types: a link, which git ignores.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

M.LINK = ".ggen/types"

-- Where the LuaCATS types are: installed beside the program, by LuaRocks, or in its source tree.
local function directory()
  local program = fs.realpath("/proc/self/exe") or ""
  local dir = program:match("^(.*)/[^/]*$") or ""
  local tries = { dir .. "/../share/ggen-lua/types", dir .. "/../../lua/ggen/types" }
  local rock = dir .. "/../lib/luarocks/rocks-5.1/ggen-lua"
  for _, version in ipairs(fs.list(rock) or {}) do
    table.insert(tries, 2, ("%s/%s/share/ggen-lua/types"):format(rock, version.name))
  end
  for _, try in ipairs(tries) do
    local real = fs.realpath(try)
    if real then return real end
  end
end

---Makes the link, where .luarc.json asks for it and it leads nowhere. Without it everything but
---the editor works: nothing is raised.
---@async
---@param dir string absolute, of the repository
function M.link(dir)
  local settings = fs.read(dir .. "/.luarc.json", 65536)
  local path = dir .. "/" .. M.LINK
  if not settings or not settings:find('"' .. M.LINK .. '"', 1, true) then return end
  local types = not fs.stat(path) and directory()
  if not types or not fs.mkdir(dir .. "/.ggen") then return end
  require("ggen").std.sh.run({ "ln", "-sfn", "--", types, path })
end

return M
