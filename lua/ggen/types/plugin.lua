---@meta
-- The types of what plugins are: the table that a file returns, and the methods of each kind.
-- SPDX-License-Identifier: MIT

---What a plugin's file returns. The folder is the kind, the file the name.
---@class ggen.Plugin
---@field name string
---@field kind ggen.PluginKind
---@field version string "1.0.0"
---@field api integer|string level of the contract that it is written for, or a range: 1, "^1"
---@field desc string one line
---@field params? table<string, ggen.Param> what `p:use "x" { ... }` may set
---@field positional? string the parameter that a list is: `p:use "x" { "a", "b" }`
---@field rest? string the parameter, a map, that takes names which are no parameters
---@field permissions? string[] "process", "net:HOST", "fs:PATH"
---@field services? fun(params: table): table<string, any>?, string? of kind containers (see there)
---Returns the methods of its kind; or nil and a message when the params do not fit, and then the
---file (absolute) and the line that are to blame, if it is not the pipeline.
---@field setup fun(params: table, host: ggen.Host): table?, string?, string?, integer?

---@alias ggen.PluginKind
---| "frontend"
---| "workspaces"
---| "fingerprint"
---| "cache"
---| "store"
---| "scheduler"
---| "executor"
---| "hooks"
---| "containers"
---| "observer"
---| "watch"
---| "command"

---@alias ggen.ParamType
---| "string"
---| "boolean"
---| "number"
---| "integer"
---| "duration"
---| "size"
---| "enum"
---| "list"
---| "map"
---| "record"
---| "union"
---| "function"
---| "any"

---Describes one parameter: validates it, fills in its default, writes its line of the reference.
---@class ggen.Param
---@field type ggen.ParamType
---@field desc? string
---@field default? any
---@field key? boolean false: it changes nothing about results, and is not in the keys of tasks
---@field required? boolean
---@field min? number
---@field max? number
---@field values? string[] of an enum
---@field of? ggen.Param of a list or map
---@field single? boolean of a list: one bare value is accepted for a list of one
---@field fields? table<string, ggen.Param> of a record
---@field any_of? ggen.Param[] of a union
---@field expects? string of a union: what a message says was expected
---@field check? fun(value: any): string? returns what is wrong

---What a plugin gets beside its params.
---@class ggen.Host
---@field screen ggen.Screen? standard output, shared by all; with --json standard error
---@field options ggen.RunOptions what the command line asked for
---@field style ggen.Style
---@field project_dir string absolute
---@field project table? the project that the plugin is set up for, with its tasks
---@field note fun(level: string, text: string, task: ggen.Task?) "info", "warning" or "error"
---@field now fun(): number monotonic seconds
---@field unix fun(): number seconds since 1970
---@field output_sink fun(fn: fun(stream: "out"|"err", bytes: string)): userdata makes a sink

---@class ggen.RunOptions
---@field jobs integer how many tasks run at once
---@field io_jobs integer? so many tasks that wait more than they compute run beside these
---@field keep_going boolean
---@field dry_run boolean
---@field timeout number? seconds for the whole run
---@field output "stream"|"grouped"|"errors"|"none"
---@field single boolean exactly one task was asked for
---@field cache ggen.CacheOptions? nil: every task runs, and nothing is kept
---@field verbose boolean
---@field yes boolean

---Every kind may have these two: `close(self)`, called once at the end when setup succeeded, and
---`health(self, report)`, called by `ggen-lua doctor`.
---@class ggen.AnyPlugin
local AnyPlugin = {}

---Called once at the end of the run, the plugin set up last first.
---@async
function AnyPlugin:close() end

---Says how it is, for `ggen-lua doctor`: whether what it needs is there and answers. Has two
---seconds, and changes nothing.
---@async
---@param report ggen.HealthReport
function AnyPlugin:health(report) end

---What a plugin says of its own health, line by line.
---@class ggen.HealthReport
local HealthReport = {}

---Something is as it should be.
---@param text string
function HealthReport:ok(text) end

---Something could be better, or is missing that not everybody needs.
---@param text string
---@param fix string? what to do
function HealthReport:note(text, fix) end

---Something is wrong: `ggen-lua doctor` ends with 3.
---@param text string
---@param fix string what to do
function HealthReport:problem(text, fix) end

---What a run may do with results.
---@class ggen.CacheOptions
---@field read boolean serve stored results, and leave alone what is up to date
---@field write boolean store new results
---@field stats boolean? say at the end how the cache did

---A directory that a plugin found to be a workspace.
---@class ggen.WorkspaceFound
---@field name string part of the ids of its tasks; the one in a pipeline.lua of its own goes first
---@field dir string relative to the root of the project; "" is the root itself
---@field depends_on? string[] names of others in this list: what `^` means in needs
---@field tasks? table<string, ggen.TaskSpec> tasks that it has, by name
---@field file? string relative to the root: what messages about it name
---@field line? integer

