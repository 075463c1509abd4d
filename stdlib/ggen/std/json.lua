-- JSON texts and Lua values. Objects and arrays are tables; null is `json.null`, because nil in a
-- table is no value. Numbers are doubles, so integers beyond 2^53 lose their last digits.
-- SPDX-License-Identifier: MIT
local core = require("ggen.core.json")

---@class ggen.std.json
local M = {}

---Stands for null, in both directions. Equal only to itself.
---@type userdata
M.null = core.null

---@class ggen.std.json.Style
---@field indent? integer spaces for each level, 0 to 16; all in one line without it
---@field invalid_utf8? "refuse"|"replace" what to do with bytes that are not UTF-8 (refuse)

---Reads one JSON text. At most 512 values may be inside each other.
---   > json.decode('{ "name": "shop", "tags": ["a", "b"] }')
---   < { name = "shop", tags = { "a", "b" } }
---   > json.decode('[1, 2')
---   < nil, "line 1, column 6: syntax error while parsing array - unexpected end of input; "
---   <   .. "expected ']'", "invalid"
---@param text string
---@return any value
---@return string? message with line and column
---@return string? kind
function M.decode(text) return core.decode(text) end

---Writes a value as JSON. Keys are sorted, so that equal values give equal texts. A table with the
---keys 1 to n is an array, one with texts as keys an object; an empty one is an object unless it
---came from an array or from `json.array`.
---   > json.encode({ name = "shop", tags = { "a", "b" }, size = 2 })
---   < '{"name":"shop","size":2,"tags":["a","b"]}'
---   > json.encode({ tasks = { { run = print } } })
---   < nil, "tasks[1].run: JSON has no function", "invalid"
---@param value any
---@param style? ggen.std.json.Style
---@return string? text
---@return string? message with the place of what JSON cannot hold
---@return string? kind
function M.encode(value, style) return core.encode(value, style) end

---Marks a table as an array, which matters when it is empty.
---   > json.encode({ json.array(), {} })
---   < "[[],{}]"
---@generic T
---@param elements? T[]
---@return T[] elements the same table
function M.array(elements) return core.array(elements) end

return M
