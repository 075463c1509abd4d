-- Requests over HTTP and HTTPS that wait in a coroutine. The connections are kept alive and shared
-- by the whole run; redirects are not followed.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local schema = require("ggen.schema")
local sorted = require("ggen.sorted")

local M = {}

local REQUEST = { type = "record", fields = {
  url = { type = "string", required = true },
  method = { type = "string", default = "GET" },
  headers = { type = "map", of = { type = "any" }, default = {} },
  body = { type = "string" },
  body_file = { type = "string" },
  save = { type = "string" },
  on_data = { type = "function" },
  timeout = { type = "duration", default = 60 },
  connect_timeout = { type = "duration", default = 10 },
  first_byte_timeout = { type = "duration", default = 0 },
  max_bytes = { type = "size" },
  unix_socket = { type = "string" },
  ca_file = { type = "string" },
  cert_file = { type = "string" },
  key_file = { type = "string" },
} }

-- As the binding wants them: name, value, name, value.
local function header_list(headers)
  local list, agent = {}, false
  for _, name in ipairs(sorted.keys(headers)) do
    agent = agent or name:lower() == "user-agent"
    list[#list + 1] = name
    list[#list + 1] = tostring(headers[name])
  end
  if not agent then
    list[#list + 1] = "User-Agent"
    list[#list + 1] = "ggen-lua/" .. require("ggen.version")
  end
  return list
end

-- One value for each name: repeated headers are one list (RFC 9110, 5.3).
local function header_map(list)
  local map = {}
  for i = 1, #list, 2 do
    local name, value = list[i], list[i + 1]
    map[name] = map[name] and map[name] .. ", " .. value or value
  end
  return map
end

-- What on_data raises is for whoever waits for the answer: it may not get into the loop.
local function taker(checked)
  local on_data = checked.on_data
  if not on_data then return nil end
  local take = {}
  function checked.on_data(bytes)
    local ok, result = pcall(on_data, bytes)
    if not ok then take.failure = { result } end
    return ok and result ~= false
  end
  return take
end

-- While a pipeline is loading the network is not asked.
local function refuse_while_loading()
  if not require("ggen.loading").current() then return end
  error("while a pipeline is loading nothing may be sent (do it in a task or in a plugin)", 3)
end

---Asks and waits for the whole answer. A status such as 404 is an answer; there is none when nobody
---could be reached, in time, whose certificate is trusted.
---@async
---@param options ggen.HttpRequest
---@return ggen.HttpResponse? response
---@return string? message
---@return ggen.HttpProblem? problem
function M.request(options)
  refuse_while_loading()
  local checked, message, where = schema.check(REQUEST, options)
  if not checked then error("ggen.http.request: " .. schema.message(message, where), 2) end
  if checked.body and checked.body_file then
    error("ggen.http.request: either body or body_file", 2)
  elseif checked.save and checked.on_data then
    error("ggen.http.request: either save or on_data", 2)
  end
  local take = taker(checked)
  checked.headers = header_list(checked.headers)
  local response, problem
  response, message, problem = async.await(function(resume)
    return require("ggen.core.http").request(checked, resume)
  end)
  if take and take.failure then error(take.failure[1], 0) end
  if not response then return nil, message, problem end
  response.headers = header_map(response.headers)
  return response
end

---Asks for a connection of its own that is ours after the answer (101, or 200 without a length).
---@async
---@param options ggen.HttpUpgrade
---@return ggen.Stream? stream
---@return ggen.HttpResponse|string response or message
---@return ggen.HttpProblem|"status"? problem
---@return ggen.HttpResponse? response of another status
function M.upgrade(options)
  refuse_while_loading()
  local stream, response, problem, refusal = require("ggen.http_upgrade").upgrade(options)
  return stream, response, problem, refusal
end

return M
