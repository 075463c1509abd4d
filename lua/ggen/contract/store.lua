-- The contract of stores: what was put is given back, byte for byte, or nothing is. Who asks
-- another machine has a server here that keeps what it is sent.
-- SPDX-License-Identifier: MIT
local async = require("ggen.async")
local fs = require("ggen.core.fs")
local registry = require("ggen.registry")
local sorted = require("ggen.sorted")
local values = require("ggen.contract.values")
local world = require("ggen.contract.world")

local M = { order = { "has", "blob_put", "put", "get", "blob_get", "stats" } }

local MOST = 3000 -- bytes

local number = 0

-- A file with these bytes; the names are those of the engine, all different.
local function blob_file(suite, name, bytes)
  local path = ("%s/%s"):format(suite.dir, name)
  assert(fs.write(path, bytes))
  return path
end

local function new_path(suite)
  number = number + 1
  return ("%s/new-%d"):format(suite.dir, number)
end

function M.scene(suite, draw, size)
  local digest = draw:hex(64)
  local bytes = draw:bytes(size == "large" and 20000 or MOST)
  return { key = draw:hex(64), bytes = draw:bytes(size == "large" and 20000 or MOST),
    digest = digest, path = blob_file(suite, "blob-" .. digest:sub(1, 8), bytes),
    new_path = ("%s/new-%s"):format(suite.dir, digest:sub(1, 8)), others = draw:int(0, 3) }
end

local MODES = { readwrite = true, read = true, write = true }

-- The engine's own work needs no methods; others are of use in pairs.
function M.needs(impl)
  local mode = impl.mode == nil and "readwrite" or impl.mode
  if not MODES[mode] then
    return 'mode is "readwrite", "read" or "write", and not ' .. values.show(mode)
  end
  if impl.machine == true then return nil end
  local pairs_of = { { "get", "blob_get", "write" }, { "put", "blob_put", "read" } }
  local some = false
  for _, pair in ipairs(pairs_of) do
    local result, blob, unless = unpack(pair)
    if impl[result] and not impl[blob] or impl[blob] and not impl[result] then
      return ("a store has both %s and %s, or neither: a result is nothing without its files")
        :format(result, blob)
    end
    some = some or impl[result] ~= nil and mode ~= unless
  end
  if not some then
    return "a store hands out what it has (get, blob_get), keeps what it is given (put, blob_put),"
      .. " or is the cache of this machine (machine = true)"
  end
end

M.calls = {
  put = function(scene) return { scene.key, scene.bytes } end,
  get = function(scene) return { scene.key } end,
  has = function(scene)
    local digests = { scene.digest }
    for i = 1, scene.others do digests[i + 1] = ("%064x"):format(i) end
    return { digests }
  end,
  blob_put = function(scene) return { scene.digest, scene.path } end,
  blob_get = function(scene)
    world.outside(function() return fs.remove(scene.new_path) end)
    return { scene.digest, scene.new_path }
  end,
  stats = function() return {} end,
}

local function done_or_not(results)
  local kind = type(results[1])
  if kind ~= "nil" and kind ~= "boolean" then
    return "true when it is done, nil and a message when it is not"
  end
end

M.answers = {
  put = done_or_not, blob_put = done_or_not, blob_get = done_or_not,
  get = function(results)
    if results[1] ~= nil and type(results[1]) ~= "string" then
      return "the bytes that were put, or nil when there are none"
    end
  end,
  has = function(results)
    local all = results[1]
    if all == nil and results[2] then return nil end
    local wrong = type(all) ~= "table"
    for digest, there in pairs(wrong and {} or all) do
      wrong = wrong or type(digest) ~= "string" or type(there) ~= "boolean"
    end
    return wrong and "a table of the digests that are there: { [digest] = true }" or nil
  end,
  stats = function(results)
    if type(results[1]) ~= "table" then return "a table of counters, by name" end
    for name, value in pairs(results[1]) do
      if type(name) ~= "string" or type(value) ~= "number" then
        return "a table of counters, by name"
      end
    end
  end,
}

function M.fails(results) return results[1] == nil and results[2] ~= nil end

local TOLD = "nil and a message, or an error"
M.at_once = { get = TOLD, put = TOLD, has = TOLD, blob_get = TOLD, blob_put = TOLD }

