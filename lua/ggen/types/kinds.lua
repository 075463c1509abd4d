---@meta
-- The methods of each kind of plugin: level 1 of the contract. What is pure, what may wait and the
-- budgets are in lua/ggen/kinds.lua; both together make the pages in docs/contract/, which take
-- "Order of calls:" of a class and "After an error:" of a method for paragraphs of their own.
-- SPDX-License-Identifier: MIT

---Every kind may have these two: `close(self)`, called once at the end when setup succeeded, and
---`health(self, report)`, called by `ggen-lua doctor`.
---@class ggen.AnyPlugin
local AnyPlugin = {}

---Called once at the end of the program's work with it, the plugin set up last first.
---After an error: it is said on standard error; the others are closed, and the exit code stays.
---@async
function AnyPlugin:close() end

---Says how it is, for `ggen-lua doctor`: whether what it needs is there and answers. Has two
---seconds, and changes nothing.
---After an error: it is a problem that doctor reports, as no answer within the two seconds is.
---@async
---@param report ggen.HealthReport
function AnyPlugin:health(report) end

---Reads tasks from a file of another format than pipeline.lua, as `frontend.make-toml` does. It is
---asked about the directory of the pipeline.lua that says p:use, about each workspace that has no
---pipeline.lua and no make.toml of its own, and about files that p:import names. Its host has
---`file`, the name of the file that is imported (nil otherwise: the plugin knows for which name it
---looks), `environment`, what `-e` names, `project_dir`, and `place`, where it is used.
---Order of calls: when the pipeline.lua has been evaluated, in the order of p:use, `detect` for its
---directory and after a yes `load` for it; then the same for each workspace, when that is found;
---not at all while the snapshot is valid. One instance is asked about many directories; for each
---name of a file that is imported there is another one. Where several say yes, all of them declare.
---One that never says yes is an error, at its p:use.
---@class ggen.FrontendPlugin : ggen.AnyPlugin
local FrontendPlugin = {}

---Whether there is a file in the directory that it reads: the one with the name `host.file`, where
---there is such a name, and no other. Looks at files only, by `ggen.loading()`.
---After an error: loading ends with it and the line of p:use, nothing runs, exit code 2.
---@param dir string absolute
---@return boolean
function FrontendPlugin:detect(dir) end

---Declares what the file says on a pipeline, by the methods that a pipeline.lua calls. `task` and
---`phase` take the place in the file as a last argument, for messages and for `ggen-lua why`. Reads
---files, and these through `ggen.loading()`, so that a change is noticed; starts nothing. What is
---wrong in the file is raised as "FILE:LINE: what", or returned after nil. An installed plugin has
---the methods task, phase, pool, default, before and after, and declares no functions.
---After an error: loading ends with it, nothing runs, exit code 2. The message has the place in the
---file that was read, or else the line of p:use with the names of plugin and method.
---@param dir string absolute; the base of paths that `ggen.loading()` is given
---@param pipeline ggen.Pipeline of that directory; of one above it for a file that is imported
---@return nil
---@return string? message what is wrong
---@return string? file relative to dir
---@return integer? line
function FrontendPlugin:load(dir, pipeline) end

---Finds the workspaces of a project while it is loaded. Each gets the pipeline.lua of its
---directory, if there is one, and what the root declares with p:each_workspace.
---Order of calls: `find` once, right after `setup`, each time the pipeline is evaluated; not at all
---while its snapshot is valid.
---@class ggen.WorkspacesPlugin : ggen.AnyPlugin
local WorkspacesPlugin = {}

---Pure but for reading files, and these through `ggen.loading()`, so that a change is noticed. Must
---not wait.
---After an error: loading ends with it and the line of `p:use`, nothing runs, exit code 2. So it
---does after `nil, message`, with the file and the line that are given along.
---@param root string absolute directory of the project
---@return ggen.WorkspaceFound[]? list
---@return string? message what is wrong, instead of a list
---@return string? file relative to the root
---@return integer? line
function WorkspacesPlugin:find(root) end

---What goes into a task's cache key beside what always does. Besides its methods it has a field
---`inputs`: what of an input file counts.
---Order of calls: `parts` once for each task that is cached, when the definition of the keys is
---made; not at all while that is valid.
---@class ggen.FingerprintPlugin : ggen.AnyPlugin
---@field inputs "content"|"mtime" what of an input file counts
local FingerprintPlugin = {}

