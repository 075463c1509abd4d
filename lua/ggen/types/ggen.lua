---@meta ggen
-- The types of the public module and of a pipeline's declarations, for editors and for the
-- reference page docs/reference/lua.md. No code, as in all files of this folder.
-- SPDX-License-Identifier: MIT

---Seconds, or a text: "250ms", "10s", "5m", "1h30m", "3d".
---@alias ggen.Duration number|string

---Bytes, or a text: "512KiB", "100MiB", "1GB".
---@alias ggen.Size number|string

---What `require "ggen"` gives.
---@class ggen
---@field VERSION string version of this build, "0.1.0"
---@field API integer level of the plugin contract that this build speaks
---@field async ggen.async waiting, for plugins and Lua tasks
---@field std ggen.std the standard library
---@field delivery ggen.delivery sends beside a run
---@field evict ggen.evict for cache policies
---@field environment ggen.environment the strict environment of tasks
---@field history ggen.history what earlier runs have left behind
---@field files ggen.files small files that plugins keep
---@field http ggen.http requests over HTTP
---@field json ggen.json reads and writes JSON
---@field local_service ggen.local_service services without containers
---@field make_toml ggen.make_toml the phases of a make.toml, for frontends
---@field metrics ggen.metrics figures of a recorded run, and conditions over them
---@field random ggen.random names that nobody else has
---@field readiness ggen.readiness when something that was started is ready
---@field recommendations ggen.recommendations what would make a run faster
---@field report ggen.report pieces that observers share
---@field schema ggen.schema checks values against descriptions
---@field suggest ggen.suggest "did you mean"
---@field targets ggen.targets limits of time, and how a run stands against them
---@field trace ggen.trace the trace of the run
---@field units ggen.units durations and sizes
local ggen = {}

---Starts the pipeline of a project. The file ends with `return` of what this returns.
---@param name string
---@return ggen.Pipeline
function ggen.pipeline(name) end

---Starts the part of one workspace: the same methods; its tasks have the ids `NAME#task`.
---@param name string
---@return ggen.Pipeline
function ggen.workspace(name) end

---The load that is going on, nil at all other times: for modules that behave differently while a
---pipeline is evaluated. What they read then has to be read through it.
---@return ggen.Loading?
function ggen.loading() end

---Warns, once in a run for each name, that something is used which will go away. It is for those
---who give something to others: called in a module, or in the `setup` of a plugin that was given an
---old parameter. The warning is a note of the run (an event of `run --json`), otherwise a line on
---standard error at the end of the program, and names the plugin and the place that use it; where
---`--json` asks for another machine output it is left out. A pipeline is warned about when it is
---evaluated, which it is when its files have changed.
---@param name string what is deprecated
---@param instead? string what to use
---@param remove_in? string the version that no longer has it
function ggen.deprecate(name, instead, remove_in) end

---What ggen.loading() gives.
---@class ggen.Loading
---@field dir string absolute directory of the file that is being evaluated
local Loading = {}

---Lists files below a directory; the pipeline is evaluated anew when the list would be another.
---@param root string absolute directory
---@param patterns string|string[] globs; "!x" takes out
---@return string[]? paths relative to root, sorted
---@return string? message
function Loading:files(root, patterns) end

---The bytes of a file; the pipeline is evaluated anew when it has changed.
---@param path string relative to dir, or absolute
---@return string? bytes
---@return string? message
---@return string? kind "not_found", "permission", ...
function Loading:read(path) end

---What the text of a file stands for. When something is wrong the results are those that find() of
---a workspaces plugin gives on.
---@param path string relative to dir, or absolute
---@param decode? fun(bytes: string): any?, string? as json.decode; without it the value is the text
---@return any? value
---@return string bytes of the file, or the message
---@return string? file the path, when something is wrong
---@return integer? line
function Loading:decode(path, decode) end

---Looks whether there is such a file; the pipeline is evaluated anew when that changes.
---@param path string relative to dir, or absolute
---@return boolean whether there is something of that name
function Loading:exists(path) end

---The directories in dir that patterns name ("packages/*", "!packages/old") and that have a file of
---a name. `node_modules` and names that begin with a dot are left out, links are resolved.
---@param patterns string[]
---@param file string as "package.json"
---@return string[]? directories relative to dir, sorted
---@return string? message as when one leads out of the project
---@return string? pattern the one that is wrong
function Loading:directories_with(patterns, file) end

---@class ggen.PipelineOptions what `ggen.pipeline "x" { ... }` takes
---@field desc? string
---How many tasks run at once when -j does not say it (default: as many as there are processors).
---@field jobs? integer

