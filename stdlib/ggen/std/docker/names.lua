-- Names of containers, images and volumes within the path of a call: they cannot lead elsewhere.
-- Pure.
-- SPDX-License-Identifier: MIT
local M = {}

---A name or an id for a message: ids are cut to the twelve digits that people know.
---@param id string
---@return string
function M.short(id)
  return #id == 64 and id:find("^%x+$") and id:sub(1, 12) or id
end

---A name or id of a container, volume or exec; another one is an error of the caller.
---@param id any
---@param what string "container"
---@return string
function M.id(id, what)
  if type(id) ~= "string" or not id:find("^[%w][%w_.-]*$") then
    error(("std.docker: a name or id of a %s expected, got %s"):format(what,
      type(id) == "string" and ("%q"):format(id:sub(1, 80)) or type(id)), 4)
  end
  return id
end

---@param ref any a reference of an image: "postgres:16", "ghcr.io/a/b@sha256:..."
---@return string? ref
---@return string? message
---@return ggen.docker.Kind? kind
function M.image(ref)
  if type(ref) ~= "string" then error("std.docker: the name of an image expected", 4) end
  if not ref:find("^[%w][%w._/:@-]*$") or ref:find("..", 1, true) or ref:find("//", 1, true)
    or #ref > 512 then
    return nil, ("%q is no name of an image, as postgres:16 or ghcr.io/who/what:tag"):format(
      ref:sub(1, 80)), "bad_request"
  end
  return ref
end

---Takes a reference apart: what is behind the name. Without tag and digest it is "latest", because
---an engine that is told no tag pulls them all.
---@param ref string
---@return string name, string tag
function M.tag(ref)
  local name, digest = ref:match("^(.-)@(.+)$")
  if name then return name, digest end
  name, digest = ref:match("^(.*):([^:/]+)$")
  if name then return name, digest end
  return ref, "latest"
end

return M
