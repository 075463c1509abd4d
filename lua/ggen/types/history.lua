---@meta
-- The types of what runs leave behind, as observers and commands of plugins read it. The fields of
-- records and lines are those of docs/run-record.schema.json and docs/history-line.schema.json.
-- SPDX-License-Identifier: MIT

---What earlier runs have left behind.
---@class ggen.history
local history = {}

---The history of a project. Reads nothing yet.
---@param project_dir string absolute
---@return ggen.History
function history.open(project_dir) end

---A record of a file, whoever wrote it.
---@param path string
---@param shown? string how messages name it
---@return table record raises an error that names the file when it is none
function history.read(path, shown) end

---Where the runs of a project are kept.
---@class ggen.History
---@field damaged integer lines of the last lines() that are none: torn, not JSON, not of a run
---@field foreign integer those of another version
---@field unread integer bytes further back that were not looked at, though more lines were wanted
---@field problem string? why the file of the history cannot be read, when it is there
local History = {}

---Which lines of the history are wanted.
---@class ggen.HistoryQuery
---@field most integer? how many lines; 200 when it is not said
---@field bytes integer? how far back the file is read; 64 MiB when it is not said
---@field longest integer? bytes of a line; what is longer is damaged; 32 MiB when it is not said
---@field pipeline string? of this pipeline only
---@field machine string? of this machine class only
---@field before string? of runs before the one of this id only

---The lines of the last runs. What is no line is left out and counted.
---@param query? ggen.HistoryQuery
---@return table[] lines the oldest first; what is null in the file is missing
function History:lines(query) end

---The runs whose records are there.
---@return string[] ids the newest last, by the order of the history
function History:records() end

---The record of a run.
---@param ref string an id, a part of only one, "last", "last~2" (the second before the last), or
---the path of a file
---@param below? string absolute directory that such a path is relative to, where that is another
---than the working directory
---@return table record raises an error when there is none, or it is damaged
---@return string? problem what is wrong with the newest record, when "last" had to pass over it
function History:record(ref, below) end
