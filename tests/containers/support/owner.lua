-- A run that makes containers, for owned_spec.lua and reaper_spec.lua: does what its arguments say,
-- one after the other, and prints a line for each.
--   ggen-lua lua owner.lua PROJECT WORD...
--     make NAME         a container; prints its id
--     unheard NAME      the same, but never says that it was made
--     keep SECONDS      lets the last one go
--     adopt NAME CONFIG prints the ids
--     volume            prints its name
--     sweep             prints how many were removed
--     remove            the last one
--     wait              until a line comes
--     end               closes the books and ends
-- SPDX-License-Identifier: MIT
local docker = require("ggen").std.docker

local IMAGE, CONFIG = "localhost/ggen/bb:1", "1"

local words, position = arg, 1
local function word()
  position = position + 1
  return words[position]
end

local function say(...)
  print(...)
  io.stdout:flush()
end

local engine
local owner = assert(docker.owned.open({ project_dir = words[1], engine = function()
  engine = engine or assert(docker.connect())
  return engine
end }))

local SPEC = { image = IMAGE, cmd = { "tail", "-f", "/dev/null" }, network = "none",
  extra = { Volumes = { ["/anonymous"] = {} } } }

local last

local DO = {
  make = function()
    last = assert(owner:create(SPEC, { name = word(), config = CONFIG }))
    assert(engine:start(last))
    say(last)
  end,
  unheard = function()
    local labels = owner:labels({ name = word(), config = CONFIG })
    local spec = { labels = labels }
    for name, value in pairs(SPEC) do spec[name] = value end
    assert(engine:create(spec))
    say("made")
  end,
  keep = function()
    assert(engine:pause(last))
    owner:let_go(last, tonumber(word()))
    say("kept")
  end,
  adopt = function()
    local ids = {}
    local taken, message = owner:adopt({ name = word(), config = word() })
    for i, one in ipairs(taken) do ids[i] = one.id end
    say("adopted", table.concat(ids, " "), message or "")
  end,
  volume = function()
    local labels = owner:labels({ name = "data" })
    say(assert(engine:volume_create({ labels = labels })).name)
  end,
  sweep = function()
    local swept = owner:sweep()
    say("swept", #swept.containers, swept.volumes, swept.problem or "")
  end,
  remove = function()
    assert(engine:remove(last, { force = true, volumes = true }))
    owner:gone(last)
    say("removed")
  end,
  wait = function() io.read("*l") end,
  ["end"] = function()
    owner:close()
    say("closed", engine and engine.requests or 0)
  end,
}

while true do
  local what = word()
  if not what then return 0 end
  DO[what]()
end
