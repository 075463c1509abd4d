-- Durations and sizes: reading what users write, writing what users read.
-- SPDX-License-Identifier: MIT
local M = {}

local SECONDS = { ms = 0.001, s = 1, m = 60, h = 3600, d = 86400, w = 604800 }
local BYTES = {
  B = 1, K = 1024, M = 1024 ^ 2, G = 1024 ^ 3, T = 1024 ^ 4,
  KiB = 1024, MiB = 1024 ^ 2, GiB = 1024 ^ 3, TiB = 1024 ^ 4,
  kB = 1e3, KB = 1e3, MB = 1e6, GB = 1e9, TB = 1e12,
}

---@param value string|number "250ms", "10s", "1h30m", or seconds
---@return number? seconds, string? message
function M.duration(value)
  if type(value) == "number" then
    if value ~= value or value < 0 or value == math.huge then
      return nil, ("%s is not a duration (it must be a number of seconds from 0 up)"):format(value)
    end
    return value
  end
  if type(value) ~= "string" then
    return nil, ('a duration expected ("10s", "5m", or seconds), got %s'):format(type(value))
  end
  local total, rest = 0, value
  while rest ~= "" do
    local number, unit, tail = rest:match("^(%d+%.?%d*)(%a+)(.*)$")
    local scale = unit and SECONDS[unit]
    if not scale then
      return nil, ('"%s" is not a duration (examples: "250ms", "10s", "5m", "1h30m", "3d")'):format(
        value)
    end
    total, rest = total + tonumber(number) * scale, tail
  end
  if value == "" then return nil, 'an empty text is not a duration (examples: "10s", "5m")' end
  return total
end

---@param value string|number "512KiB", "1GiB", "1GB", or bytes
---@return number? bytes, string? message
function M.size(value)
  if type(value) == "number" then
    if value ~= value or value < 0 or value == math.huge then
      return nil, ("%s is not a size (it must be a number of bytes from 0 up)"):format(value)
    end
    return math.floor(value)
  end
  if type(value) ~= "string" then
    return nil, ('a size expected ("512KiB", "1GiB", or bytes), got %s'):format(type(value))
  end
  local number, unit = value:match("^(%d+%.?%d*)%s*(%a*)$")
  local scale = number and (unit == "" and 1 or BYTES[unit])
  if not scale then
    return nil, ('"%s" is not a size (examples: "512KiB", "100MiB", "1GiB", "1GB")'):format(value)
  end
  return math.floor(tonumber(number) * scale)
end

---What converts the value of an option that is a whole number.
---@param option string
---@param least integer
---@param most integer? none: as large as it likes
---@return fun(value: string): integer?, string?
function M.whole(option, least, most)
  return function(value)
    local number = tonumber(value)
    if not number or number < least or number > (most or math.huge) or number % 1 ~= 0 then
      return nil, ("%s: a whole number from %d %s expected, got %s"):format(option, least,
        most and "to " .. most or "up", value)
    end
    return number
  end
end

local MOST_JOBS = 1024
local jobs_of = M.whole("-j", 1)

---@param value string of -j
---@return integer? jobs, string? message
function M.jobs(value)
  local jobs, message = jobs_of(value)
  return jobs and math.min(jobs, MOST_JOBS), message
end

---@param seconds number
---@return string text "0.42 s", "12.3 s", "2 m 05 s", "1 h 02 m"
function M.format_duration(seconds)
  if seconds < 10 then return ("%.2f s"):format(seconds) end
  if seconds < 59.95 then return ("%.1f s"):format(seconds) end
  local whole = math.floor(seconds + 0.5)
  if whole < 3600 then return ("%d m %02d s"):format(whole / 60, whole % 60) end
  return ("%d h %02d m"):format(whole / 3600, whole % 3600 / 60)
end

---The same of what may have taken hardly any time.
---@param seconds number
---@return string text "35 us", "1.2 ms", "1.20 s"
function M.format_short(seconds)
  if seconds == 0 then return "0 s" end
  if seconds < 0.0009995 then return ("%.0f us"):format(seconds * 1e6) end
  if seconds < 0.9995 then return ("%.1f ms"):format(seconds * 1e3) end
  return M.format_duration(seconds)
end

---As JSON has it: no digits that nobody measured.
---@param seconds number?
---@return number? seconds to the millisecond
function M.milliseconds(seconds) return seconds and math.floor(seconds * 1000 + 0.5) / 1000 end

---What an estimate is good for.
---@param seconds number
---@return string text "12 s", "2 m 05 s", "1 h 02 m"
function M.format_estimate(seconds)
  if seconds < 59.5 then return ("%d s"):format(math.max(math.floor(seconds + 0.5), 1)) end
  return M.format_duration(seconds)
end

---@param bytes number
---@return string text "512 B", "1.5 KiB", "2.0 GiB"
function M.format_size(bytes)
  if bytes < 1024 then return ("%d B"):format(bytes) end
  for _, unit in ipairs({ "KiB", "MiB", "GiB" }) do
    bytes = bytes / 1024
    if bytes < 1024 then return ("%.1f %s"):format(bytes, unit) end
  end
  return ("%.1f TiB"):format(bytes / 1024)
end

return M
