-- A thousand schedules, each played twice: the same seed gives the same log.
-- SPDX-License-Identifier: MIT

-- Where nothing else is known of a kind: its methods, in an order of their own.
local function play(suite, draw)
  local instance = suite:set_up_otherwise(draw)
  if not instance then return "" end
  local log, scene = {}, suite:scene(draw)
  for _, method in ipairs(draw:shuffle(suite:methods_of(instance))) do
    local args = suite:args_of(method, scene)
    if args then
      local outcome = suite:call(instance, method, args)
      log[#log + 1] = method .. " " .. suite:came(outcome) .. suite:text_of(method, args, outcome)
    end
  end
  suite:close(instance)
  return table.concat(log, "\n")
end

-- The first line in which two texts differ.
local function difference(a, b)
  local other = b:gmatch("([^\n]*)\n?")
  for line in a:gmatch("([^\n]*)\n?") do
    local its = other()
    if line ~= its then return line, its or "" end
  end
  return "", ""
end

---@param suite ggen.contract.Suite
---@return string? problem
return function(suite)
  local schedule = suite.kind.schedule or play
  for number = 1, suite.schedules do
    local logs = {}
    for i = 1, 2 do
      logs[i] = suite:play(function()
        return schedule(suite, suite:draw("schedule", number), number):gsub("0x%x+", "0x")
      end, number)
      if suite.hung then return nil end
    end
    if logs[1] ~= logs[2] then
      local first, second = difference(logs[1], logs[2])
      return suite:problem(("schedule %d, played twice,"):format(number),
        ("gave\n  %s\nand then\n  %s"):format(first:sub(1, 200), second:sub(1, 200)),
        "the same seed gives the same log: chance and the clock of the machine decide nothing",
        number)
    end
  end
end
