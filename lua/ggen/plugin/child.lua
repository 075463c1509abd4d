-- What others have written is read in a process of its own, with little memory and little time: a
-- rockspec is a program, and so is the table of a plugin. This is both sides: ask() starts it,
-- main() is what it does.
-- SPDX-License-Identifier: MIT
local json = require("ggen.core.json")

local M = {}

local MEMORY, CPU, WALL = 512 * 1024, 2, 20 -- KiB, seconds
local MOST_BYTES, MOST_VALUES, DEEPEST = 1024 * 1024, 20000, 12
local MOST_PERMISSIONS = 50

-- Inside ------------------------------------------------------------------------------------------

-- A copy without functions and cycles, with texts as keys.
local function plain(value, depth, budget)
  budget.left = budget.left - 1
  if budget.left < 0 or depth > DEEPEST then error("it has too many values", 0) end
  if type(value) == "string" or type(value) == "boolean" then return value end
  if type(value) == "number" then
    return value == value and math.abs(value) < math.huge and value or nil
  end
  if type(value) ~= "table" then return nil end
  local copy, list = {}, true
  for key, inner in pairs(value) do
    if type(key) ~= "number" then list = false end
    copy[type(key) == "number" and key or tostring(key)] = plain(inner, depth + 1, budget)
  end
  if list then return json.array(copy) end
  local named = {}
  for key, inner in pairs(copy) do named[tostring(key)] = inner end
  return named
end

local readers = {}

function readers.rockspec(request)
  local file = assert(io.open(request.path, "rb"))
  local text = file:read(MOST_BYTES + 1) or ""
  file:close()
  if #text > MOST_BYTES then error("the rockspec is larger than 1 MiB", 0) end
  if text:byte(1) == 27 then error("the rockspec is compiled Lua", 0) end
  local chunk, message = loadstring(text:gsub("^#[^\n]*", ""), "=rockspec")
  if not chunk then error(message, 0) end
  local found = {}
  setfenv(chunk, found)()
  return plain(found, 1, { left = MOST_VALUES })
end

-- What the table of a plugin says, or why it is none that can be taken in.
local function said_by(plugin)
  local checked, message, why = require("ggen.registry").check(plugin)
  if not checked then return { refused = message, level = why == "level" or nil } end
  local asked = require("ggen.isolation.permissions")
  if #checked.permissions > MOST_PERMISSIONS then
    return { refused = ("it asks for %d permissions, and nobody reads more than %d"):format(
      #checked.permissions, MOST_PERMISSIONS) }
  end
  for _, text in ipairs(checked.permissions) do
    local _, problem = asked.parse(text)
    if problem then return { refused = problem } end
  end
  return plain({ name = checked.name, kind = checked.kind, version = checked.version,
    api = checked.api, desc = checked.desc, permissions = checked.permissions,
    trust = plugin.trust }, 1, { left = MOST_VALUES })
end

function readers.plugin(request)
  -- Where the kernel has a sandbox, or parts of one, behind that as well.
  local answer, message = require("ggen.isolation.process").manifest(request.path, {
    dir = request.dir, granted = {}, search_path = request.search_path, weaker = true,
    limit = CPU }, said_by)
  return answer or { refused = message }
end

---The child: a request on its standard input, the answer on its standard output.
function M.main()
  jit.off()
  local request = json.decode(io.read("*a"))
  local ok, answer = pcall(readers[request.what], request)
  io.write(json.encode(ok and { answer = answer } or { problem = tostring(answer) },
    { invalid_utf8 = "replace" }))
end

-- Outside -----------------------------------------------------------------------------------------

-- Started by our own binary. The limits are the shell's: they hold for what it becomes.
local SCRIPT = 'ulimit -v %d; ulimit -t %d; ulimit -c 0; exec "$0" lua -e'
  .. ' "require(\'ggen.plugin.child\').main()"'

-- Positions in tables that have names as well went through JSON as texts.
local function with_positions(value)
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, inner in pairs(value) do
    local position = type(key) == "string" and key:find("^[1-9]%d?%d?%d?$") and tonumber(key)
    copy[position or key] = with_positions(inner)
  end
  return copy
end

---@async
---@param request { what: "rockspec"|"plugin", path: string, share: string? } share: what messages
---name files from
---@return table? answer
---@return string? message what is wrong with it
function M.ask(request)
  local run = require("ggen.plugin.process").run
  local result, message = run({ "sh", "-c", SCRIPT:format(MEMORY, CPU),
    require("ggen.core.fs").realpath("/proc/self/exe") }, { timeout = WALL,
    cwd = request.share, stdin = json.encode(request) })
  if not result then return nil, message end
  local answer = result.code == 0 and json.decode(result.stdout)
  if type(answer) ~= "table" then
    if result.timed_out or result.signal then
      return nil, ("reading it took more than %d s of time, or 512 MiB of memory"):format(CPU)
    end
    return nil, "reading it failed: " .. ((result.stderr or ""):match("([^\n]*)%s*$") or "")
  end
  if answer.problem then return nil, answer.problem end
  return with_positions(answer.answer)
end

return M
