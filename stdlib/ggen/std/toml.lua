-- TOML 1.0 texts as Lua tables. Dates and times become texts, as RFC 3339 writes them.
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.toml")

---@class ggen.std.toml
local M = {}

---Reads one TOML text. Values may be 64 inside each other, and keys have 64 parts, at most.
---   > toml.decode('title = "shop"\n[build]\njobs = 2\nsince = 2026-02-03')
---   < { title = "shop", build = { jobs = 2, since = "2026-02-03" } }
---   > toml.decode("a = 1\na = 2")
---   < nil, "line 2, column 5: Error while parsing key-value pair: "
---   <   .. "cannot redefine existing integer 'a'", "invalid"
---@param text string
---@return table? value
---@return string? message with line and column
---@return string? kind
function M.decode(text) return core.decode(text) end

---Reads one TOML text, for who has to say in which line something is wrong.
---   > local value, line = toml.decode_lines("[[rule]]\nname = 'a'\n[[rule]]\nname = 3\n")
---   > value.rule[2].name, line(value.rule[2], "name"), line(value.rule, 2)
---   < 3, 4, 3
---@param text string
---@return table? value
---@return (fun(container: table, key: string|integer): integer?)|string line of a key of a table,
---or of an element of a list; without a value the message, with line and column
---@return string? kind
function M.decode_lines(text)
  local value, places, kind = core.decode_placed(text)
  if not value then return nil, places, kind end
  return value, function(container, key)
    local place = places[container] and places[container][key]
    return type(place) == "number" and math.floor(place / core.columns) or nil
  end
end

return M
