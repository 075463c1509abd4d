-- Several stores, one behind the other: cache.tiered { "memory", { "disk", max_size = "2GiB" } }.
-- SPDX-License-Identifier: MIT

---@type ggen.Plugin
return {
  name = "tiered",
  kind = "cache",
  version = "1.0.0",
  api = 1,
  desc = "Look for results in several stores, the nearest first",
  positional = "tiers",
  params = {
    tiers = { type = "list", required = true, of = { type = "union",
      expects = 'a store\'s name ("disk"), or { "disk", option = value }',
      any_of = { { type = "string" }, { type = "any" } } },
      desc = "The stores, the nearest first; written as the list itself. A store of the project is"
        .. " named by its file: { \"./net.lua\", url = ... }" },
  },
  setup = function(params)
    local tiers = {}
    for i, tier in ipairs(params.tiers) do
      local name, options = tier, {}
      if type(tier) == "table" then
        name = tier[1]
        for key, value in pairs(tier) do
          if key ~= 1 then options[key] = value end
        end
      end
      if type(name) ~= "string" then
        error(("store %d has no name (write { \"disk\", option = value })"):format(i), 0)
      end
      tiers[i] = { name = name:find("[./]") and name or "store." .. name, params = options }
    end
    return { tiers = tiers }
  end,
}