---Finds the workspaces of a project while it is loaded. Each gets the pipeline.lua of its
---directory, if there is one, and what the root declares with p:each_workspace.
---@class ggen.WorkspacesPlugin : ggen.AnyPlugin
local WorkspacesPlugin = {}

---Pure but for reading files, and these through `ggen.loading()`, so that a change is noticed. Must
---not wait.
---@param root string absolute directory of the project
---@return ggen.WorkspaceFound[]? list
---@return string? message what is wrong, instead of a list
---@return string? file relative to the root
---@return integer? line
function WorkspacesPlugin:find(root) end

---The stored results as a policy sees them: row i of each column is one result.
---@class ggen.CacheEntries
---@field count integer
---@field now number seconds since 1970
---@field key string[]
---@field task string[] ids
---@field bytes number[] share of what it takes on the disk
---@field created number[] seconds since 1970
---@field last_access number[] seconds since 1970
---@field hits integer[]
---@field duration number[] seconds that it took to make

---One stored result, at the moment in which a run asks for it.
---@class ggen.CacheEntry
---@field key string? nil while it is asked whether what is in place may stay
---@field task string? id
---@field created number seconds since 1970
---@field age number seconds
---@field duration number seconds that it took to make
---@field bytes number of its outputs and its log
---@field last_access number? seconds since 1970; only when a simulation asks

---What a policy sees of a result that could be stored.
---@class ggen.NewResult
---@field duration number seconds that it took to make
---@field bytes number of its outputs
---@field key string? nil in a simulation
---@field created number? seconds since 1970; nil in a simulation

---@alias ggen.EvictReason "size"|"age"|"cost"|"asked"

---Decides whether a stored result is served, whether a new one is kept, and what goes when it gets
---full. Every method is optional; without any, everything is served and kept.
---@class ggen.CachePlugin : ggen.AnyPlugin
local CachePlugin = {}

---Called for a result that is stored, and for one that is in place in this checkout. Must not wait.
---Who says for how long the answer holds, whatever else happens, is not asked about a result in
---place again before that.
---@param task ggen.Task
---@param entry ggen.CacheEntry
---@return boolean serve
---@return (string|number)? reason why not: "older than 24 h"; or for how many seconds it is served
function CachePlugin:lookup(task, entry) end

---Called for a result that could be stored. Must not wait.
---@param task ggen.Task in a simulation only its id
---@param result ggen.NewResult
---@return boolean keep
---@return string? reason when it is not kept
function CachePlugin:admit(task, result) end

---Chooses what goes (`ggen.evict.lowest` helps). Pure: must not wait, and the same arguments give
---the same answer.
---@param entries ggen.CacheEntries
---@param budget number bytes that should go; 0 when there is room
---@return integer[] indices
---@return ggen.EvictReason|ggen.EvictReason[]|nil reason for all of them, or one for each
function CachePlugin:victims(entries, budget) end

---@return number? bytes that the cache may take; nil for no limit
function CachePlugin:limit() end

---What goes into a task's cache key beside what always does.
---@class ggen.FingerprintPlugin : ggen.AnyPlugin
---@field inputs "content"|"mtime" what of an input file counts
local FingerprintPlugin = {}

---Adds parts to the key of a task. Pure: it sees the task's declaration only, and what it adds is
---remembered with the configuration.
---@param task ggen.Task
---@param key ggen.KeyBuilder
function FingerprintPlugin:parts(task, key) end

---What a fingerprint plugin adds to.
---@class ggen.KeyBuilder
local KeyBuilder = {}

---Adds a value.
---@param name string as `why` shows it
---@param value string|number|boolean
function KeyBuilder:add(name, value) end

---Adds a variable of the caller's environment, with the value that it has in each run.
---@param name string
function KeyBuilder:env(name) end

---Adds the content of a file, or of what a glob matches.
---@param path string relative to the directory of the file that declares the task
function KeyBuilder:file(path) end

---Keeps results beside the local cache, on another machine for example. Every method may wait.
---The bytes of a result are described in docs/formats.md.
---@class ggen.StorePlugin : ggen.AnyPlugin
local StorePlugin = {}

---@async
---@param key string
---@return string? bytes of the encoded result; nil when there is none
---@return string? message when it could not be asked
function StorePlugin:get(key) end

---@async
---@param key string
---@param bytes string
---@return boolean? done
---@return string? message
function StorePlugin:put(key, bytes) end

---@async
---@param digests string[]
---@return table<string, boolean> those that are there
function StorePlugin:has(digests) end

---Writes the blob to a file; its bytes are verified afterwards.
---@async
---@param digest string
---@param path string a new file
---@return boolean? done
---@return string? message
function StorePlugin:blob_get(digest, path) end

