-- For developing: a tree of sources that replaces those inside the binary.
-- SPDX-License-Identifier: MIT
local M = {}

---@param source_tree string directory
function M.use(source_tree)
  table.insert(package.loaders, 2, function(name)
    local path = name:gsub("%.", "/")
    local plugin = path:match("^ggen/plugins/(.*)$")
    for _, try in ipairs(plugin and { "plugins/" .. plugin } or { "lua/" .. path, "stdlib/"
      .. path }) do
      for _, suffix in ipairs({ ".lua", "/init.lua" }) do
        local file = io.open(source_tree .. "/" .. try .. suffix, "rb")
        if file then
          local code = file:read("*a")
          file:close()
          return assert(loadstring(code, "@ggen:" .. try .. suffix))
        end
      end
    end
    return "\n\tno module '" .. name .. "' in " .. source_tree
  end)
end

return M
