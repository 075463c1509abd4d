---@meta
-- The types of the contract suite, for the specs of plugins: require("ggen.contract").
-- SPDX-License-Identifier: MIT

---What is tested of a plugin, beside its name.
---@class ggen.contract.Options
---@field params? table what a pipeline would give the plugin
---@field seed? integer of all choices: the same one makes the same ones; 1 when it is not given
---@field schedules? integer how many are played; 1000 when it is not given
---@field load_timeout? number seconds for the file of the plugin; 10 when it is not given
---@field dir? string of paths, and the project of an installed plugin; else the current directory

---How one check of the suite ended.
---@class ggen.contract.Check
---@field name string
---@field ok boolean
---@field message? string what was called with what, what came, what is right, and how to see it
---@field seconds number

---What the suite found of a plugin.
---@class ggen.contract.Report
---@field kind string
---@field name string
---@field seed integer
---@field ok boolean all checks went well
---@field checks ggen.contract.Check[]

---Proves plugins against the contract of their kind, as `ggen-lua plugin test` does.
---@class ggen.contract
local contract = {}

---Runs the suite of one plugin: an installed one in the environment that it will have, a file as a
---file.
---@async
---@param name string "kind.name", or the path of a file
---@param options? ggen.contract.Options
---@param on_check? fun(check: ggen.contract.Check) told of each as it is done
---@return ggen.contract.Report report raises when there is no such plugin
function contract.check(name, options, on_check) end

---Makes a test of each check, for busted: call it in a file of specs.
---@param name string "kind.name", or the path of a file
---@param options? ggen.contract.Options
function contract.busted(name, options) end

return contract
