-- Greedy-Dual-Size-Frequency (L. Cherkasova, HP Laboratories, HPL-98-69R1, 1998) for results of
-- tasks: what is used often, took long to make and is small stays; what nobody uses any more goes.
-- SPDX-License-Identifier: MIT

-- There a result is worth
--
--   H = L + F * C / S     F uses, C what a use saves, S its bytes, L the age of the cache
--
-- and the lowest H goes first. L is the H of what went last, and a result gets the L of the moment
-- in which it is used. So what is not used any more is overtaken, however much it was worth.
--
-- A policy has no memory beyond a run, and the L of past uses is not to be had. But L only grows,
-- and with what is used. Where it grows by r with each result that is used, a result with n of them
-- since its own last use stays as long as F * C / S > r * n, and r is what leaves just enough. So
-- the order in which results go is that of F * C / S / n.
local ggen = require("ggen")

-- How many results were used last when each one was, or after it: 1 for the newest. Uses and not
-- seconds, so that a weekend makes nothing older.
local function used_since(entries)
  local times, place = {}, {}
  for i = 1, entries.count do times[i] = entries.last_access[i] end
  table.sort(times)
  for i = #times, 1, -1 do place[times[i]] = #times - i + 1 end
  local since = {}
  for i = 1, entries.count do since[i] = place[entries.last_access[i]] end
  return since
end

---@type ggen.Plugin
return {
  name = "gdsf",
  kind = "cache",
  version = "0.1.0",
  api = "^1",
  desc = "Keep what is used often, saves much and takes little room (Greedy-Dual-Size-Frequency)",
  params = {
    limit = { type = "size", default = "5GiB", desc = "Bytes that the cache may take." },
    save = { type = "enum", values = { "time", "runs" }, default = "time",
      desc = "What a use of a result saves: the time that it took to make, or one run, whatever"
        .. " it took. The first saves more time, the second has more hits." },
  },
  setup = function(params)
    local by_time = params.save == "time"
    return {
      limit = function() return params.limit end,

      ---What goes, to make room for `budget` bytes: what is worth least, by its uses, what each
      ---saves, its size, and how many others were used since.
      victims = function(_, entries, budget)
        if budget <= 0 then return {} end
        local since, score = used_since(entries), {}
        for i = 1, entries.count do
          local saves = by_time and entries.duration[i] + 0.001 or 1
          score[i] = (entries.hits[i] + 1) * saves / (entries.bytes[i] + 1) / since[i]
        end
        return ggen.evict.lowest(entries, budget, score, "cost")
      end,
    }
  end,
}
