-- The hooks of a moment at the same time. Each of them runs, whatever became of the others, so that
-- which ones did does not depend on how fast they were. One waits for another when its task names
-- it (`after`, `needs`), and while another runs that makes the same files or has the same
-- `exclusive` name.
-- SPDX-License-Identifier: MIT
local ggen = require "ggen"
local glob = require "ggen.std.glob"
local list = require "ggen.std.list"

local function has_wildcard(path) return path:find("[*?%[{\\]") ~= nil end

-- What a pattern begins with that is no pattern: "gen/" of "gen/*.c".
local function fixed_part(pattern) return pattern:match("^[^*?%[{\\]*") end

local function is_below(path, dir) return path:sub(1, #dir + 1) == dir .. "/" end

-- Whether a path, or a directory that it lies in, fits a pattern.
local function covers(pattern, path)
  repeat
    if pattern == path or glob.match(pattern, path) then return true end
    path = path:match("^(.*)/[^/]*$")
  until not path
  return false
end

-- Whether two outputs may be the same file. Of two patterns with wildcards only the beginnings are
-- compared: to wait once too often is no harm.
local function overlap(a, b)
  if not has_wildcard(b) then a, b = b, a end
  if has_wildcard(a) then
    local first, second = fixed_part(a), fixed_part(b)
    local length = math.min(#first, #second)
    return first:sub(1, length) == second:sub(1, length)
  end
  if not has_wildcard(b) then return a == b or is_below(a, b) or is_below(b, a) end
  -- A directory that is an output has all below it.
  return covers(b, a) or is_below(fixed_part(b), a)
end

local function any_overlap(first, second)
  for _, a in ipairs(first) do
    for _, b in ipairs(second) do
      if overlap(a, b) then return true end
    end
  end
  return false
end

local function in_the_way(hook, other)
  if other.exclusive == true or hook.exclusive == true then return true end
  if hook.exclusive and hook.exclusive == other.exclusive then return true end
  return any_overlap(hook.outputs, other.outputs)
end

-- The position of the first hook that may begin: nothing that it is to come after is left, and
-- nothing that runs is in its way.
local function next_of(left, running)
  for i, hook in ipairs(left) do
    local free = true
    for _, other in ipairs(left) do
      free = free and not (other ~= hook and list.contains(hook.after, other.name))
    end
    for other in pairs(running) do
      free = free and not list.contains(hook.after, other.name) and not in_the_way(hook, other)
    end
    if free then return i end
  end
end

local function run_all(hooks, call, width)
  local left, running, failures, cancelled = {}, {}, {}, false
  for i, hook in ipairs(hooks) do left[i] = hook end
  local ended = ggen.async.future()

  local function run_one(hook)
    running[hook] = true
    local ok, problem = pcall(call, hook)
    running[hook] = nil
    if problem == ggen.async.CANCELLED then cancelled = true end
    if not ok then failures[hook] = tostring(problem) end
    local before = ended
    ended = ggen.async.future()
    before:resolve()
  end

  local function work()
    while #left > 0 and not cancelled do
      local i = next_of(left, running)
      if i then run_one(table.remove(left, i)) else ended:wait() end
    end
  end

  local workers = {}
  for i = 1, math.min(width, #hooks) do workers[i] = work end
  ggen.async.all(workers)
  if cancelled then error(ggen.async.CANCELLED, 0) end
  local messages = {}
  for _, hook in ipairs(hooks) do messages[#messages + 1] = failures[hook] end
  if #messages > 0 then error(table.concat(messages, "; "), 0) end
end

---@type ggen.Plugin
return {
  name = "parallel",
  kind = "hooks",
  version = "1.0.0",
  api = 1,
  desc = "Run the hooks of a moment at the same time, all of them whatever becomes of the others",
  params = {
    jobs = { type = "integer", min = 1,
      desc = "How many hooks of one moment run at once (default: as many tasks as -j allows)" },
  },
  setup = function(params, host)
    local width = params.jobs or host.options and host.options.jobs or 1
    return { run = function(_, hooks, call) run_all(hooks, call, width) end }
  end,
}
