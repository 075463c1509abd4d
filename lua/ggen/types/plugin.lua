---@meta
-- The types of what plugins are and see: the table that a file returns, its params, its host, and
-- what the methods of its kind (kinds.lua) are called with.
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
---@field permissions? string[] "process", "net:HOST", "fs:PATH", "env:NAME"; a HOST or a PATH may
---begin with `$param` or `$VARIABLE`
---@field trust? "environment"|"process" where it runs: "process": one of its own, in a sandbox
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
---@field project ggen.Project? the project that the plugin is set up for, with its tasks
---@field note fun(level: string, text: string, task: ggen.Task?) "info", "warning" or "error"
---@field now fun(): number monotonic seconds
---@field unix fun(): number seconds since 1970
---@field output_sink fun(fn: fun(stream: "out"|"err", bytes: string)): userdata makes a sink
---@field file string? of a frontend: the name of the file that p:import names
---@field environment string? of a frontend: what -e names
---@field place { file: string?, line: integer? }? of a frontend: where it is used, or imported

---What the command line asked for.
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

---What a task is expected to take, as durations() has it.
---@param task ggen.Task
---@return number seconds
function View:expected(task) end

---What a task declares to take of the memory, or the most that it took in its last runs.
---@param task ggen.Task
---@return number bytes, 0 when nothing is known
function View:memory(task) end

---Where a task belongs.
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

---What a task asks for.
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
