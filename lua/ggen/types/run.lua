---@meta
-- The types of what plugins see of a run: tasks, results, logs, the screen.
-- SPDX-License-Identifier: MIT

---A task of the plan.
---@class ggen.Task
---@field index integer position in the order of declaration
---@field id string "build", "api#build", "test:suite=unit"
---@field name string without workspace and matrix
---@field workspace string?
---@field dir string absolute directory of the file that declares it
---@field spec ggen.TaskSpec as written, with ${matrix.x} replaced and times in seconds
---@field matrix table<string, string|number|boolean>?
---@field declaration { file: string, line: integer } where it was declared

---@class ggen.TaskResult
---@field status "ok"|"failed"|"skipped"
---@field code integer
---@field signal string?
---@field timed_out boolean?
---@field message string? why, when the code does not say it
---@field optional boolean? it failed and that does not fail the run
---@field service boolean? it is a service
---@field dry_run boolean? nothing was run
---@field commands string[]? of a dry run
---@field traceback string? frames of a Lua task's own files
---@field duration number seconds
---@field attempts integer
---@field usage ggen.Usage?
---@field log ggen.Log?
---What the cache made of it: up to date, made again from a stored result, run because there was
---none, or not asked (the task is not cached). Nil without a cache.
---@field cache "fresh"|"restored"|"miss"|"bypass"|nil
---@field reason string? why it ran, one line: "src/a.c changed"
---@field saved number? seconds that it took when it ran; of fresh and restored
---@field tier string? the store that had the result; of restored
---@field prediction "run"|"restore"|"maybe"|nil of a dry run; maybe: a need has to run first
---@field not_stored string? which policy did not want the result, and why

---What became of a run, in numbers.
---@class ggen.Totals
---@field tasks integer
---@field ok integer with those that were up to date or restored
---@field fresh integer were up to date
---@field restored integer
---@field saved number seconds that the fresh and the restored ones took when they ran
---@field cache ggen.CacheTotals? with --cache-stats
---@field failed integer
---@field optional integer failures that do not count
---@field skipped integer
---@field not_run integer that never got their turn
---@field wall number seconds
---@field estimate ggen.Estimate? of a dry run; nil when too little is known
---@field code integer exit code of the program

---How long a run will probably take, by what its tasks took in their last runs.
---@class ggen.Estimate
---@field seconds number
---@field jobs integer how many tasks run at once
---@field known integer tasks that have run before
---@field unknown integer that have not: they are taken for others of their kind

---The tasks on the longest way through a run.
---@class ggen.CriticalPath
---@field tasks { id: string, duration: number }[] in their order, what ran at the end last; without
---those that took no time
---@field duration number seconds, of all of them
---@field share number of the run's wall time, 0 to 1
---@field ran integer how many tasks took time, of those asked for and of those at the end
---@field more { jobs: integer, wall: number }[]? what the run would have taken with more workers;
---empty when they would not have helped, nil when that is not known

---What the cache did in a run.
---@class ggen.CacheTotals
---@field hits integer tasks that were up to date or restored
---@field misses integer tasks that are cached and had to run
---@field stored integer results
---@field restored_bytes number of outputs and logs
---@field stored_bytes number

---@class ggen.Run
---@field project ggen.Project
---@field totals ggen.Totals
---@field options ggen.RunOptions
---Says something that belongs to no task's output; level is "info", "warning" or "error".
---@field events ggen.Events
local Run = {}

---What is written down of the run: the record of docs/run-record.schema.json as a table, in which
---what is null there is missing. In on_run_gate and on_run_end; made when it is asked for, once.
---@return table? record nil in a dry run
function Run:record() end

---Keeps the record and a line in the history, as observer.history does. In on_run_end only. What
---cannot be written is one warning.
---@param limits { runs: integer, lines: integer, age: number } what is dropped now and then
function Run:keep_record(limits) end

---What the run was waiting for. In on_run_end only.
---@return ggen.CriticalPath? path nil when no task of it took any time
function Run:critical_path() end

---How long it will probably take until all is done, by what the tasks took in their last runs.
---Costs next to nothing, however often it is asked.
---@return number? seconds nil when too little is known
function Run:time_left() end

---The project, as it was loaded.
---@class ggen.Project
---@field dir string absolute directory of the root file
local Project = {}

---The task at a place of the order of declaration.
---@param index integer
---@return ggen.Task
function Project:task(index) end

---How many tasks it has, with the beginnings and the ends of phases.
---@return integer
function Project:count() end

---Where a task is.
---@param id string
---@return integer? index
function Project:find(id) end

---The other way round.
---@param index integer
---@return string id
function Project:id(index) end

---What somebody may have meant, for "did you mean".
---@return table<string, true> names of tasks and phases
function Project:names() end

---What the pipeline is called.
---@return string
function Project:name() end