---@async
---@param digest string
---@param path string a file to read
---@return boolean? done
---@return string? message
function StorePlugin:blob_put(digest, path) end

---@return table<string, number> counters, by name
function StorePlugin:stats() end

---What a scheduler sees of a run, and of a simulated one.
---@class ggen.View
---@field jobs integer how many tasks run at once, but for those that wait more than they compute
---@field now fun(): number monotonic seconds
---@field machine ggen.Machine
---@field running { task: ggen.Task, started: number }[]
local View = {}

---What each task is expected to take: the weighted median of its last runs; for one that never ran
---that of the same task in other workspaces and combinations, or of all.
---@return number[] seconds, by the index of the task
---@return integer known how many of the plan's tasks that have not ended have run before
---@return integer unknown how many of these have not
function View:durations() end

---The longest way from the start of each task to the end of the run, by expected durations.
---@return number[] seconds, by the index of the task
function View:remaining() end

---@param task ggen.Task
---@return number seconds
function View:expected(task) end

---What a task declares to take of the memory, or the most that it took in its last runs.
---@param task ggen.Task
---@return number bytes, 0 when nothing is known
function View:memory(task) end

---@param task ggen.Task
---@return string? the workspace that it belongs to
function View:workspace(task) end

---The task that has waited longest of those that were not admitted.
---@return integer? index of the task
---@return integer? overtaken how many tasks have started since it was first refused
function View:longest_refused() end

---What a run may use of this machine.
---@class ggen.Machine
---@field cpus integer
---@field memory number bytes: built in, a limit of the control group, or --memory
---@field free_memory fun(): number bytes that could be taken now
---@field memory_pressure fun(): number? percent of the last ten seconds in which somebody waited

---Decides who is next. Without any of these methods: the order of declaration.
---@class ggen.SchedulerPlugin : ggen.AnyPlugin
---@field over { name: string, params: table? }? who gives the order, for one that only admits
local SchedulerPlugin = {}

---Called when a task becomes ready; of the ready tasks the one with the highest number starts
---first, and of equal ones the one declared first. Must not wait.
---@param task ggen.Task
---@param view ggen.View
---@return number
function SchedulerPlugin:priority(task, view) end

---Called once when a plan begins, instead of priority: the numbers of all of its tasks at once.
---Must not wait.
---@param view ggen.View
---@return number[] by the index of the task; nil counts as 0
function SchedulerPlugin:priorities(view) end

---Asked before a ready task starts, in the order of the priorities. One that is refused is asked
---for again when another has ended; when nothing runs, something has to be admitted. Must not
---wait.
---@param task ggen.Task
---@param view ggen.View
---@return boolean
function SchedulerPlugin:admit(task, view) end

---Told how each task ended.
---@param task ggen.Task
---@param result ggen.TaskResult
function SchedulerPlugin:observe(task, result) end

---Decides where and how a task runs. A run may have several: of those with `accepts` the last one
---used that takes the task runs it, else the last one used without.
---@class ggen.ExecutorPlugin : ggen.AnyPlugin
local ExecutorPlugin = {}

---A result with the kind "no_engine" fails the task without keeping others from starting.
---@async
---@param task ggen.Task
---@param ctx ggen.Context
---@return ggen.Result
function ExecutorPlugin:run(task, ctx) end

---Whether it runs this task. Pure: it sees the task's declaration only. Must not wait.
---@param task ggen.Task
---@return boolean
function ExecutorPlugin:accepts(task) end

---For `ggen-lua check`, when tasks of the pipeline would be run by it: what is missing for that.
---@async
---@param tasks ggen.Task[]
---@return string? message what is missing, and what to do
function ExecutorPlugin:check(tasks) end

---Keeps containers, and hands them to the tasks that ask for them (`services`). Every method may
---wait; acquire and release are called for several tasks at the same time. The plugin's table has
---`services(params)`, which is pure: it returns the names that tasks may lease, each with what of
---it enters the keys of these tasks (plain data; functions count by what they are made of), or nil
---and a message.
---@class ggen.ContainersPlugin : ggen.AnyPlugin
local ContainersPlugin = {}

---A container that a task has for itself, or shares.
---@class ggen.Lease
---@field name? string the name of the service (filled in)
---@field host? string
---@field port? integer the first of its ports, as one reaches it
---@field ports? table<string, integer> by their names in the container: "5432/tcp"
---@field socket? string directory on this machine with the unix sockets of the service
---@field id? string of the container
---@field pid? integer of a service that is a process of this machine
---@field env? table<string, string|number> for the task's commands

---@class ggen.LeaseRequest
---@field name string
---@field task ggen.Task
---@field shared boolean others that say so may have it at the same time

