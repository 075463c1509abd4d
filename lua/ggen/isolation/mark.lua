-- Whether the text of a plugin says that it is to run in a process of its own. Looked at before
-- anything of it is run, so it has to stand there in one piece.
-- SPDX-License-Identifier: MIT
local M = {}

---@param text string of the file
---@return boolean
function M.is_in(text) return text:find("trust%s*=%s*[\"']process[\"']") ~= nil end

---What is to be said of a plugin that says so without a mark; nil of others.
---@param plugin any
---@return string?
function M.problem(plugin)
  if type(plugin) ~= "table" or rawget(plugin, "trust") ~= "process" then return nil end
  return 'write trust = "process" as it stands here: it is looked for in the text of the file,'
    .. " before that is run"
end

return M
