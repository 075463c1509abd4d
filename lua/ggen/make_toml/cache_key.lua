-- `cache_key` of a phase: "Cargo.toml|Cargo.lock", a list of files, or a text with
-- {{ hash('Cargo.lock') }} and {{ env.NAME }} in it.
-- SPDX-License-Identifier: MIT
local source = require("ggen.make_toml.source")

local M = {}

---@class ggen.make_toml.CacheKey
---@field files string[] whose contents enter the key
---@field env string[]? variables whose values enter it
---@field text string? the template, when there is more to it than files

-- What {{ ... }} asks for.
local function ask(self, container, key, path, expression, into)
  local file = expression:match("^%s*hash%s*%(%s*['\"]([^'\"]+)['\"]%s*%)")
  local variable = not file and expression:match("^%s*env%.([%a_][%w_]*)")
  if file then
    into.files[#into.files + 1] = file
  elseif variable then
    into.env = into.env or {}
    into.env[#into.env + 1] = variable
  else
    self:note(container, key, path, "template", ("{{%s}} is not understood"):format(expression),
      " (hash('FILE') and env.NAME are)")
  end
end

---@return ggen.make_toml.CacheKey
function M.read(self, container, key, path)
  local value = source.read.texts("names of files")(self, container, key, path)
  local into = { files = {} }
  for _, text in ipairs(value) do
    if text:find("{{", 1, true) then
      local rest = text:gsub("{{(.-)}}", function(expression)
        ask(self, container, key, path, expression, into)
        return ""
      end)
      if rest ~= "" or into.env then into.text = (into.text or "") .. text end
    else
      for file in text:gmatch("[^|]+") do
        file = file:match("^%s*(.-)%s*$")
        if file ~= "" then into.files[#into.files + 1] = file end
      end
    end
  end
  return into
end

return M