---A task of the run that will ask for leases.
---@class ggen.LeaseWant
---@field task ggen.Task
---@field services string[] names, sorted
---@field shared table<string, boolean> those that it shares
---@field start number seconds from now, as far as earlier runs tell
---@field duration number seconds
---@field known boolean it has run before

---Called once, beside the tasks, with the first task that has to run, when some want leases; what
---is restored wants none. It may go on as long as it likes; what of it still waits when drain() has
---returned is cancelled.
---@async
---@param wants ggen.LeaseWant[] by their start
function ContainersPlugin:warm(wants) end

---A task begins. Called for its services one after the other, in the order of their names; cut
---short by Ctrl-C and by the time-out of the task.
---@async
---@param request ggen.LeaseRequest
---@return ggen.Lease? lease
---@return string? message why there is none
---@return string? kind "no_engine": no engine of containers is there, and what needs none goes on
function ContainersPlugin:acquire(request) end

---The last command of the task has ended; nobody waits for this but the end of the run.
---@async
---@param lease ggen.Lease the table that acquire returned
---@param outcome { ok: boolean } ok: the task went well
function ContainersPlugin:release(lease, outcome) end

---The run is over, also when it was interrupted. Not called when nothing was asked for.
---@async
---@param how { interrupted: boolean } interrupted: by Ctrl-C, or the time-out of the run
function ContainersPlugin:drain(how) end

---A Ctrl-C, or the time-out of the run, came while drain() goes on: it should end soon.
---@async
function ContainersPlugin:hurry() end

---For `ggen-lua check`, when tasks of the pipeline lease something: what is missing for that.
---@async
---@param names string[] those that are leased
---@return string? message what is missing, and what to do
function ContainersPlugin:check(names) end

---Decides in which order, and how many at once, the hooks of one moment run.
---@class ggen.HooksPlugin : ggen.AnyPlugin
local HooksPlugin = {}

---@async
---@param hooks ggen.Hook[]
---@param call fun(hook: ggen.Hook) runs one; raises when it failed
function HooksPlugin:run(hooks, call) end

---Records, shows or sends what happens. An observer that raises is named once and left out from
---then on. Every method is optional.
---@class ggen.ObserverPlugin : ggen.AnyPlugin
---Files that it writes at the end of a run, relative to the project's directory: they are no inputs
---of tasks that do not say what they read.
---@field writes string[]?
local ObserverPlugin = {}

---@param run ggen.Run
function ObserverPlugin:on_run_start(run) end

---@param task ggen.Task
function ObserverPlugin:on_task_start(task) end

---The task is about to print something for the first time: attach a sink, or leave it and read the
---log at the end.
---@param task ggen.Task
---@param log ggen.Log
function ObserverPlugin:on_task_log(task, log) end

---@param task ggen.Task
---@param result ggen.TaskResult result.log is the task's output, when it had any
function ObserverPlugin:on_task_end(task, result) end

---The task does not run.
---The task was up to date when the run began: it takes no part, and has neither on_task_start nor
---on_task_end. Called right after on_run_start. An observer that has this method costs a run with
---nothing to do a look at each task.
---@param task ggen.Task
function ObserverPlugin:on_task_fresh(task) end

---The task does not run.
---@param task ggen.Task
---@param reason string
function ObserverPlugin:on_task_skip(task, reason) end

---The task failed and will be tried again.
---@param task ggen.Task
---@param result ggen.TaskResult
---@param attempt integer the one that failed
---@param delay number seconds until the next one
function ObserverPlugin:on_task_retry(task, result, attempt, delay) end

---A service is ready; its on_task_end comes when it is stopped.
---@param task ggen.Task
---@param result ggen.TaskResult
function ObserverPlugin:on_service_ready(task, result) end

---Something was said that belongs to no task's output.
---@param level "info"|"warning"|"error"
---@param text string
---@param task ggen.Task?
function ObserverPlugin:on_note(level, text, task) end

---Ten times a second, for what moves on a screen.
function ObserverPlugin:on_tick() end

---The last task has ended: whether the run passes, for an observer that measures it. Called before
---on_run_end, not in a dry run; must not wait.
---@param run ggen.Run
---@return string? problem said as an error: a run that would have ended with 0 ends with 3
function ObserverPlugin:on_run_gate(run) end

---@param run ggen.Run
---@param totals ggen.Totals
function ObserverPlugin:on_run_end(run, totals) end

---Adds a subcommand, named as the plugin: `ggen-lua NAME`.
---@class ggen.CommandPlugin : ggen.AnyPlugin
local CommandPlugin = {}

---Adds options to the subcommand.
---@param parser table of argparse
function CommandPlugin:args(parser) end

---@async
---@param args table what was parsed
---@return integer? exit code
function CommandPlugin:run(args) end