---The names of the plugins of a kind that the pipeline uses, as it writes them, in its order.
---@param kind ggen.PluginKind
---@return string[]
function Project:plugins(kind) end

---Phases with the ids of the tasks in them.
---@return { name: string, tasks: string[] }[]
function Project:phase_tasks() end

---Where a run says things.
---@class ggen.Events
local Events = {}

---Says something that belongs to no task's output.
---@param level "info"|"warning"|"error"
---@param text string
---@param task? ggen.Task that it is about
function Events:note(level, text, task) end

---@class ggen.Step one thing to run
---@field argv string[]?
---@field shell string? a command; a shell is used when it needs one
---@field shell_program string?
---@field fn function?

---@class ggen.Context what executors get
---@field task ggen.Task
---@field steps ggen.Step[]
---@field env table<string, string>
---@field cwd string absolute
local Context = {}

---Runs one step on this machine.
---@async
---@param step ggen.Step
---@return ggen.Result
function Context:step(step) end

---Writes a step for people.
---@param step ggen.Step
---@return string text the command as one would type it
function Context.describe(step) end

---A command that is no process of this machine.
---@class ggen.ForeignCommand
---@field run fun(timeout: number?, grace: number): ggen.Result waits for its end; after `timeout`
---seconds it is to end it, with 124, and `grace` seconds later to kill it
---@field kill fun(signal: string) passes a signal on ("INT", "TERM", "KILL"); may wait

---Runs a command elsewhere: the task's time, Ctrl-C and what it used count as for a process.
---@async
---@param command ggen.ForeignCommand
---@return ggen.Result
function Context:command(command) end

---The output of the task: log:write("out"|"err", bytes).
---@return userdata
function Context:log() end

---Says something of the task.
---@param level "info"|"warning"
---@param text string said of the task, beside its output
function Context:note(level, text) end

---What the task has leased from the plugin of kind containers.
---@return table<string, ggen.Lease> leases that the task has, by name
function Context:leases() end

---The directories that the task writes its outputs to, made where they are missing.
---@return string[]? directories absolute
---@return string? message
function Context:output_directories() end

---What takes the place of the project for a task that may see only what it declares.
---@class ggen.CleanRoom
---@field dir string absolute
---@field outside string[] absolute paths of inputs that are not in the project
---@field files integer inputs that were put into it
local CleanRoom = {}

---Makes a directory that has only what the task declares.
---@async
---@return ggen.CleanRoom? room with the inputs of the task, and what its needs made
---@return string? message
function Context:clean_room() end

---The task has ended well: its declared outputs become those of the project.
---@async
---@return boolean? done
---@return string? message
function CleanRoom:collect() end

---Guesses what the task looked for in vain.
---@param text string what the task said
---@param cwd string absolute, where it was
---@return string[] paths that it probably missed
function CleanRoom:missed(text, cwd) end

---Removes the room.
function CleanRoom:close() end

---A hook, as plugins see it; read-only.
---@class ggen.Hook
---@field name string the id of its task, or where its function is declared
---@field index integer? of its task; nil for a function
---@field after string[] names of the tasks that its task waits for: its needs, services and after
---@field outputs string[] paths and globs that its task makes, relative to the project
---@field exclusive boolean|string true: nothing runs beside it; a name: no other with this name

---The output of one task.
---@class ggen.Log
local Log = {}

---Replays what it holds into the sink, then passes on what comes.
---@param sink userdata
function Log:attach(sink) end

---Writes what it holds into the sink.
---@param sink userdata
function Log:replay(sink) end

---From now on tail() knows the last bytes also when the output goes to an attached sink.
---@param bytes integer 1 MiB at most
function Log:keep_tail(bytes) end

---The end of the output.
---@param lines integer
---@return string the last lines
function Log:tail(lines) end

---The beginning of the output.
---@param max integer
---@return string the first max bytes
---@return boolean truncated
function Log:text(max) end

---How much there was, also of what is not kept.
---@return integer bytes that came
function Log:size() end

---Where observers write for people.
---@class ggen.Screen
local Screen = {}

---Writes above the live line.
---@param text string
function Screen:write(text) end

---Shows a live line below everything written; nil takes it away.
---@param text string?
function Screen:status(text) end

---Whether it is a terminal.
---@return boolean
function Screen:is_tty() end

---How wide it is.
---@return integer columns
function Screen:width() end

---Makes a sink that writes whole lines only.
---@param prefix string of each line
---@return userdata sink
function Screen:lines(prefix) end

---Makes a sink for bytes.
---@return userdata sink that writes bytes as they are
function Screen:raw() end

---Signs and colours; a colour is a method: style:red("text"). Colours: red green yellow blue
---magenta cyan dim bold.
---@class ggen.Style
---@field ok string sign of success
---@field fail string
---@field skip string
---@field run string