---@class ggen.WorkspaceOptions what `ggen.workspace "x" { ... }` takes
---@field depends_on? string|string[] workspaces that this one builds upon: `^name` in needs

---A pipeline or a workspace. Declarations are checked where they are made; an error names the line.
---@class ggen.Pipeline
---@field name string
---@field dir string absolute directory of the file that declares it
---@field kind "pipeline"|"workspace"
---@overload fun(options: ggen.PipelineOptions|ggen.WorkspaceOptions): ggen.Pipeline
local Pipeline = {}

---Where something is declared, from a front end: see the kind `frontend`.
---@class ggen.Place
---@field file string absolute, or relative to the directory that is loaded
---@field line? integer from 1

---A task's declaration: takes the task's table by a second call.
---@class ggen.TaskDeclaration
---@overload fun(spec: ggen.TaskSpec): ggen.TaskDeclaration

---Declares a task: `p:task "build" { run = "make" }`. Not local to the file: another file of the
---pipeline may name it.
---@param name string no spaces and none of `# : ^ * ? [ ] { } ! , " '`
---@param spec? ggen.TaskSpec
---@param place? ggen.Place instead of the line of the call
---@return ggen.TaskDeclaration
function Pipeline:task(name, spec, place) end

---Chooses a plugin: `p:use "scheduler.fifo"`, or a file: `p:use "./mine.lua" { option = 1 }`.
---@param name string "kind.name", or a path that begins with ./
---@param params? table
---@return fun(params: table)
function Pipeline:use(name, params) end

---Declares a phase, a group of tasks that is done when all of them are: `p:phase "ci" { "lint" }`.
---Phases named one after another (on the command line or in another phase) run one after another.
---@param name string
---@param members? string|string[] names of tasks and phases
---@param place? ggen.Place instead of the line of the call
---@return fun(members: string|string[])
function Pipeline:phase(name, members, place) end

---Hooks that run before a task or a phase: `p:before "ci" { "check-tools" }`.
---@param name string a task or a phase
---@param hooks? string|ggen.HookFunction|(string|ggen.HookFunction)[] names of tasks, or functions
---@return fun(hooks: string|ggen.HookFunction|(string|ggen.HookFunction)[])
function Pipeline:before(name, hooks) end

---Hooks that run after a task or a phase that succeeded.
---@param name string a task or a phase
---@param hooks? string|ggen.HookFunction|(string|ggen.HookFunction)[] names of tasks, or functions
---@return fun(hooks: string|ggen.HookFunction|(string|ggen.HookFunction)[])
function Pipeline:after(name, hooks) end

---Hooks that run before every task.
---@param hooks string|ggen.HookFunction|(string|ggen.HookFunction)[]
function Pipeline:before_each(hooks) end

---Hooks that run after every task that succeeded.
---@param hooks string|ggen.HookFunction|(string|ggen.HookFunction)[]
function Pipeline:after_each(hooks) end

---Sizes a pool, a named limit on tasks that run at once: `p:pool("link", 2)`. A pool that no call
---sizes has room for one task.
---@param name string
---@param size integer
function Pipeline:pool(name, size) end

---Names the tasks that run when the command line names none (otherwise: all that are neither
---services nor `finally`).
---@param names string|string[] tasks and phases
function Pipeline:default(names) end

---Says where the workspaces are: `p:workspaces "packages/*"`. Each has a pipeline.lua that begins
---with ggen.workspace, a make.toml, or a file that a used frontend reads.
---@param patterns string|string[] globs of directories, relative to this file
function Pipeline:workspaces(patterns) end

---Declares for every workspace of the project: `p:each_workspace(function(w) w:task "build" { ... }
---end)`. The function is called with each; `w.name` and `w.dir` are its name and its directory, to
---which paths in what it declares are relative. A task, phase or default that the workspace has in
---a pipeline.lua of its own stays in the place of the one that is declared here.
---@param declare fun(w: ggen.Pipeline)
function Pipeline:each_workspace(declare) end

---Takes declarations from another file: one that returns `function(pipeline) ... end`, a make.toml,
---or one that a frontend reads which the root uses. What a frontend reads is declared when the
---pipeline.lua has been evaluated, and that frontend then reads nothing else for the root.
---@param path string relative to this file
---@param frontend? string the frontend that reads it, as p:use has it, where several would
function Pipeline:import(path, frontend) end

---@alias ggen.HookFunction fun(ctx: ggen.UserContext)

return ggen