---Adds parts to the key of a task, by `key`. Pure: it sees the task's declaration only, and what it
---adds is remembered with the configuration. It returns nothing; a value would not be in the key,
---and is an error.
---After an error: nothing runs, exit code 2; the message names the line of `p:use`.
---@param task ggen.Task
---@param key ggen.KeyBuilder
function FingerprintPlugin:parts(task, key) end

---Decides whether a stored result is served, whether a new one is kept, and what goes when it gets
---full. Every method is optional; without any, everything is served and kept. With several, one
---that says no is enough.
---Order of calls: `lookup` when a task asks for its result, before it may run; `admit` when it has
---run and its result could be stored; `limit` at the end of a run that stored something, and
---`victims` after it when the cache has grown beyond 85 % of the limit, both also for `ggen-lua
---cache prune` and `simulate`.
---@class ggen.CachePlugin : ggen.AnyPlugin
local CachePlugin = {}

---Called for a result that is stored, and for one that is in place in this checkout. Must not wait.
---Who says for how long the answer holds, whatever else happens, is not asked about a result in
---place again before that.
---After an error: one warning, the policy is left out of the questions of this run from then on,
---and the result is served.
---@param task ggen.Task
---@param entry ggen.CacheEntry
---@return boolean serve
---@return (string|number)? reason why not: "older than 24 h"; or for how many seconds it is served
function CachePlugin:lookup(task, entry) end

---Called for a result that could be stored. Must not wait.
---After an error: one warning, the policy is left out of the questions of this run from then on,
---and the result is kept.
---@param task ggen.Task in a simulation only its id
---@param result ggen.NewResult
---@return boolean keep
---@return string? reason when it is not kept
function CachePlugin:admit(task, result) end

---Chooses what goes (`ggen.evict.lowest` helps). Pure: must not wait, and the same arguments give
---the same answer. Each index is of an entry, and none comes twice.
---After an error: nothing is removed; one warning in a run, exit code 2 of `cache prune`.
---@param entries ggen.CacheEntries
---@param budget number bytes that should go; 0 when there is room
---@return integer[] indices
---@return ggen.EvictReason|ggen.EvictReason[]|nil reason for all of them, or one for each
function CachePlugin:victims(entries, budget) end

---What the cache may take. Pure: the params decide it, not what it holds.
---After an error: nothing is removed; one warning in a run, exit code 2 of `cache prune`.
---@return number? bytes that the cache may take; nil for no limit
function CachePlugin:limit() end

---Keeps results beside the local cache, on another machine for example. Every method but `stats`
---may wait, and is called for several tasks at the same time. The bytes of a result are described
---in docs/formats.md. A result is nothing without its files: who has `get` has `blob_get`, who has
---`put` has `blob_put`. A store that says `machine = true` is the cache of this machine, on which
---the engine works itself; it needs no methods.
---Order of calls: `get` when the stores before it had nothing; after a result `blob_get` for each
---of its files that this machine does not have. When a task has run: `has` with the digests of its
---files, `blob_put` for each that is not there, and `put` last, so that a result is never there
---without its files.
---@class ggen.StorePlugin : ggen.AnyPlugin
---@field mode "readwrite"|"read"|"write"|nil what it is used for; nil: both
---@field machine boolean? it is the cache of this machine
local StorePlugin = {}

---Hands out a result, as it was put. Keys that differ in one digit are different keys.
---After an error: one warning, the store is left out for the rest of the run, and the next one is
---asked. So it is after `nil, message`; nil alone means that there is none.
---@async
---@param key string
---@return string? bytes of the encoded result; nil when there is none
---@return string? message when it could not be asked
function StorePlugin:get(key) end

---Keeps a result; one under the same key is replaced.
---After an error: one warning, the store is left out for the rest of the run. The task is not
---touched by it.
---@async
---@param key string
---@param bytes string
---@return boolean? done
---@return string? message
function StorePlugin:put(key, bytes) end

---Which files it holds.
---After an error: one warning, the store is left out for the rest of the run.
---@async
---@param digests string[]
---@return table<string, boolean> those that are there
function StorePlugin:has(digests) end

