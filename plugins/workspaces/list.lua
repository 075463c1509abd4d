-- Workspaces that the pipeline lists itself:
--   p:use "workspaces.list" { web = { path = "apps/web", depends_on = "lib" }, lib = "libs/lib" }
-- SPDX-License-Identifier: MIT

local entry = { type = "record", fields = {
  path = { type = "string", required = true, desc = "Its directory, relative to the pipeline" },
  depends_on = { type = "list", of = { type = "string" }, single = true, default = {},
    desc = "Workspaces that it builds upon" },
} }

---@type ggen.Plugin
return {
  name = "list",
  kind = "workspaces",
  version = "1.0.0",
  api = 1,
  desc = "Workspaces that are listed, each with its directory and what it depends on",
  rest = "workspaces",
  params = {
    workspaces = { type = "map", required = true, desc = "By name: `{ path = DIRECTORY, depends_on"
      .. " = { NAMES } }`, or only the directory", of = { type = "union",
      any_of = { { type = "string" }, entry }, expects = "a directory, or { path = ... }" } },
  },
  setup = function(params)
    local names = {}
    for name in pairs(params.workspaces) do names[#names + 1] = name end
    table.sort(names)
    return {
      find = function()
        local list = {}
        for i, name in ipairs(names) do
          local listed = params.workspaces[name]
          if type(listed) == "string" then listed = { path = listed } end
          list[i] = { name = name, dir = listed.path, depends_on = listed.depends_on }
        end
        return list
      end,
    }
  end,
}
