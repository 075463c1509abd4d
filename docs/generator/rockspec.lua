-- The rockspec of ggen-api, which lists every file of types.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local M = {}

local HEAD = [==[
-- Made by docs/generate.lua from lua/ggen/types/ and stdlib/ggen/std/. Do not edit.
rockspec_format = "3.0"
package = "ggen-api"
version = "@VERSION@-1"
source = {
  url = "git+https://git.example.org/ggen-lua.git",
}
description = {
  summary = "Level @LEVEL@ of the plugin contract of ggen-lua, with the types for editors",
  detailed = [[
A plugin depends on the level that it is written for ("ggen-api >= 1, < 2"). ggen-lua has it built
in; elsewhere this rock stands for it. ggen_api/types below its share/lua/5.1 is a library for
lua-language-server.
]],
  homepage = "https://git.example.org/ggen-lua",
  license = "MIT",
  labels = { "ggen-lua", "types" },
}
dependencies = {
  "lua == 5.1",
}
build = {
  type = "builtin",
  modules = {
    ["ggen_api"] = "rockspec/ggen_api.lua",
]==]

local FOLDERS = { { "lua/ggen/types", "ggen_api.types." }, { "stdlib/ggen/std",
  "ggen_api.types.std." } }

---The path of the rockspec, and its text.
---@param root string directory of the project
---@param level integer
---@return string path
---@return string text
function M.api(root, level)
  local version = level .. ".0.0"
  local out = { (HEAD:gsub("@(%u+)@", { VERSION = version, LEVEL = tostring(level) })) }
  for _, folder in ipairs(FOLDERS) do
    for _, path in ipairs(assert(fs.glob(root .. "/" .. folder[1], "**/*.lua"))) do
      local module = folder[2] .. path:gsub("%.lua$", ""):gsub("/", ".")
      out[#out + 1] = ("    [%q] = %q,\n"):format(module, folder[1] .. "/" .. path)
    end
  end
  out[#out + 1] = "  },\n}\n"
  return ("rockspec/ggen-api-%s-1.rockspec"):format(version), table.concat(out)
end

return M
