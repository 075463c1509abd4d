-- The head of an answer over HTTP/1.1, read from bytes that anybody may have sent. Knows no
-- connection.
-- SPDX-License-Identifier: MIT
local M = {}

local TOKEN = "^[%w!#$%%&'*+.^_`|~-]+$" -- RFC 9110, 5.6.2

---@param text string
---@return boolean
function M.is_token(text) return text:find(TOKEN) ~= nil end

---@class ggen.HttpHead
---@field status integer
---@field reason string
---@field headers table<string, string> names in lower case; repeated ones are joined by ", "

---Where the head ends, if all of it is there.
---@param bytes string
---@param from integer? what is before this byte was looked at already
---@return integer? last byte of it
function M.ending(bytes, from)
  local _, last = bytes:find("\r?\n\r?\n", math.max(1, (from or 1) - 3))
  return last
end

---@param bytes string the head, with or without the empty line behind it
---@return ggen.HttpHead? head
---@return string? message
function M.parse(bytes)
  local line, rest = bytes:match("^([^\r\n]*)\r?\n(.*)$")
  local status, reason = (line or bytes):match("^HTTP/1%.%d ([1-5]%d%d) ?([^%z\r\n]*)$")
  if not status then return nil, "the answer does not begin as one of HTTP/1.1 does" end
  local headers = {}
  for field in rest:gmatch("([^\n]*)\n?") do
    field = field:gsub("\r$", "")
    if field ~= "" then
      local name, value = field:match("^([^:]+):[ \t]*(.-)[ \t]*$")
      if not name or not M.is_token(name) or value:find("[%z\r]") then
        return nil, "a line of the answer's head is no header"
      end
      name = name:lower()
      headers[name] = headers[name] and headers[name] .. ", " .. value or value
    end
  end
  return { status = tonumber(status), reason = reason, headers = headers }
end

---How many bytes a body has by its head.
---@param headers table<string, string>
---@return integer? bytes nil: as many as come
---@return string? message when the head contradicts itself
function M.length(headers)
  local text = headers["content-length"]
  if not text then return nil end
  local digits = text:match("^(%d+)$")
  if not digits or #digits > 15 then
    return nil, "the answer's Content-Length is no number"
  end
  return tonumber(digits)
end

---@param headers table<string, string>
---@return boolean
function M.chunked(headers)
  return (headers["transfer-encoding"] or ""):lower():find("chunked", 1, true) ~= nil
end

return M