-- Several tasks at once, on few keys.
function M.schedule(suite, draw)
  local instance = suite:set_up_otherwise(draw)
  if not instance then return "" end
  local log, calls, keys = {}, {}, {}
  for i = 1, 4 do keys[i] = draw:hex(64) end
  local function call(i, method, ...)
    local args = { n = select("#", ...), ... }
    calls[i] = function()
      local results = { registry.call(instance, method, unpack(args, 1, args.n)) }
      log[#log + 1] = ("%s %s"):format(suite:shown(method, args), values.text(results))
    end
  end
  for i = 1, draw:int(1, 12) do
    local key = draw:pick(keys)
    if not instance.impl.put or draw:once_in(2) then call(i, "get", key)
    else call(i, "put", key, draw:bytes(40)) end
  end
  async.all(calls)
  suite:close(instance)
  return table.concat(log, "\n")
end

-- Laws ------------------------------------------------------------------------------------------

local ROUNDS = 20

-- Runs a law on stores that are both written and read.
local function with_store(name, fn)
  return function(suite)
    for round = 1, ROUNDS do
      local draw = suite:draw(name, round)
      local instance = suite:set_up()
      local impl = instance and instance.impl
      if impl and impl.get and impl.put and (impl.mode or "readwrite") == "readwrite" then
        local function call(method, ...)
          local args = { n = select("#", ...), ... }
          return suite:call(instance, method, args), suite:shown(method, args)
        end
        local problem = fn(suite, draw, call, instance)
        suite:close(instance)
        if problem or suite.hung then return problem end
      end
    end
  end
end

local function refused(outcome) return not outcome.ok or M.fails(outcome.results) end

local function gives_back(suite, draw, call)
  local kept, order = {}, {}
  for i = 1, 5 do
    local key = i == 5 and order[draw:int(1, 4)] or draw:hex(64)
    local bytes = draw:bytes(MOST)
    if refused((call("put", key, bytes))) then return nil end
    kept[key], order[i] = bytes, key
  end
  for _, key in ipairs(order) do
    local outcome, shown = call("get", key)
    local got = outcome.results[1]
    if outcome.ok and got ~= kept[key] and (got ~= nil or key == order[5]) then
      return suite:problem(("put(%s, %s), and then %s"):format(values.show(key),
        values.show(kept[key]), shown), suite:came(outcome),
        "what was put last under a key is given back, byte for byte")
    end
  end
end

-- One digit of the key less is another key, and no bytes at all are bytes.
local function tells_keys_apart(suite, draw, call)
  local key = draw:hex(63)
  local kept = { [key .. "0"] = "first", [key .. "1"] = "", ["0" .. key] = "third" }
  local order = draw:shuffle({ key .. "0", key .. "1", "0" .. key })
  for _, name in ipairs(order) do
    if refused((call("put", name, kept[name]))) then return nil end
  end
  for i, name in ipairs(order) do
    local outcome, shown = call("get", name)
    local got = outcome.results[1]
    if outcome.ok and got ~= kept[name] and (got ~= nil or i == #order) then
      return suite:problem(("put(%s, %s), and puts under two keys that are nearly the same, and"
        .. " then %s"):format(values.show(name), values.show(kept[name]), shown),
        suite:came(outcome), "each key has its own bytes, also when there are none")
    end
  end
end

-- Several tasks ask at once: what one waits for is not what another one does.
local function keeps_calls_apart(suite, draw, _, instance)
  local kept, calls, got = {}, {}, {}
  for i = 1, 4 do kept[draw:hex(64)] = ("result %d"):format(i) end
  for _, key in ipairs(sorted.keys(kept)) do
    calls[#calls + 1] = function() registry.call(instance, "put", key, kept[key]) end
  end
  suite:play(function()
    async.all(calls)
    calls = {}
    for _, key in ipairs(sorted.keys(kept)) do
      calls[#calls + 1] = function()
        local ok, bytes = registry.call(instance, "get", key)
        got[key] = ok and bytes or nil
      end
    end
    async.all(calls)
  end)
  for _, key in ipairs(sorted.keys(kept)) do
    if got[key] ~= nil and got[key] ~= kept[key] then
      return suite:problem(("get(%s), while others are asked for,"):format(values.show(key)),
        ("returned %s, and %s was put"):format(values.show(got[key]), values.show(kept[key])),
        "it is called for several tasks at the same time: each gets its own")
    end
  end
end

local function makes_nothing_up(suite, draw, call)
  call("put", draw:hex(64), draw:bytes(MOST))
  local outcome, shown = call("get", draw:hex(64))
  if outcome.ok and outcome.results[1] ~= nil then
    return suite:problem(shown .. ", a key that was never put,", suite:came(outcome),
      "nil when there is nothing")
  end
end

local function reads(path)
  return world.outside(function() return (fs.read(path)) end)
end

local function blobs_come_back(suite, draw, call, instance)
  local impl = instance.impl
  if not impl.blob_put or not impl.blob_get then return nil end
  local digest, other, bytes = draw:hex(64), draw:hex(64), draw:bytes(MOST)
  local path, target, nowhere = world.outside(function()
    return blob_file(suite, "law-" .. digest:sub(1, 8), bytes)
  end), new_path(suite), new_path(suite)
  local outcome, shown = call("blob_put", digest, path)
  if reads(path) ~= bytes then
    return suite:problem(shown, "changed that file, or took it away",
      "the file is the host's, in its own cache: it is read")
  end
  if refused(outcome) then return nil end
  outcome, shown = call("blob_get", digest, target)
  if outcome.ok and outcome.results[1] and reads(target) ~= bytes then
    return suite:problem(shown .. " after blob_put", ("%s, and the file has %s"):format(
      suite:came(outcome), values.show(reads(target))), "the file has the bytes of the blob")
  end
  outcome, shown = call("blob_get", other, nowhere)
  if outcome.ok and outcome.results[1] then
    return suite:problem(shown .. ", a blob that was never put,", suite:came(outcome),
      "nil, or false, when there is nothing")
  end
end

M.laws = {
  { name = "gives back what was put", run = with_store("back", gives_back) },
  { name = "tells keys apart", run = with_store("apart", tells_keys_apart) },
  { name = "keeps calls apart", run = with_store("calls", keeps_calls_apart) },
  { name = "makes nothing up", run = with_store("nothing", makes_nothing_up) },
  { name = "blobs come back", run = with_store("blobs", blobs_come_back) },
}

return M
