-- Things that Lua 5.4 can do and earlier versions or broken builds cannot.
-- SPDX-License-Identifier: MIT
-- luacheck: std lua54
print(_VERSION, math.type(7 // 2), 7 // 2, 7 / 2, 3 | 4)

do
  local log = {}
  do
    local _ <close> = setmetatable({}, { __close = function() log[#log + 1] = "closed" end })
    log[#log + 1] = "open"
  end
  print(table.concat(log, " "))
end

local words = {}
for word in ("the cat and the dog and the bird"):gmatch("%a+") do
  words[word] = (words[word] or 0) + 1
end
local sorted = {}
for word in pairs(words) do sorted[#sorted + 1] = word end
table.sort(sorted, function(a, b)
  if words[a] ~= words[b] then return words[a] > words[b] end
  return a < b
end)
for i = 1, 3 do print(words[sorted[i]], sorted[i]) end

local primes = coroutine.wrap(function()
  for n = 2, math.huge do
    for d = 2, n do
      if d * d > n then coroutine.yield(n) goto next end
      if n % d == 0 then goto next end
    end
    ::next::
  end
end)
local first = {}
for i = 1, 10 do first[i] = primes() end
print(table.concat(first, ","))

print(utf8.len("naïve café"), utf8.char(0x20AC), ("%q"):format(1 / 3))
print(string.unpack("<i4", string.pack("<i4", -2)), #string.pack("z", "seven"))
print(select("#", table.unpack({ 1, nil, 3 }, 1, 3)), select(2, pcall(error, { code = 7 })).code)
print(load("return 6 * 7", "answer", "t", {})())
print(math.maxinteger + 1 == math.mininteger, 0x7fffffffffffffff)

local t <const> = setmetatable({}, { __index = function(_, k) return k * k end })
print(t[12], collectgarbage("count") > 0)
