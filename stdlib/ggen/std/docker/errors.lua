-- What an engine refuses, as a kind for programs and a sentence for people that says what to do
-- next. Docker tells by the status; podman says many things with 500, and the text tells.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

local M = {}

---Why an engine did not do what it was asked.
---@alias ggen.docker.Kind
---| "no_engine" nobody answers
---| "no_such_image"
---| "no_such_container"
---| "no_such_exec"
---| "no_such_volume"
---| "no_such_network"
---| "no_such_path" in the container
---| "conflict" a name that is taken, or a state in which it cannot be done
---| "not_running"
---| "port_taken"
---| "bad_request"
---| "denied"
---| "no_space"
---| "server" the engine failed
---| "timeout"
---| "closed" the connection ended early
---| "protocol" what came is not what an engine says

-- Texts of engines in lower case, as Lua patterns, first match wins; and when a status is there,
-- it is one of those for which the text is believed.
local TEXTS = {
  { "no such exec", "no_such_exec" },
  { "exec session .*not found", "no_such_exec" },
  { "no such volume", "no_such_volume" },
  { "volume with name .* not found", "no_such_volume" },
  { "get .*: no such volume", "no_such_volume" },
  { "network .*not found", "no_such_network" },
  { "no such network", "no_such_network" },
  { "unable to find network", "no_such_network" },
  { "no such image", "no_such_image" },
  { "image not known", "no_such_image" },
  { "manifest unknown", "no_such_image" },
  { "manifest for .* not found", "no_such_image" },
  { "does not resolve to a fully qualified", "no_such_image" },
  { "short%-name .* did not resolve", "no_such_image" },
  { "unauthorized", "denied" },
  { "authentication required", "denied" },
  { "requested access to the resource is denied", "denied" },
  { "pull access denied", "denied" },
  { "toomanyrequests", "denied" },
  { "no space left on device", "no_space" },
  { "disk quota exceeded", "no_space" },
  { "port is already allocated", "port_taken" },
  { "address already in use", "port_taken" },
  { "ports are not available", "port_taken" },
  { "is already in use by", "conflict" },
  { "name .* is already in use", "conflict" },
  { "name is already in use", "conflict" },
  { "executable file not found", "bad_request" },
  { "not running", "not_running" },
  { "can only kill running containers", "not_running" },
  { "can only create exec sessions on running", "not_running" },
  { "container state improper", "conflict" },
  { "is already paused", "conflict" },
  { "is not paused", "conflict" },
  { "is paused", "conflict" },
  { "removal of container .* is already in progress", "conflict" },
  { "no such container", "no_such_container" },
  { "no container with name or id", "no_such_container" },
  { "no container with id", "no_such_container" },
  { "could not find the file", "no_such_path" },
  { "no such file or directory", "bad_request" },
}

local STATUSES = { [400] = "bad_request", [401] = "denied", [403] = "denied",
  [406] = "bad_request", [409] = "conflict", [413] = "bad_request", [416] = "bad_request",
  [501] = "protocol", [507] = "no_space" }

local MISSING = { container = "no_such_container", image = "no_such_image", exec = "no_such_exec",
  volume = "no_such_volume", network = "no_such_network", path = "no_such_path" }

-- What to do next.
local ADVICE = {
  no_such_image = "pull or build it first, or check its name",
  no_such_container = "it was removed; list those that are there",
  no_such_exec = "its container has ended, or the engine was started again",
  no_such_volume = "create it first",
  no_such_network = "create it, or use none, bridge or host",
  port_taken = "let the engine choose one (host = 0), or end what listens there",
  denied = "log in to the registry, or ask who runs the engine for the right",
  no_space = "make room: docker system df shows what takes it",
  not_running = "start it first; its log may say why it ended",
}

---The kind of what the engine said.
---@param status integer? none for an error within a stream
---@param text string
---@param about string? "container", "image", "exec", ...
---@return ggen.docker.Kind
function M.kind(status, text, about)
  local lower = text:lower()
  if status == 404 and lower:find("page not found", 1, true) then return "protocol" end
  for _, entry in ipairs(TEXTS) do
    if lower:find(entry[1]) then return entry[2] end
  end
  if status == 404 then return MISSING[about] or "bad_request" end
  return STATUSES[status] or "server"
end

-- The text of an error's body: {"message":...}, podman's {"cause":..., "message":...}, or plain.
local function text_of(body)
  local value = ggen.json.decode(body)
  local text = body
  if type(value) == "table" then
    text = type(value.message) == "string" and value.message
      or type(value.cause) == "string" and value.cause or ""
  end
  return ggen.delivery.said(text, 500)
end

local function sentence(doing, text, kind)
  local advice = ADVICE[kind]
  return ("%s: %s%s"):format(doing, text, advice and " (" .. advice .. ")" or "")
end

---Of an answer that is a refusal.
---@param doing string "start container db"
---@param status integer
---@param body string
---@param about string? what a 404 is about
---@return string message, ggen.docker.Kind kind
function M.of_answer(doing, status, body, about)
  local text = text_of(body)
  local kind = M.kind(status, text, about)
  if text == "" then text = ("the engine answered %d"):format(status) end
  if kind == "protocol" then
    text = ("the engine does not know how (%d: %s); a newer one may"):format(status, text)
  elseif kind == "server" then
    text = ("the engine failed (%d): %s; its own log may say more"):format(status, text)
  end
  return sentence(doing, text, kind), kind
end

---Of an error that came within a stream, as those of a pull do.
---@param doing string
---@param text string
---@param about string?
---@return string message, ggen.docker.Kind kind
function M.of_text(doing, text, about)
  text = ggen.delivery.said(text, 500)
  local kind = M.kind(nil, text, about)
  return sentence(doing, text, kind), kind
end

-- ggen.HttpProblem -> kind; the rest is "protocol".
local PROBLEMS = { refused = "no_engine", resolve = "no_engine", tls = "no_engine",
  unsupported = "no_engine", timeout = "timeout", closed = "closed" }

---Of an exchange without an answer.
---@param doing string
---@param shown string the endpoint
---@param message string of ggen.http
---@param problem ggen.HttpProblem
---@return string message, ggen.docker.Kind kind
function M.of_problem(doing, shown, message, problem)
  local kind = PROBLEMS[problem] or "protocol"
  local reason = message:match("^%u+ %S+: (.*)$") or message
  if problem == "refused" and reason:find("Permission denied", 1, true) then
    return ("%s: %s may not be used by this user: join the group of the socket (docker), or use "
      .. "rootless podman"):format(doing, shown), "denied"
  elseif problem == "refused" or problem == "resolve" then
    return ("%s: no container engine answers at %s: %s; %s"):format(doing, shown, reason,
      require("ggen.std.docker.find").HELP), kind
  elseif problem == "timeout" then
    return ("%s: the engine at %s: %s; is it hung?"):format(doing, shown, reason), kind
  elseif problem == "closed" then
    return ("%s: the engine at %s: %s; was it stopped or started again?"):format(doing, shown,
      reason), kind
  end
  return ("%s: the engine at %s: %s"):format(doing, shown, reason), kind
end

return M
