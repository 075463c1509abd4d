---@meta
-- The types of what plugins start services with: ggen.local_service, ggen.readiness.
-- SPDX-License-Identifier: MIT

---When something that was started is ready.
---@class ggen.readiness
---@field schema table checks a ggen.TaskReady in params (ggen.schema); fills in its defaults
local readiness = {}

---How to ask what is waited for.
---@class ggen.ReadinessProbe
---@field run? fun(command: string|string[]): integer runs `cmd` and returns its exit code; may wait
---@field seen? ggen.async.Future resolved when the text of `log` was there
---@field ended? fun(): string? returns, with a reason, when there is nothing to wait for; may wait

---Waits until it is ready.
---@async
---@param ready ggen.TaskReady checked by the schema
---@param probe ggen.ReadinessProbe
---@return boolean? ready
---@return string? message why not
---@return "ended"|"timeout"|nil kind
function readiness.wait(ready, probe) end

---Looks for a text in what is written, also across two pieces.
---@param text string
---@return fun(bytes: string) feed takes each piece
---@return ggen.async.Future seen
function readiness.watch(text) end

---A service as a process of this machine, where no engine of containers is. A free port is handed
---to it (`PORT`, with `HOST` and `DIR`, a directory of its own); it ends with its whole process
---group, also when ggen-lua is killed.
---@class ggen.local_service
---@field schema table checks a ggen.LocalServiceSpec in params (ggen.schema)
local local_service = {}

---A service that is a process of this machine.
---@class ggen.LocalServiceSpec
---@field run string|string[] the command that starts it, and stays
---@field ready? ggen.TaskReady default: the port that it was given accepts
---@field env? table<string, string|number>
---@field cwd? string
---@field grace? ggen.Duration between the request to end and the kill (default 5 s)

---Where it runs.
---@class ggen.LocalServiceOptions
---@field cwd? string where it runs when the spec does not say it
---@field on_output? fun(stream: "out"|"err", bytes: string)
---@field on_end? fun(why: string) it ended by itself, once it was ready

---Starts a service and waits until it is ready.
---@async
---@param spec ggen.LocalServiceSpec
---@param options? ggen.LocalServiceOptions
---@return ggen.LocalService? service
---@return string? message
function local_service.start(spec, options) end

---A service that runs.
---@class ggen.LocalService
---@field host string
---@field port integer
---@field dir string a directory of its own, removed at the end
---@field pid integer?
local LocalService = {}

---Whether its process runs.
---@return boolean
function LocalService:alive() end

---How it ended.
---@return string? why it is not alive: "exit code 1: its last line"
function LocalService:ending() end

---Ends it with all that it started.
---@async
function LocalService:stop() end

---What a task will want of a pool.
---@class ggen.PoolWant
---@field task string id
---@field services string[] names
---@field shared? table<string, boolean> those that it shares
---@field start? number seconds from now
---@field duration? number seconds

---A pool of containers: what std.container_pool.open returns. The methods are those of a plugin of
---kind containers, with the ids of tasks in the place of tasks.
---@class ggen.Pool
local Pool = {}

---What tasks will want, and when: by this the pool makes containers before they are wanted.
---@async
---@param wants ggen.PoolWant[]
function Pool:warm(wants) end

---Waits for a container.
---@async
---@param request { name: string, task: string, shared: boolean? }
---@return ggen.Lease? lease
---@return string? message
---@return string? kind
function Pool:acquire(request) end

---A task has done with its container.
---@param lease ggen.Lease
---@param outcome? { ok: boolean }
function Pool:release(lease, outcome) end

---The end of the run: what is not kept goes.
---@async
---@param interrupted? boolean
function Pool:drain(interrupted) end

---What drain waits for should come sooner.
function Pool:hurry() end
