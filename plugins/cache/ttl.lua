-- A result is served only while it is young; what is too old goes at the next sweep, and after that
-- the oldest of the rest if the limit asks for it.
-- SPDX-License-Identifier: MIT
local ggen = require("ggen")

---@type ggen.Plugin
return {
  name = "ttl",
  kind = "cache",
  version = "1.0.0",
  api = 1,
  desc = "Serve a result only while it is younger than a limit",
  params = {
    ttl = { type = "duration", default = "24h", desc = "Age after which a result is stale" },
    limit = { type = "size", default = "5GiB", desc = "Bytes that the cache may take" },
  },
  setup = function(params)
    local ttl = params.ttl
    return {
      limit = function() return params.limit end,

      lookup = function(_, _, entry)
        if entry.age <= ttl then return true, ttl - entry.age end
        return false, ("older than %s"):format(ggen.units.format_duration(ttl))
      end,

      victims = function(_, entries, budget)
        local born, rest = entries.now - ttl, {}
        local victims, reasons = {}, {}
        for i = 1, entries.count do
          if entries.created[i] < born then
            victims[#victims + 1], reasons[#reasons + 1] = i, "age"
            budget = budget - entries.bytes[i]
          else
            rest[#rest + 1] = i
          end
        end
        -- Of the others the oldest.
        local left = { count = #rest, bytes = {} }
        local created = {}
        for n, i in ipairs(rest) do
          left.bytes[n], created[n] = entries.bytes[i], entries.created[i]
        end
        for _, n in ipairs(ggen.evict.lowest(left, budget, created)) do
          victims[#victims + 1], reasons[#reasons + 1] = rest[n], "size"
        end
        return victims, reasons
      end,
    }
  end,
}
