-- What is said of a plugin that is nowhere: one of a like name, and how to install it.
-- SPDX-License-Identifier: MIT
local suggest = require("ggen.suggest")

local M = {}

-- Of the same kind, when the name is like it; of another, when it is the same.
local function hint(kind, short, names)
  local of_kind, elsewhere = {}, {}
  for _, name in ipairs(names) do
    local its_kind, its_short = name:match("^([^.]*)%.(.*)$")
    if its_kind == kind then
      of_kind[#of_kind + 1] = its_short
    elseif its_short == short then
      elsewhere[#elsewhere + 1] = name
    end
  end
  local near = suggest.nearest(short, of_kind, 3)
  if not near[1] then near, kind = elsewhere, nil end
  for i, name in ipairs(near) do near[i] = ("%q"):format(kind and kind .. "." .. name or name) end
  return near[1] and (" (did you mean %s?)"):format(table.concat(near, " or ")) or ""
end

---@param kind string
---@param short string its name without the kind
---@param names string[] "kind.name" of those that there are
---@return string message
function M.message(kind, short, names)
  local name = kind .. "." .. short
  return ("it is not part of this build, and no installed rock has the module ggen.plugins.%s%s;"
    .. " to install it: ggen-lua plugin add %s"):format(name,
    hint(kind, short, names), name)
end

return M
