-- Chooses a template for a model and fills it in. Files come as texts: nothing is read here.
-- SPDX-License-Identifier: MIT
local M = {}

local TYPES = {
  text = "text", email = "email", count = "integer check (%s >= 0)",
  money = "numeric(12, 2) check (%s >= 0)", date = "date",
}

---The cheapest template that offers all that the model needs.
---@param model table
---@param templates table<string, { offers: string[], cost: number }> by name
---@return string? name
---@return string? message
function M.choose(model, templates)
  local best
  for name, template in pairs(templates) do
    local offers = {}
    for _, feature in ipairs(template.offers) do offers[feature] = true end
    local fits = true
    for _, feature in ipairs(model.needs or {}) do fits = fits and offers[feature] end
    local cheaper = not best or template.cost < templates[best].cost
      or template.cost == templates[best].cost and name < best
    if fits and cheaper then best = name end
  end
  if best then return best end
  return nil, "no template offers all of: " .. table.concat(model.needs, ", ")
end

-- "price: money?" as the templates want it.
local function field_of(text, entities)
  local name, kind, absent = text:match("^([%l_]+): ([%l_]+)(%??)$")
  if not name then error(('model.toml: %q is no field ("name: type")'):format(text), 0) end
  local sql, column = TYPES[kind], name
  if entities[kind] then
    column = name .. "_id"
    sql = "bigint references " .. kind
  elseif not sql then
    error(("model.toml: field %s has the unknown type %q"):format(name, kind), 0)
  end
  return { name = name, column = column,
    type = sql:gsub("%%s", column) .. (absent == "" and " not null" or "") }
end

---What the templates see of a model.
---@param model table
---@param template string
---@return table view
function M.view(model, template)
  local known, entities = {}, {}
  for _, entity in ipairs(model.entity) do known[entity.name] = true end
  for i, entity in ipairs(model.entity) do
    local fields, columns, values, options, words = {}, {}, {}, {}, {}
    for j, text in ipairs(entity.fields) do
      local field = field_of(text, known)
      fields[j], columns[j], words[j] = field, field.column, field.name:upper()
      values[j] = ("nullif(:'%s', '')::%s"):format(field.column, field.type:match("^%w+"))
      options[j] = ('-v %s="$%d"'):format(field.column, j + 2)
    end
    entities[i] = { name = entity.name, fields = fields, columns = table.concat(columns, ", "),
      values = table.concat(values, ", "), options = table.concat(options, " "),
      words = table.concat(words, " "), arguments = #fields + 2 }
  end
  return { name = model.name, template = template, entities = entities }
end

---Fills in {{name}}, and {{#list}} ... {{/list}} once for each element.
---@param text string
---@param view table
---@return string
function M.render(text, view)
  text = text:gsub("{{#(%w+)}}\n?(.-){{/%1}}\n?", function(name, body)
    local parts = {}
    for i, element in ipairs(view[name]) do
      parts[i] = M.render(body, setmetatable(element, { __index = view }))
    end
    return table.concat(parts)
  end)
  return (text:gsub("{{(%w+)}}", function(name)
    return tostring(view[name] or error("a template asks for " .. name, 0))
  end))
end

return M
