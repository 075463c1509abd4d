---@meta
-- The types of the parts of the public module: ggen.async, ggen.report, ggen.schema, ggen.targets
-- and others.
-- SPDX-License-Identifier: MIT

---Waiting in straight code. These may be called where code runs as part of a task or a plugin.
---@class ggen.async
---@field CANCELLED table what a cancelled wait raises; a pcall that sees it raises it again
local async = {}

---For what can be called from anywhere, and waits only where it may.
---@return boolean whether the caller runs in a coroutine that may wait
function async.can_wait() end

---Starts a function in a coroutine of its own, at once, until its first wait.
---@param fn fun(a: any, b: any, c: any): ...
---@param on_done? fun(ok: boolean, ...)
---@param a? any first argument of fn
---@param b? any
---@param c? any
---@return ggen.async.Thread
function async.run(fn, on_done, a, b, c) end

---Starts a function whose end nobody waits for; an error is raised out of the loop.
---@param fn fun(a: any, b: any, c: any)
---@param a? any
---@param b? any
---@param c? any
function async.spawn(fn, a, b, c) end

---Waits: calls start(resume) and returns what resume is called with.
---@async
---@param start fun(resume: fun(...)): table? returns a handle with close(), for cancelling
---@return ...
function async.await(start) end

---Waits; Ctrl-C ends the wait.
---@async
---@param seconds number
function async.sleep(seconds) end

---Runs functions at the same time and waits for all of them.
---@async
---@param fns (fun(): any)[]
---@return any[] results the first result of each; the first error is raised when all have ended
function async.all(fns) end

---Runs functions at the same time, returns the result of the first that ends, cancels the others.
---@async
---@param fns (fun(): any)[]
---@return any result
---@return integer index
function async.race(fns) end

---Turns a function with a callback as its argument number `argc` into one that waits.
---@param argc integer
---@param fn function
---@return function
function async.wrap(argc, fn) end

---Lets only so many in at once; the others wait in the order in which they came.
---@param size integer how many may hold it at once
---@return ggen.async.Semaphore
function async.semaphore(size) end

---A value that comes later; any number may wait for it.
---@return ggen.async.Future
function async.future() end

---What ggen.async.run started.
---@class ggen.async.Thread
---@field status "running"|"done"|"failed"
local Thread = {}

---Ends the wait that it is in, which raises CANCELLED there.
function Thread:cancel() end

---What ggen.async.semaphore makes.
---@class ggen.async.Semaphore
local Semaphore = {}

---Waits for room, and takes it.
---@async
function Semaphore:acquire() end

---Gives it back.
function Semaphore:release() end

---Calls a function while there is room for it.
---@async
---@param fn fun(): ...
---@return any ... its results
function Semaphore:with(fn) end

---What ggen.async.future makes.
---@class ggen.async.Future
local Future = {}

---Gives it its values, and lets those go on that wait. Only the first call counts.
---@param ... any
function Future:resolve(...) end

---Waits for the values; returns at once when they are there.
---@async
---@return any ... the values
function Future:wait() end

---The strict environment of tasks.
---@class ggen.environment
---@field PASSES string[] variables of the caller that pass without being declared
local environment = {}

---The variables of the caller that pass by themselves.
---@return table<string, string> what a task gets that declares nothing
function environment.base() end

---A variable of the environment that ggen-lua was started with, for plugins, which have no
---`os.getenv` when they are installed. One of an installed rock asks for `env:NAME`.
---@param name string
---@return string?
function environment.variable(name) end

---The same with what a task declares.
---@param spec ggen.TaskSpec
---@param makeflags? string of the jobserver of the run; what the task says of MAKEFLAGS wins
---@return table<string, string>
function environment.of(spec, makeflags) end

---"Did you mean".
---@class ggen.suggest
local suggest = {}

---The end of a message about an unknown name.
---@param word string
---@param names string[]|table<string, any> names, or a map whose keys are the names
---@return string text ` (did you mean "x"?)`, or an empty text
function suggest.hint(word, names) end

---The names that somebody may have meant.
---@param word string
---@param names string[]|table<string, any>
---@param most? integer default 3
---@return string[] names nearest first
function suggest.nearest(word, names, most) end

---Edit distance; given up early above the limit.
---@param a string
---@param b string
---@param limit integer
---@return integer distance limit + 1 when it is larger
function suggest.distance(a, b, limit) end

---Reads and writes JSON.
---@class ggen.json
---@field null userdata stands for null
local json = {}

---Reads one value, strictly.
---@param text string
---@return any? value
---@return string? message with line and column
function json.decode(text) end

---Writes a value.
---@param value any
---@param options? { indent: integer?, invalid_utf8: "refuse"|"replace"|nil }
---@return string? text keys are sorted
---@return string? message
function json.encode(value, options) end

---Marks a table as an array, which an empty one does not show by itself.
---@param list table
---@return table list the same
function json.array(list) end