---Writes the blob to a file; its bytes are verified afterwards.
---After an error: one warning, the store is left out for the rest of the run, and the next one is
---asked. Bytes that do not have the digest are not used, with one warning.
---@async
---@param digest string
---@param path string a new file
---@return boolean? done
---@return string? message
function StorePlugin:blob_get(digest, path) end

---Keeps the content of a file, which is the host's: it is read, and left where it is.
---After an error: one warning, the store is left out for the rest of the run.
---@async
---@param digest string
---@param path string a file to read
---@return boolean? done
---@return string? message
function StorePlugin:blob_put(digest, path) end

---Counts what it did, for those who look at it. Must not wait.
---After an error: there are no counters of it.
---@return table<string, number> counters, by name
function StorePlugin:stats() end

---Decides who is next. Without any of these methods: the order of declaration.
---Order of calls: `priorities` once when a plan begins, or else `priority` once for each task when
---it becomes ready; `admit` before a ready task starts, as often as somebody ends; `observe` once
---for each task that had a turn, when it has ended. A run may have several plans: the tasks that
---run at the end are one of their own.
---@class ggen.SchedulerPlugin : ggen.AnyPlugin
---@field over { name: string, params: table? }? who gives the order, for one that only admits
local SchedulerPlugin = {}

---Called when a task becomes ready; of the ready tasks the one with the highest number starts
---first, and of equal ones the one declared first. Must not wait. It may remember whom it was asked
---about: it is asked once for each task.
---After an error: one warning, the scheduler is left out, and tasks run in the order of
---declaration. What is no number counts as an error.
---@param task ggen.Task
---@param view ggen.View
---@return number
function SchedulerPlugin:priority(task, view) end

---Called once when a plan begins, instead of priority: the numbers of all of its tasks at once.
---Must not wait.
---After an error: one warning, the scheduler is left out, and tasks run in the order of
---declaration. A value that is no number counts as an error.
---@param view ggen.View
---@return number[] by the index of the task; nil counts as 0
function SchedulerPlugin:priorities(view) end

---Asked before a ready task starts, in the order of the priorities. One that is refused is asked
---for again when another has ended; when nothing runs, something has to be admitted. Must not
---wait. Pure in what it sees of the view: how often it was asked changes nothing.
---After an error: one warning, the scheduler is left out, and tasks run in the order of
---declaration. What is no boolean counts as an error, and so does a no when nothing runs.
---@param task ggen.Task
---@param view ggen.View
---@return boolean
function SchedulerPlugin:admit(task, view) end

---Told how each task ended.
---After an error: one warning, the scheduler is left out, and tasks run in the order of
---declaration.
---@param task ggen.Task
---@param result ggen.TaskResult
function SchedulerPlugin:observe(task, result) end

---Decides where and how a task runs. A run may have several: of those with `accepts` the last one
---used that takes the task runs it, else the last one used without.
---Order of calls: `accepts` when the keys are made and before the task runs; `run` once for each
---attempt, for several tasks at the same time. `check` only for `ggen-lua check`.
---@class ggen.ExecutorPlugin : ggen.AnyPlugin
local ExecutorPlugin = {}

---Runs the steps of the task, in their order, until one fails: `ctx:step(step)` runs one on this
---machine. A result with the kind "no_engine" fails the task without keeping others from starting.
---After an error: the task fails with it. So it does when there is no result with a code.
---@async
---@param task ggen.Task
---@param ctx ggen.Context
---@return ggen.Result
function ExecutorPlugin:run(task, ctx) end

---Whether it runs this task. Pure: it sees the task's declaration only. Must not wait.
---After an error: nothing runs, exit code 2; where no keys are made, the task fails. What is no
---boolean counts as an error.
---@param task ggen.Task
---@return boolean
function ExecutorPlugin:accepts(task) end

---For `ggen-lua check`, when tasks of the pipeline would be run by it: what is missing for that.
---After an error: check says it, as a message that is returned.
---@async
---@param tasks ggen.Task[]
---@return string? message what is missing, and what to do
function ExecutorPlugin:check(tasks) end

---Decides in which order, and how many at once, the hooks of one moment run.
---Order of calls: `run` once for each moment that has hooks: before or after a task or a phase. For
---several moments at the same time.
---@class ggen.HooksPlugin : ggen.AnyPlugin
local HooksPlugin = {}

