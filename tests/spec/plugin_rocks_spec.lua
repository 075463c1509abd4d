-- What plugin add reads of rocks: versions, archives, the lock. All of it is written by others.
-- SPDX-License-Identifier: MIT
local archive = require("ggen.plugin.archive")
local lock = require("ggen.plugin.lock")
local rock_version = require("ggen.plugin.rock_version")
local rockspec = require("ggen.plugin.rockspec")

describe("versions of rocks", function()
  it("are in the order of LuaRocks", function()
    local order = { "1.0alpha-1", "1.0beta-1", "1.0rc2-1", "1.0-1", "1.0-2", "1.0.1-1", "1.2-1",
      "1.10-1", "2.0-1", "scm-1" }
    for i = 1, #order do
      for j = 1, #order do
        local got = rock_version.compare(order[i], order[j])
        assert.equal(i < j and -1 or i > j and 1 or 0, got < 0 and -1 or got > 0 and 1 or 0,
          order[i] .. " and " .. order[j])
      end
    end
  end)

  it("are asked for as rockspecs do", function()
    local function fits(version, text)
      return rock_version.satisfies(version, assert(rock_version.need("x " .. text)))
    end
    assert.is_true(fits("1.2-3", ""))
    assert.is_true(fits("1.2-3", "1.2"))
    assert.is_true(fits("1.2-3", "== 1.2-3"))
    assert.is_false(fits("1.2-3", "== 1.2-2"))
    assert.is_true(fits("1.2.5-1", "~> 1.2"))
    assert.is_false(fits("1.3-1", "~> 1.2"))
    assert.is_true(fits("1.9-1", ">= 1.0, < 2"))
    assert.is_false(fits("2.0-1", ">= 1.0, < 2"))
    assert.is_false(fits("1.5-1", "~= 1.5"))
    assert.equal("1.10-1", rock_version.newest({ "1.9-1", "1.10-1", "1.2-9" }))
    assert.is_nil(rock_version.newest({ "1.0-1" }, rock_version.need("x > 1")))
    assert.is_nil((rock_version.need("x >> 1")))
    assert.is_nil((rock_version.need("")))
    assert.equal("y", rock_version.need("user/Y >= 1").rock)
  end)
end)

describe("names of rocks", function()
  it("are those of plugins, or not", function()
    assert.equal("scheduler.lifo", rockspec.plugin_of("ggen-scheduler-lifo"))
    assert.equal("cache.a-b", rockspec.plugin_of("ggen-cache-a-b"))
    assert.is_nil(rockspec.plugin_of("ggen-api"))
    assert.is_nil(rockspec.plugin_of("ggen-nothing-x"))
    assert.is_nil(rockspec.plugin_of("ggen-cache-a.b"))
    assert.equal("ggen-scheduler-lifo", rockspec.rock_of("scheduler.lifo"))
    assert.equal("some-lib", rockspec.rock_of("some-lib"))
  end)
end)

-- Bytes changed, cut and doubled, the same ones in each run.
local function mutations(text, count, visit)
  local state = 12345
  local function random(most)
    state = (state * 1103515245 + 12345) % 2147483648
    return math.floor(state / 65536) % most
  end
  for _ = 1, count do
    local changed = text
    for _ = 0, random(4) do
      local at = random(#changed + 1)
      local kind = random(3)
      local byte = string.char(random(256))
      changed = changed:sub(1, at) .. (kind == 2 and "" or byte)
        .. changed:sub(at + (kind == 0 and 1 or kind == 1 and 2 or 1 + random(40)))
    end
    visit(changed)
  end
end

local LOCK = table.concat({ '{"version":1,"plugins":[\n',
  '{"name":"scheduler.lifo","rock":"ggen-scheduler-lifo","version":"1.0.0-1","source":"file:x",',
  '"api":"^1","permissions":["net:example.org"],"trust":"environment","needed_by":["x"],',
  '"files":{"ggen/plugins/scheduler/lifo.lua":"', ("ab"):rep(32), '"}},\n',
  '{"rock":"some-lib","version":"2-1","source":"git+https://x/y.git#00",',
  '"files":{"some/lib.lua":"', ("0f"):rep(32), '"}}\n]}\n' })

describe("the lock", function()
  it("is written as it was read", function()
    assert.equal(LOCK, lock.encode(assert(lock.decode(LOCK))))
    assert.equal('{"version":1,"plugins":[\n]}\n', lock.encode({ version = 1, plugins = {} }))
  end)

  it("is refused with a reason, however damaged", function()
    local good = 0
    mutations(LOCK, 3000, function(text)
      for _, decode in ipairs({ lock.decode, lock.decode_unchecked }) do
        local locked, message = decode(text)
        if not locked then assert.equal("string", type(message)) end
        for _, entry in ipairs(locked and locked.plugins or {}) do
          local checked, why = lock.check_entry(entry)
          if not checked then assert.equal("string", type(why)) else good = good + 1 end
          for path in pairs(checked and checked.files or {}) do
            assert.is_nil(lock.path_problem(path))
          end
        end
      end
    end)
    assert.is_true(good > 0)
  end)

  it("has no file twice, and none elsewhere", function()
    local twice = LOCK:gsub("some/lib.lua", "ggen/plugins/scheduler/lifo.lua")
    assert.truthy(select(2, lock.decode(twice)):find("is a file of", 1, true))
    for _, path in ipairs({ "../x", "/x", "a/../../x", "a//b", "./a", "a\\b", "" }) do
      assert.is_string(lock.path_problem(path), path)
    end
    assert.is_nil(lock.path_problem("some/lib.lua"))
  end)
end)

describe("an archive", function()
  local ZIP = "PK\3\4\20\0\0\0\0\0\0\0\0\0" .. ("\0"):rep(4) .. "\1\0\0\0\1\0\0\0\5\0\0\0a.luax"
    .. "PK\1\2\20\3\20\0\0\0\0\0\0\0\0\0" .. ("\0"):rep(4) .. "\1\0\0\0\1\0\0\0\5\0\0\0\0\0\0\0\0\0"
    .. "\0\0\164\129\0\0\0\0a.lua" .. "PK\5\6\0\0\0\0\1\0\1\0\51\0\0\0\36\0\0\0\0\0"

  it("is read from its directory", function()
    local entries = assert(archive.zip(ZIP))
    assert.same({ { name = "a.lua", size = 1 } }, { entries[1] })
    local _, message = archive.zip((ZIP:gsub("\164\129", "\255\161")))
    assert.equal('"a.lua" in it is a link', message)
  end)

  it("is refused with a reason, however damaged", function()
    mutations(ZIP, 3000, function(text)
      local entries, message = archive.zip(text)
      if not entries then assert.equal("string", type(message)) end
      for _, entry in ipairs(entries or {}) do assert.is_nil(archive.name_problem(entry.name)) end
    end)
    local block = "a.lua" .. ("\0"):rep(95) .. "0000644\0" .. "0000000\0"
      .. "0000000\0" .. "00000000001\0" .. "00000000000\0" .. "012345\0 " .. "0" .. ("\0"):rep(355)
    mutations(block .. "x" .. ("\0"):rep(511 + 1024), 3000, function(text)
      local entries, message = archive.tar(text)
      if not entries then assert.equal("string", type(message)) end
      for _, entry in ipairs(entries or {}) do assert.is_nil(archive.name_problem(entry.name)) end
    end)
  end)
end)
