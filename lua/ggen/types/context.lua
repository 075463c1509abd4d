---@meta
-- The types of what functions of a pipeline get: ctx, its files, what a command came to.
-- SPDX-License-Identifier: MIT

---What `run = function(ctx) ... end`, hooks and `when` functions get. The function runs in a
---coroutine: it may wait, and other tasks go on meanwhile. An error that it raises, or the result
---false, makes the task fail.
---@class ggen.UserContext
---@field task ggen.UserTask the task; for a hook the one that it hangs on
---@field matrix table<string, string|number|boolean> the values of the task's matrix
---@field services table<string, ggen.Lease> what the task leases, by name
---@field env table<string, string> the environment that commands get
---@field cwd string absolute directory
---@field log ggen.UserLog lines in the task's output
---@field fs ggen.fs files; relative paths start at ctx.cwd
local UserContext = {}

---What a function sees of its task.
---@class ggen.UserTask
---@field id string "test:suite=unit"
---@field name string
---@field workspace string?
---@field matrix table<string, string|number|boolean>?

---Runs a command and waits for it. Its output goes to the task's output, or with `capture` into the
---result. Raises when the command fails, unless `check = false`.
---@async
---@param command string|string[]
---@param options? ggen.ShellOptions
---@return ggen.Result
function UserContext.sh(command, options) end

---Waits; Ctrl-C ends the wait.
---@async
---@param time ggen.Duration
function UserContext.sleep(time) end

---How a command of ctx.sh runs.
---@class ggen.ShellOptions
---@field capture? boolean|integer keep the output: true for 16 MiB of each stream, or a number
---@field check? boolean false: return the result of a failure instead of raising
---@field cwd? string relative to ctx.cwd
---@field env? table<string, string|number> added to ctx.env
---@field stdin? string bytes for its standard input
---@field timeout? ggen.Duration
---@field shell? string the shell for a command with shell syntax

---How a command ended.
---@class ggen.Result
---@field code integer 128 + n after signal n, 124 after a time-out, 126 or 127 not started
---@field signal string? name of the signal that ended it, "KILL"
---@field timed_out boolean?
---@field message string? what to tell when the code alone does not say it
---@field kind string? of a failure: "no_engine" keeps no other task from starting
---@field usage ggen.Usage?
---@field stdout string? with capture
---@field stderr string? with capture
---@field truncated boolean? there was more to capture

---@class ggen.Usage
---@field wall number seconds
---@field user number CPU seconds
---@field sys number CPU seconds in the kernel
---@field peak_memory number? bytes, of the largest process; nil when it took no more than ggen-lua
---itself, below which the kernel tells nothing

---Lines that stand among the output of the task.
---@class ggen.UserLog
---@field info fun(...) writes its arguments, joined by spaces, as a line
---@field warn fun(...) the same to the error stream, after "warning: "
---@field error fun(...) the same to the error stream, after "error: "; the task goes on

---Files and directories. What the world refuses comes back as `nil, message, kind`.
---@class ggen.fs
local fs = {}

---Looks at a file or directory, without reading it.
---@param path string
---@param options? { follow: boolean? } follow = false: look at the link itself
---@return { type: "file"|"directory"|"link"|"other", size: number, mode: integer, mtime: number }?
function fs.stat(path, options) end

---Reads a whole file.
---@param path string
---@param max? number bytes; a larger file is refused
---@return string?
function fs.read(path, max) end

---Writes all of it or nothing: a temporary file is renamed into place.
---@param path string
---@param bytes string
---@return true?
function fs.write(path, bytes) end

---What is in a directory.
---@param path string
---@return { name: string, type: string }[]? entries sorted by name
function fs.list(path) end

---Makes a directory and those above it.
---@param path string
---@return true?
function fs.mkdir(path) end

---Removes a file, a link or an empty directory; with `recursive` also what is in it.
---@param path string
---@param options? { recursive: boolean? }
---@return true?
function fs.remove(path, options) end

---Moves a file or directory within a file system; a file that has the name is replaced.
---@param from string
---@param to string
---@return true?
function fs.rename(from, to) end

---Resolves links and `..`.
---@param path string
---@return string? absolute path without links
function fs.realpath(path) end

---Asks the file system, not the name.
---@param path string
---@return boolean whether it is a file that this user may execute
function fs.executable(path) end

---Files below a directory. Links are not followed; .git and .ggen are left out.
---@param root string
---@param patterns string|string[] "!x" takes out again
---@return string[]? paths relative to root, sorted
function fs.glob(root, patterns) end

---Whether a glob of the pipeline fits a path.
---@param pattern string
---@param path string
---@return boolean
function fs.match(pattern, path) end

---Where relative paths begin.
---@return string ctx.cwd
function fs.cwd() end

---Whether somebody looks at it, rather than a file or a program.
---@param fd integer
---@return boolean whether the descriptor is a terminal
function fs.is_tty(fd) end

---Names the directory; it makes none.
---@return string where temporary files belong: $TMPDIR or /tmp
function fs.temp_dir() end

---Makes a directory that only this user can enter. The caller removes it.
---@param prefix? string of its name
---@return string? path
function fs.make_temp_dir(prefix) end
