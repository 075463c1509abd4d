-- The contract suite of ggen-lua, for the specs of a plugin:
--   require("ggen_plugin_contract").busted("lua/ggen/plugins/scheduler/lifo.lua")
-- SPDX-License-Identifier: MIT
local ok, contract = pcall(require, "ggen.contract")
if not ok then
  error("the contract suite runs inside ggen-lua, not in this Lua: put lua = \"ggen-lua lua\" into"
    .. " .busted, or call busted --lua=\"ggen-lua lua\"", 0)
end
return contract
