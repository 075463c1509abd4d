-- Files of real projects, which are not ours to keep: in the directory GGEN_CORPUS, or in
-- ../shared/corpus beside the checkout, or not there at all.
-- SPDX-License-Identifier: MIT
local fs = require("ggen.core.fs")

local here = assert(fs.realpath(debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$")))

local M = { path = os.getenv("GGEN_CORPUS") or here .. "/../../../../shared/corpus" }

---@return string[] names the make.toml files of the corpus, sorted; none where it is not there
function M.make_tomls()
  local names = {}
  for _, entry in ipairs(fs.list(M.path .. "/make-toml") or {}) do
    if entry.name:find("%.toml$") then names[#names + 1] = entry.name end
  end
  table.sort(names)
  return names
end

return M
