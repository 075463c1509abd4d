-- The contract suite by the kinds cache and fingerprint.
-- SPDX-License-Identifier: MIT
local wrong_plugins = require("wrong_plugins")

describe("the contract suite of cache policies", function()
  local GOOD = [[
    local self = {
      limit = function() return 2 ^ 30 end,
      lookup = function(_, _, entry) return entry.age < 86400 * params.level, "old" end,
      admit = function(_, _, result) return result.bytes < 2 ^ 23, "large" end,
      victims = function(_, entries, budget)
        return ggen.evict.lowest(entries, budget, entries.last_access, "size")
      end,
    }
    self.lookup = function(_, _, entry)
      if entry.age < 86400 * params.level then return true end
      return false, "old"
    end
    self.admit = function(_, _, result) return result.bytes < 2 ^ 23 or params.level > 3 end
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("cache", with(""))
  wrong_plugins.builtin("cache")
  wrong_plugins.describe("cache", {
    { "returns rows that are not there", "answers", with([[
      self.victims = function(_, entries) return { entries.count + 1 } end]]),
      "which is no index of an entry" },
    { "returns a row twice", "answers", with([[
      self.victims = function(_, entries) return entries.count > 0 and { 1, 1 } or {} end]]),
      "the index 1 twice" },
    { "serves neither yes nor no", "answers", with("self.lookup = function() return 'yes' end"),
      'returned "yes"\nthe contract: true or false' },
    { "has a limit that is none", "answers", with("self.limit = function() return '5GiB' end"),
      "bytes, or nothing for no limit" },
    { "keeps a result by saying nothing", "answers", with("self.admit = function() end"),
      "returned nothing\nthe contract: true or false" },
    { "serves a result by saying nothing", "answers", with("self.lookup = function() end"),
      "returned nothing\nthe contract: true or false" },
    { "serves for a time that is over", "answers", with([[
      self.lookup = function(_, _, entry)
        if entry.age < 86400 then return true, -1 end
        return false, "old"
      end]]), "for how many seconds that holds" },
    { "serves for longer than it means", "holds as long as it says", with([[
      self.lookup = function(_, _, entry)
        if entry.age < 86400 then return true, 86400 end
        return false, "old"
      end]]), "what holds for so many seconds holds until they are over" },
    { "makes a result look younger", "arguments", with([[
      self.lookup = function(_, _, entry) entry.age = 0 return true end]]),
      "set argument 2.age = 0, which was" },
    { "sorts the rows that it was shown", "arguments", with([[
      self.victims = function(_, entries, budget)
        table.sort(entries.bytes)
        return ggen.evict.lowest(entries, budget, entries.last_access)
      end]]), "set argument 1.bytes[" },
    { "goes by the clock of the machine", "purity", with([[
      self.victims = function(_, entries, budget)
        local score = {}
        for i = 1, entries.count do score[i] = (os.time() + i * 7919) % 101 end
        return ggen.evict.lowest(entries, budget, score)
      end]]), "it is pure" },
    { "lets chance decide", "schedules", with([[
      self.admit = function() return math.random() < 0.5 end]]), "the same seed" },
    { "frees less than it was asked for", "makes room", with([[
      self.victims = function(_, entries, budget)
        local of_past_runs = entries.task[1] and entries.task[1]:find("^task")
        return ggen.evict.lowest(entries, of_past_runs and budget or budget / 100,
          entries.last_access)
      end]]), "bytes of" },
    { "keeps too much at a replay", "keeps within its limit", with([[
      self.victims = function(_, entries, budget)
        if entries.task[1] and entries.task[1]:find("^task") then return {} end
        return ggen.evict.lowest(entries, budget, entries.last_access)
      end]]), "its victims are too few" },
  })
end)

describe("the contract suite of fingerprints", function()
  local GOOD = [[
    local self = {
      inputs = "content",
      parts = function(_, task, key)
        key:add("level", params.level)
        key:env("CC")
        if task.workspace then key:file("settings/*.ini") end
      end,
    }
  ]]
  local function with(text) return GOOD .. text .. "\nreturn self" end

  wrong_plugins.good("fingerprint", with(""))
  wrong_plugins.builtin("fingerprint")
  wrong_plugins.describe("fingerprint", {
    { "adds nothing and counts nothing", "setup", "return {}",
      "a fingerprint has the method parts" },
    { "writes into the task", "arguments", with([[
      self.parts = function(_, task, key)
        task.keyed = true
        key:add("name", task.name)
      end]]), "set task.keyed = true" },
    { "adds a table", "answers", with([[
      self.parts = function(_, task, key) key:add("tags", { task.name }) end]]),
      'key:add("tags", {' },
    { "returns what it should add", "answers", with([[
      self.parts = function() return { CC = "gcc" } end]]), "by key:add(name, value)" },
    { "names no variable", "answers", with([[
      self.parts = function(_, _, key) key:env("A B") end]]), "the name of a variable" },
    { "reads the clock", "purity", with([[
      self.parts = function(_, _, key) key:add("day", os.date("%d")) end]]),
      "asked the host: a look at the clock" },
    { "counts its calls", "purity", with([[
      local n = 0
      self.parts = function(_, _, key) n = n + 1 key:add("n", n) end]]),
      "when it was called again" },
    { "passes over what the key refuses", "errors", with([[
      self.parts = function(_, _, key) pcall(key.add, key, "a", 1) end]]),
      "KeyBuilder:add: refused by the contract suite (1) failed" },
    { "knows another way to count inputs", "inputs", with("self.inputs = 'size'"),
      'inputs = "size"' },
  })
end)