---Pieces that observers share.
---@class ggen.report
local report = {}

---Says why a task failed, as the end of a line.
---@param result ggen.TaskResult
---@return string? text why a task failed, nil for one that did not
function report.reason(result) end

---Says what became of a run, in one line.
---@param totals ggen.Totals
---@return string the line that ends a run
function report.summary(totals) end

---Says which tasks are unreliable.
---@param totals ggen.Totals
---@return string? the line that names the tasks that passed on a retry; nil when there was none
function report.flaky(totals) end

---Says what the cache did.
---@param totals ggen.Totals of a run with --cache-stats
---@return string the line of --cache-stats
function report.cache_summary(totals) end

---What a run was waiting for, when it was long enough for somebody to ask; with verbose sooner, and
---each task of the path.
---@param run ggen.Run in on_run_end
---@param verbose boolean
---@return string[] lines none when there is nothing to say
function report.critical_path(run, verbose) end

---Tasks that followed on each other, in one line: those that took longest, and dots for the rest.
---@param tasks { id: string, duration: number }[]
---@param most? integer how many are named (5)
---@return string line "gen 0.98 s > ... > test 4.37 s"
function report.chain(tasks, most) end

---A table for people: the first column to the left, the others to the right. Cells may be coloured
---and of any writing.
---@param rows string[][] all of the same length; the first one is the heading
---@return string text with a newline after each row
function report.table(rows) end

---Makes a text fit the width of a terminal.
---@param text string
---@param columns integer
---@return string text with dots in the place of what is wider than that on a terminal
function report.cut(text, columns) end

---Writes the file of an observer, whole or not at all; the directories above it are made. What goes
---wrong is one warning of the run.
---@param run ggen.Run
---@param name string of the observer, for the warning
---@param path string relative to the project's directory, or absolute
---@param text string|fun(path: string): boolean?, string? the bytes, or who writes them
---@param shown? string the path as the warning has it
---@return boolean written
function report.write(run, name, path, text, shown) end

---The same, at the end of what is there, by one write.
---@param run ggen.Run
---@param name string
---@param path string
---@param text string
---@param shown? string the path as the warning has it
---@return boolean written
function report.append(run, name, path, text, shown) end

---Blocks of output that do not interleave: each task's output goes out as one block when the task
---has ended. A task whose output outgrows its memory takes the floor: its block begins at once.
---@param screen ggen.Screen
---@param header fun(task: ggen.Task): string
---@return ggen.report.Blocks
function report.blocks(screen, header) end

---Keeps the outputs of tasks apart.
---@class ggen.report.Blocks
local Blocks = {}

---To be called in on_task_log.
---@param task ggen.Task
---@param log ggen.Log
function Blocks:follow(task, log) end

---To be called in on_task_end.
---@param task ggen.Task
---@param log ggen.Log?
---@param footer string what stands below the block
---@param footer_only? boolean the output is not wanted
function Blocks:finish(task, log, footer, footer_only) end

---Limits of how long a run and its stages may take.
---@class ggen.targets
---@field params table<string, ggen.Param> of a plugin that has targets
local targets = {}

---Takes the targets of a plugin's params.
---@param params table as checked by targets.params
---@param project table? host.project: names that it does not have are an error
---@return ggen.Targets? targets
---@return string? message
function targets.new(params, project) end

---Asks params that are not checked yet.
---@param params table?
---@return boolean whether they have any target
function targets.any(params) end

---The targets of `observer.targets` in a pipeline.
---@param project table
---@return ggen.Targets? targets nil when it does not use the plugin
function targets.of_project(project) end

---The targets that a plugin judges by: its own or, without any, those of `observer.targets`.
---@param params table as checked by targets.params
---@param project table? host.project
---@return ggen.Targets? targets nil where there are none, or with a message
---@return string? message
function targets.of(params, project) end

---How one stage, or the run, stands against its limits; times in seconds.
---@class ggen.TargetRow
---@field name string
---@field duration number
---@field required number?
---@field stretch number?
---Slow: the required limit was missed; acceptable: only the stretch was; nil without a limit.
---@field status "good"|"acceptable"|"slow"|nil
---@field percent number? (target - duration) / target * 100; the target is the required one

---Judges one duration.
---@param name string
---@param duration number seconds
---@param limits { required: number?, stretch: number? }
---@return ggen.TargetRow
function targets.row(name, duration, limits) end

---The rows of all stages of a run: those with limits, and the phases, or else the tasks, that none
---of these is about; the slowest first.
---@param targets ggen.Targets?
---@param record table of a run
---@return { total: ggen.TargetRow, stages: ggen.TargetRow[] } judgement
function targets.profile(targets, record) end

---The cells of a row in a table for people.
---@param row ggen.TargetRow
---@return { name: string, time: string, target: string, met: string, percent: string }
function targets.cells(row) end

