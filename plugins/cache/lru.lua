-- SPDX-License-Identifier: MIT
---@type ggen.Plugin
return { name = "lru", kind = "cache", version = "1.0.0", api = 1, desc = "stand-in",
  setup = function() return { victims = function() return {} end } end }
