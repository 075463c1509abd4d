-- The kinds of plugins: the level of each one's contract, how many of a kind a run has, and the
-- methods that they may have. What the methods are for is in lua/ggen/types/plugin.lua; here is
-- what the host and the contract suite go by. Every start loads this.
-- SPDX-License-Identifier: MIT

---@class ggen.KindMethod
---@field pure boolean the same answer for the same arguments: changes nothing that a later call
---sees, does not wait
---@field waits boolean it may wait
---@field budget number seconds that a call may spend in Lua; waiting does not count
---@field each boolean? the budget is that from one wait to the next, however many there are

---@class ggen.Kind
---@field api integer level of its contract
---@field many boolean? a run may have several
---@field methods table<string, ggen.KindMethod>

local function method(pure, waits, budget)
  return { pure = pure, waits = waits, budget = budget }
end

local PURE = method(true, false, 0.010)
local PURE_OF_ALL = method(true, false, 0.100) -- called once, with everything there is
local QUICK = method(false, false, 0.100) -- may remember something, must not wait
local WAITS = method(false, true, 0.100)
-- What a user asked for, and may take its time. While it does not wait, nothing else moves.
local ASKED_FOR = method(false, true, 1)
ASKED_FOR.each = true

local M = {}

---@type table<string, ggen.Kind>
M.kinds = {
  frontend = { api = 1, many = true, methods = { detect = PURE, load = QUICK } },
  workspaces = { api = 1, many = true, methods = { find = PURE_OF_ALL } },
  fingerprint = { api = 1, methods = { parts = PURE } },
  cache = { api = 1, many = true, methods = { lookup = QUICK, admit = QUICK, victims = PURE_OF_ALL,
    limit = PURE } },
  store = { api = 1, many = true, methods = { get = WAITS, put = WAITS, has = WAITS,
    blob_get = WAITS, blob_put = WAITS, stats = QUICK } },
  scheduler = { api = 1, methods = { priority = QUICK, priorities = PURE_OF_ALL, admit = PURE,
    observe = QUICK } },
  executor = { api = 1, many = true, methods = { run = WAITS, accepts = PURE, check = WAITS } },
  hooks = { api = 1, methods = { run = WAITS } },
  containers = { api = 1, methods = { warm = WAITS, acquire = WAITS, release = WAITS,
    drain = WAITS, hurry = WAITS, check = WAITS } },
  observer = { api = 1, many = true, methods = { on_run_start = QUICK, on_task_start = QUICK,
    on_task_log = QUICK, on_task_end = QUICK, on_task_fresh = QUICK, on_task_skip = QUICK,
    on_task_retry = QUICK, on_service_ready = QUICK, on_note = QUICK, on_tick = QUICK,
    on_run_gate = QUICK, on_run_end = WAITS } },
  watch = { api = 1, methods = { batch = PURE_OF_ALL } },
  command = { api = 1, many = true, methods = { args = QUICK, run = ASKED_FOR } },
}

---Methods that a plugin of every kind may have.
---@type table<string, ggen.KindMethod>
M.any = { close = WAITS, health = WAITS }

return M