---One line for each limit that was missed.
---@param judgement { total: ggen.TargetRow, stages: ggen.TargetRow[] }
---@return string[] required
---@return string[] stretch those that met the required limit, if they have one
function targets.missed(judgement) end

---Limits that somebody set.
---@class ggen.Targets
local Targets = {}

---Judges a recorded run.
---@param record table of a run
---@return { total: ggen.TargetRow, stages: ggen.TargetRow[] } judgement of what took part
function Targets:judge(record) end

---The figures of a recorded run, by name.
---@class ggen.metrics
---@field run table<string, { unit: string, desc: string }> those of the whole run
---@field part table<string, { unit: string, desc: string }> those of a task or a phase
local metrics = {}

---Looks a figure up by its name.
---@param name string "wall", "task.test.duration"
---@param project table? host.project: names of tasks that it does not have are an error
---@return { name: string, unit: string, desc: string, value: fun(record: table): number? }? metric
---@return string? message
function metrics.find(name, project) end

---Makes a condition that can be asked about records.
---@param condition string as "hit_rate < 0.8 and wall > 60s"
---@param project table?
---@return ggen.Condition?
---@return string? message
function metrics.compile(condition, project) end

---What ggen.metrics.compile returns.
---@class ggen.Condition
---@field text string as it was written
---@field metrics ggen.Metric[] those that it names, with `name` and `unit`
local Condition = {}

---Whether it holds for a run.
---@param record table as run:record() returns it
---@return boolean holds
---@return table<string, number> values of its metrics, by name
function Condition:holds(record) end

---The trace of the run.
---@class ggen.trace
local trace = {}

---Begins to record; one that --trace or another plugin has begun goes on.
function trace.start() end

---A row of one's own, for what no task does. What overlaps needs rows of its own.
---@param name string as the trace shows it
---@return integer row
function trace.row(name) end

---Whether a trace is made: who has to find something out for it asks first.
---@return boolean
function trace.enabled() end

---The time on the clock of the spans.
---@return number nanoseconds
function trace.now() end

---Puts a span down; does nothing unless a trace is made.
---@param row integer of row(); 0 is that of the run
---@param category string
---@param name string
---@param began number of now()
---@param ended? number of now(); without it the span ends now
---@param args? table<string, string|number|boolean>
function trace.span(row, category, name, began, ended, args) end

---Writes a Chrome trace of what was recorded until now.
---@param path string absolute
---@return boolean? done
---@return string? message
function trace.write(path) end

---For cache policies.
---@class ggen.evict
local evict = {}

---The entries with the lowest scores, until their bytes make up the budget; of equal scores the
---earlier one.
---@param entries ggen.CacheEntries
---@param budget number bytes
---@param score number[] one for each entry
---@param reason ggen.EvictReason?
---@return integer[] indices
---@return ggen.EvictReason? reason as given, so that victims() can return the call
function evict.lowest(entries, budget, score, reason) end

---Checks values against descriptions, as params are checked.
---@class ggen.schema
local schema = {}

---Checks a value and returns it with defaults filled in and units normalised.
---@param param ggen.Param
---@param value any
---@return any? value nil when it does not fit
---@return string? message
---@return string? where path of the field that is wrong
function schema.check(param, value) end

---Makes one text of what check() returned.
---@param message string
---@param where string
---@return string
function schema.message(message, where) end

---Names a type for messages and tables.
---@param param ggen.Param
---@return string the type as a reader would name it
function schema.type_name(param) end

---Durations and sizes, read and written.
---@class ggen.units
local units = {}

---Reads a duration: seconds, or a text such as "1h30m".
---@param value ggen.Duration
---@return number? seconds
---@return string? message
function units.duration(value) end

---Reads a size: bytes, or a text such as "512KiB".
---@param value ggen.Size
---@return number? bytes
---@return string? message
function units.size(value) end

---Reads a number of jobs: a whole number above zero.
---@param value string what was given to -j
---@return integer? jobs
---@return string? message
function units.jobs(value) end

---What converts the value of an option of a command that is a whole number.
---@param option string
---@param least integer
---@param most? integer none: as large as it likes
---@return fun(value: string): integer?, string?
function units.whole(option, least, most) end

---Writes a duration for people.
---@param seconds number
---@return string "0.42 s", "2 m 05 s"
function units.format_duration(seconds) end

---The same of what may have taken hardly any time.
---@param seconds number
---@return string text "35 us", "1.2 ms", "1.20 s"
function units.format_short(seconds) end

---Rounds a duration.
---@param seconds number?
---@return number? seconds to the millisecond, for JSON
function units.milliseconds(seconds) end

---Writes a duration that is only guessed.
---@param seconds number
---@return string "12 s", "2 m 05 s": as precise as an estimate is
function units.format_estimate(seconds) end

---Writes a size for people.
---@param bytes number
---@return string "1.5 KiB"
function units.format_size(bytes) end