---Calls `call` once for each hook. What `call` raises is raised on, when the others have ended.
---After an error: the task that the hooks belong to fails with it.
---@async
---@param hooks ggen.Hook[]
---@param call fun(hook: ggen.Hook) runs one; raises when it failed
function HooksPlugin:run(hooks, call) end

---Keeps containers, and hands them to the tasks that ask for them (`services`). Every method may
---wait; acquire and release are called for several tasks at the same time. The plugin's table has
---`services(params)`, which is pure: it returns the names that tasks may lease, each with what of
---it enters the keys of these tasks (plain data; functions count by what they are made of), or nil
---and a message.
---Order of calls: `services` while the pipeline is loaded. In a run `warm` once, with the first
---task that has to run; `acquire` for each name that a task leases, when it begins; `release` once
---for each lease, when the last command has ended; `drain` once, after the last task. `hurry` at
---most once, while `drain` goes on. With everything up to date none of them. `check` only for
---`ggen-lua check`.
---@class ggen.ContainersPlugin : ggen.AnyPlugin
local ContainersPlugin = {}

---Called once, beside the tasks, with the first task that has to run, when some want leases; what
---is restored wants none. It may go on as long as it likes; what of it still waits when drain() has
---returned is cancelled.
---After an error: one warning; the run goes on.
---@async
---@param wants ggen.LeaseWant[] by their start
function ContainersPlugin:warm(wants) end

---A task begins. Called for its services one after the other, in the order of their names; cut
---short by Ctrl-C and by the time-out of the task: what it would have had goes to the next one.
---After an error: the task fails with it, as after `nil, message`; what it has leased is released.
---@async
---@param request ggen.LeaseRequest
---@return ggen.Lease? lease
---@return string? message why there is none
---@return string? kind "no_engine": no engine of containers is there, and what needs none goes on
function ContainersPlugin:acquire(request) end

---The last command of the task has ended; nobody waits for this but the end of the run.
---After an error: one warning; the task has ended already.
---@async
---@param lease ggen.Lease the table that acquire returned
---@param outcome { ok: boolean } ok: the task went well
function ContainersPlugin:release(lease, outcome) end

---The run is over, also when it was interrupted. Not called when nothing was asked for.
---After an error: one warning; the exit code stays.
---@async
---@param how { interrupted: boolean } interrupted: by Ctrl-C, or the time-out of the run
function ContainersPlugin:drain(how) end

---A Ctrl-C, or the time-out of the run, came while drain() goes on: it should end soon.
---After an error: one warning; drain() goes on.
---@async
function ContainersPlugin:hurry() end

---For `ggen-lua check`, when tasks of the pipeline lease something: what is missing for that.
---After an error: check says it, as a message that is returned.
---@async
---@param names string[] those that are leased
---@return string? message what is missing, and what to do
function ContainersPlugin:check(names) end

---Records, shows or sends what happens. An observer that raises is named once and left out from
---then on. Every method is optional.
---Order of calls: `on_run_start` first, then `on_task_fresh` for what is up to date. A task that
---has its turn has `on_task_start`, `on_task_log` if it prints something, `on_task_retry` for each
---attempt that failed before the last, and `on_task_end`; a service has `on_service_ready` between
---them. One that does not get its turn has `on_task_skip` alone. Tasks run at the same time, so
---their moments mix. `on_note` and `on_tick` come at any time between the first and the last.
---`on_run_gate` after the last task, and `on_run_end` last.
---@class ggen.ObserverPlugin : ggen.AnyPlugin
---Files that it writes at the end of a run, relative to the project's directory: they are no inputs
---of tasks that do not say what they read.
---@field writes string[]?
local ObserverPlugin = {}

---The run begins: what is up to date is known, nothing has run.
---After an error: one note of the level error, and the observer is left out for the rest of the
---run; the exit code stays.
---@param run ggen.Run
function ObserverPlugin:on_run_start(run) end

---A task has its turn.
---After an error: as in on_run_start.
---@param task ggen.Task
function ObserverPlugin:on_task_start(task) end

---The task is about to print something for the first time: attach a sink, or leave it and read the
---log at the end.
---After an error: as in on_run_start.
---@param task ggen.Task
---@param log ggen.Log
function ObserverPlugin:on_task_log(task, log) end

