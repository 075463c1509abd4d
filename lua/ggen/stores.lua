-- The stores of a run, as one: results are looked for from the first to the last, what was found
-- further down is filled in further up, and a store that fails is left out with one warning. The
-- first store with a directory is the cache of this machine, which the engine works on itself; all
-- blobs pass through it.
-- SPDX-License-Identifier: MIT
local clock = require("ggen.core.clock")
local incremental = require("ggen.core.incremental")
local registry = require("ggen.registry")

local M = {}

---@class ggen.Stores
---@field writable boolean something can be kept
---@field directory userdata? the cache of this machine (ggen.core.cache)
local Stores = {}
Stores.__index = Stores

---@class ggen.Tier
---@field name string
---@field instance ggen.Instance
---@field machine boolean the engine's own
---@field read boolean
---@field write boolean
---@field failed boolean?

local function tier_of(instance)
  local mode = instance.impl.mode or "readwrite"
  return {
    name = instance.plugin.name, instance = instance, machine = instance.impl.machine == true,
    read = mode ~= "write", write = mode ~= "read", ttl = instance.impl.ttl,
  }
end

---@param cache ggen.Cache
---@param plugins ggen.Registry
---@param directory string? instead of the store's own
---@return ggen.Stores
function M.open(cache, plugins, directory)
  local self = setmetatable({ _cache = cache, _tiers = {}, writable = false }, Stores)
  local some_write = false
  for _, instance in ipairs(plugins:all("store")) do
    local tier = tier_of(instance)
    self._tiers[#self._tiers + 1] = tier
    some_write = some_write or tier.write
    if tier.machine then
      self.limit = instance.impl.limit
      directory = directory or instance.impl.directory
    end
  end
  local opened, message = cache.files:open_cache(directory)
  if opened then
    self.directory, self.writable = opened, some_write
  else
    cache:warn_once("open", "results are neither restored nor stored: " .. message)
  end
  return self
end

function Stores:_fail(tier, message)
  tier.failed = true
  self._cache.events:note("warning", ("the store %q is left out from here on: %s"):format(tier.name,
    message))
end

function Stores:_call(tier, method, ...)
  local ok, value, message = registry.call(tier.instance, method, ...)
  if not ok then
    self:_fail(tier, value)
    return nil
  end
  if value == nil and message then self:_fail(tier, tostring(message)) end
  return value
end

-- Brings the blobs of an action into the cache of this machine.
function Stores:_fetch(tier, action)
  local files = self._cache.files
  for _, digest in ipairs(files:missing_blobs(action)) do
    local path = files:new_blob_path()
    if not self:_call(tier, "blob_get", digest, path) then return false end
    local imported, message, kind = self._cache:wait("import", path, digest)
    if not imported then
      if kind == "invalid" or kind == "not_found" then
        self._cache:warn_once("import " .. tier.name, ("the store %q gave other bytes than it was"
          .. " asked for: %s"):format(tier.name, message))
      else
        self:_fail(tier, message)
      end
      return false
    end
  end
  return true
end

---@async
---@param key string
---@return userdata? action all of its blobs are in the cache of this machine
---@return string? tier where it was found
function Stores:get(key)
  if not self.directory then return nil end
  for position, tier in ipairs(self._tiers) do
    if tier.read and not tier.failed then
      local action
      if tier.machine then
        local message
        action, message = self._cache:wait("get", key)
        if action == nil then self:_fail(tier, message) end
      else
        local bytes = self:_call(tier, "get", key)
        if bytes then
          local message
          if type(bytes) == "string" then
            action, message = incremental.decode(bytes)
          else
            message = "bytes expected, got " .. type(bytes)
          end
          if action and action:info().key ~= key then
            action, message = nil, "it is the result of another key"
          end
          if not action then
            self._cache:warn_once("decode " .. tier.name, ("the store %q gave a result that cannot"
              .. " be used: %s"):format(tier.name, message))
          elseif not self:_fetch(tier, action) then
            action = nil
          end
        end
      end
      local stale = action and tier.ttl and clock.unix() - action:info().created > tier.ttl
      if action and not stale then
        self:_fill(position, action, key)
        return action, tier.name
      end
    end
  end
end

-- Puts an action into the tiers above the one where it was found.
function Stores:_fill(position, action, key)
  for i = 1, position - 1 do
    local tier = self._tiers[i]
    if tier.write and not tier.failed then self:_put_in(tier, action, key) end
  end
end

function Stores:_put_in(tier, action, key)
  if tier.machine then
    local put, message = self._cache.files:put(action)
    if not put then self:_fail(tier, message) end
    return
  end
  local digests = action:blobs()
  local has = #digests > 0 and self:_call(tier, "has", digests) or {}
  if type(has) ~= "table" then
    self:_fail(tier, ("plugin %q, method has: it must return a set of digests, it returned %s")
      :format(tier.instance.name, type(has)))
    return
  end
  for _, digest in ipairs(digests) do
    if tier.failed then return end
    if not has[digest] then
      self:_call(tier, "blob_put", digest, self._cache.files:blob_path(digest))
    end
  end
  if not tier.failed then self:_call(tier, "put", key, action:encode()) end
end

---Hands a result that is in the cache of this machine to the other stores.
---@async
---@param action userdata
function Stores:put(action)
  local key = action:info().key
  for _, tier in ipairs(self._tiers) do
    if tier.write and not tier.machine and not tier.failed then self:_put_in(tier, action, key) end
  end
end

---A limit that is none would only be noticed when the cache has grown.
function Stores:check_limits()
  for _, instance in ipairs(self._cache.policies) do
    local _, message = require("ggen.evict").limit(instance)
    if message then self._cache:warn_once(message, message) end
  end
end

---Lets the policies make room when the cache has grown beyond their limits.
---@async
---@param bytes number that it holds, roughly; math.huge when nobody knows
function Stores:make_room(bytes)
  local evict = require("ggen.evict")
  for _, instance in ipairs(self._cache.policies) do
    if instance.impl.victims then
      local limit, message = evict.limit(instance)
      limit = math.min(limit or math.huge, self.limit or math.huge)
      if limit < math.huge and evict.budget(bytes, limit) > 0 then
        local swept, why = evict.sweep(self.directory, instance, { limit = limit })
        if not swept then message = why end
      end
      if message then self._cache:warn_once(message, message) end
    end
  end
end

return M
