---@meta
-- The model of a make.toml: what ggen.make_toml.read returns. Lists are in the order of the file,
-- and each entry has its line.
-- SPDX-License-Identifier: MIT

---What a frontend needs to take the phases of a make.toml as tasks.
---@class ggen.make_toml
local make_toml = {}

---Whether there is such a file; the answer is an input of the configuration.
---@param path string absolute
---@return boolean
function make_toml.exists(path) end

---Reads a make.toml. What is wrong in it is raised, with its line.
---@param path string absolute
---@param shown string the path as messages have it
---@param place? { file: string?, line: integer? } where it is imported
---@return ggen.make_toml.Model
function make_toml.read(path, shown, place) end

---Declares on a pipeline what a make.toml says.
---@param pipeline ggen.Pipeline
---@param dir string absolute directory of the file
---@param file string its name
---@param options? { environment: string?, place: table? } what the frontend's host has of these
function make_toml.load(pipeline, dir, file, options) end

---@class ggen.make_toml.Model
---@field file string as messages name it
---@field project { name: string?, version: string?, type: string?, desc: string?, line: integer? }
---@field compat "default"|"strict"
---@field shell string? of the whole file
---@field phases ggen.make_toml.Phase[]
---@field hooks ggen.make_toml.Hook[]
---@field on_error ggen.make_toml.Outcome?
---@field on_success ggen.make_toml.Outcome?
---@field workspaces ggen.make_toml.Workspace[] the named ones
---@field members string[]? globs of directories, with `exclude` and `line`
---@field workspaces_find { name: string, line: integer }? the plugin that finds more of them
---@field workspaces_parallel boolean?
---@field env table<string, string>
---@field environments table<string, { env: table<string, string>, line: integer }> [env.NAME]
---@field pipelines { name: string, phases: string[], line: integer }[]
---@field scripts { name: string, command: string, line: integer, phases: string[]? }[] `phases`
---when the command is "ggen lifecycle run|pipeline" of phases that are all here
---@field execution { max_parallel: integer?, timeout: number?, retries: integer?,
---retry_delay: number? }
---@field hooks_parallel { limit: integer?, line: integer }? hooks of one moment at the same time
---@field max_records integer? of the lifecycle state; 0: no bound
---@field lines { key: string, line: integer }[] of keys that are the root's to say
---@field orders table<table, string[]>? of a file that was read with `raw`: for each table of
---variables their names in the order of the file
---@field notes ggen.make_toml.Note[]
---@field unresolved { name: string, line: integer, key: string, hook: boolean? }[] names that are
---used and stand for nothing in this file

---@class ggen.make_toml.Phase
---@field name string
---@field line integer
---@field dialect "lifecycle"|"phases"|"tasks"
---@field desc string?
---@field commands (string|string[]|{ script: string, runner: string })[] shell lines, argvs,
---scripts with what runs them
---@field shell string?
---@field watch boolean|string[]|nil
---@field port integer?
---@field outputs string[]?
---@field cache boolean?
---@field parallel boolean?
---@field workspaces string[]?
---@field depends_on string[]? also cargo-make's dependencies
---@field cache_key ggen.make_toml.CacheKey?
---@field first_run_only boolean?
---@field requires_approval boolean?
---@field timeout number? seconds
---@field retry integer?
---@field exclusive boolean|string|nil
---@field error_handling "stop"|"warn"|"continue"|nil
---@field env table<string, string>
---@field environments table<string, ggen.make_toml.Replacement>
---@field condition ggen.make_toml.Condition? cargo-make
---@field run_task ggen.make_toml.Choice[]? cargo-make: the first whose condition holds
---@field alias string? cargo-make
---@field private boolean? cargo-make
---@field finally boolean? runs at the end: what a cleanup_task has become
---@field category string? cargo-make
---@field workspace boolean? cargo-make
---@field cwd string? cargo-make

---@class ggen.make_toml.Replacement what a phase is in one environment
---@field line integer
---@field desc string?
---@field commands string[]?
---@field shell string?
---@field env table<string, string>?

---@class ggen.make_toml.Condition all that is there must hold
---@field disabled boolean?
---@field os string[]?
---@field env_set string[]?
---@field env_not_set string[]?
---@field env_true string[]?
---@field env_false string[]?
---@field env table<string, string>?
---@field files_exist string[]?
---@field files_not_exist string[]?
---@field platforms string[]?
---@field profiles string[]?
---@field script string? holds when it ends with 0
---@field fail_message string?

---What `run_task` of cargo-make may run.
---@class ggen.make_toml.Choice
---@field names string[]
---@field line integer
---@field parallel boolean?
---@field fork boolean?
---@field cleanup_task string? one that runs at the end is a phase with `finally`
---@field condition ggen.make_toml.Condition?

---@class ggen.make_toml.Hook either phases or commands; a mixed list makes several hooks
---@field moment "before"|"after"
---@field target string "all" or a phase's name
---@field phases string[]?
---@field commands string[]?
---@field shell string?
---@field key string where it is written: "hooks.before_build"
---@field orphan boolean? this file has no phase of the target's name (noted)
---@field line integer

---@class ggen.make_toml.Outcome what runs at the end; phases first
---@field phases string[]?
---@field commands string[]?
---@field shell string?
---@field line integer

---A workspace that the file names.
---@class ggen.make_toml.Workspace
---@field name string
---@field path string
---@field desc string?
---@field depends_on string[]?
---@field line integer