---A task has ended: it ran, was restored, or failed.
---After an error: as in on_run_start.
---@param task ggen.Task
---@param result ggen.TaskResult result.log is the task's output, when it had any
function ObserverPlugin:on_task_end(task, result) end

---The task was up to date when the run began: it takes no part, and has neither on_task_start nor
---on_task_end. Called right after on_run_start. An observer that has this method costs a run with
---nothing to do a look at each task.
---After an error: as in on_run_start.
---@param task ggen.Task
function ObserverPlugin:on_task_fresh(task) end

---The task does not run.
---After an error: as in on_run_start.
---@param task ggen.Task
---@param reason string
function ObserverPlugin:on_task_skip(task, reason) end

---The task failed and will be tried again.
---After an error: as in on_run_start.
---@param task ggen.Task
---@param result ggen.TaskResult
---@param attempt integer the one that failed
---@param delay number seconds until the next one
function ObserverPlugin:on_task_retry(task, result, attempt, delay) end

---A service is ready; its on_task_end comes when it is stopped.
---After an error: as in on_run_start.
---@param task ggen.Task
---@param result ggen.TaskResult
function ObserverPlugin:on_service_ready(task, result) end

---Something was said that belongs to no task's output.
---After an error: as in on_run_start; the note goes to the other observers.
---@param level "info"|"warning"|"error"
---@param text string
---@param task ggen.Task?
function ObserverPlugin:on_note(level, text, task) end

---Ten times a second, for what moves on a screen.
---After an error: as in on_run_start.
function ObserverPlugin:on_tick() end

---The last task has ended: whether the run passes, for an observer that measures it. Called before
---on_run_end, not in a dry run; must not wait.
---After an error: as in on_run_start, and the run does not pass: what cannot judge lets nothing
---pass. What is neither a text nor nil counts as an error.
---@param run ggen.Run
---@return string? problem said as an error: a run that would have ended with 0 ends with 3
function ObserverPlugin:on_run_gate(run) end

---The run is over and its exit code is known. The only moment that may wait: for what is sent.
---After an error: as in on_run_start.
---@async
---@param run ggen.Run
---@param totals ggen.Totals
function ObserverPlugin:on_run_end(run, totals) end

---Decides which of the changes that the file system tells of are a reason for `ggen-lua watch` to
---run again. What tasks and observers write, and what git ignores and no task names as an input, is
---left out before. A change of the configuration is not asked about.
---Order of calls: `batch` each time that changes have come and none has come for a moment
---(`--debounce`); of those that come while a run is going on, when it has ended.
---@class ggen.WatchPlugin : ggen.AnyPlugin
local WatchPlugin = {}

---Makes of what the file system told the changes that count. Pure: what is dropped is forgotten.
---After an error: one warning, the plugin is left out, and all changes count. What is no list of
---changes that it was given counts as an error.
---@param events ggen.FileEvent[] in the order in which they came, each file once
---@return ggen.FileEvent[] changes of these; none: nothing starts
function WatchPlugin:batch(events) end

---What the file system tells of one file.
---@class ggen.FileEvent
---@field path string relative to the root of the project
---@field kind "changed"|"created"|"removed"
---@field time number seconds since 1970, of the last change
---@field directory? boolean it is a directory: one that is gone

---Adds a subcommand, named as the plugin: `ggen-lua NAME`. It is there wherever the pipeline is
---that uses it; a command of ggen-lua itself goes before it.
---Order of calls: `args` when the command line is read, also for `--help`; after it `run`, when the
---command is the one that was asked for.
---@class ggen.CommandPlugin : ggen.AnyPlugin
local CommandPlugin = {}

---Adds options to the subcommand: the same ones each time, as the command line is read more than
---once. What it gives them to check and to convert values is called, and timed, as a part of it.
---After an error: the program ends with it and the line of `p:use`, exit code 2.
---@param parser ggen.Parser of argparse
function CommandPlugin:args(parser) end

---Does what the subcommand is for, and may take its time: only what it computes from one wait to
---the next counts, since nothing else moves meanwhile. One that computes for long waits now and
---then, `ggen.async.sleep(0)` will do: without a wait for ten seconds it ends as all others do.
---After an error: the program ends with it and the line of `p:use`, exit code 2.
---@async
---@param args table what was parsed
---@return integer? exit code
function CommandPlugin:run(args) end
