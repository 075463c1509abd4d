// ggen.core.spans: traces as trees of spans (trace/read_spans.h), and what differs between two of
// them (trace/diff.h). Times are seconds; a time that is not known is nil.
// SPDX-License-Identifier: MIT
#include <cmath>
#include <lua.hpp>
#include <memory>

#include "base/file.h"
#include "lua/call.h"
#include "lua/userdata.h"
#include "lua/values.h"
#include "trace/diff.h"
#include "trace/read_spans.h"

namespace ggen::lua {

using trace::Attribute;
using trace::DiffNode;
using trace::kNoSpan;
using trace::kUnknown;
using trace::SpanIndex;
using trace::SpanTree;
using trace::Texts;

int open_spans(lua_State* L);

namespace {

constexpr double kNsPerSecond = 1e9;

struct LuaTexts {
  std::shared_ptr<Texts> texts = std::make_shared<Texts>();
};

struct LuaTrace {
  std::shared_ptr<Texts> texts;
  std::shared_ptr<const SpanTree> tree;
  trace::TraceFormat format;
  std::vector<std::string> notes;
};

struct LuaBuilder {
  std::shared_ptr<Texts> texts;
  std::unique_ptr<trace::SpanTreeBuilder> spans;  // none: it has been finished
};

struct LuaDiff {
  std::shared_ptr<Texts> texts;
  std::shared_ptr<const SpanTree> before, after;
  trace::DiffOptions options;
  trace::Diff diff;
};

}  // namespace

template <>
inline constexpr const char* kTypeName<LuaTexts> = "ggen.Texts";
template <>
inline constexpr const char* kTypeName<LuaTrace> = "ggen.SpanTree";
template <>
inline constexpr const char* kTypeName<LuaBuilder> = "ggen.SpanBuilder";
template <>
inline constexpr const char* kTypeName<LuaDiff> = "ggen.SpanDiff";

namespace {

// ---- make ----

int spans_texts(lua_State* L) {
  push<LuaTexts>(L);
  return 1;
}

int push_trace(lua_State* L, const std::shared_ptr<Texts>& texts, std::string_view text) {
  auto read = trace::read_spans(text, *texts);
  if (!read) return push_error(L, read.error());
  push<LuaTrace>(L, texts, std::make_shared<const SpanTree>(std::move(read->tree)), read->format,
                 std::move(read->notes));
  return 1;
}

// read(texts, path, most bytes) -> Trace | nil, message, kind
int spans_read(lua_State* L) {
  const auto& texts = check<LuaTexts>(L, 1).texts;
  const auto text =
      read_file(check_string(L, 2), static_cast<std::uint64_t>(luaL_checknumber(L, 3)));
  if (!text) return push_error(L, text.error());
  return push_trace(L, texts, *text);
}

// parse(texts, text) -> Trace | nil, message, kind
int spans_parse(lua_State* L) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 2, &size);
  return push_trace(L, check<LuaTexts>(L, 1).texts, {text, size});
}

// build(texts) -> Builder
int spans_build(lua_State* L) {
  const auto& texts = check<LuaTexts>(L, 1).texts;
  push<LuaBuilder>(L, texts, std::make_unique<trace::SpanTreeBuilder>(*texts, std::string_view()));
  return 1;
}

LuaBuilder& check_builder(lua_State* L) {
  LuaBuilder& builder = check<LuaBuilder>(L, 1);
  luaL_argcheck(L, builder.spans != nullptr, 1, "a builder that is not finished expected");
  return builder;
}

std::int64_t nanoseconds(lua_State* L, int index, const char* name) {
  lua_getfield(L, index, name);
  const double seconds = lua_isnumber(L, -1) ? lua_tonumber(L, -1) : std::nan("");
  lua_pop(L, 1);
  constexpr double kMost = 9e9;  // seconds
  return std::fabs(seconds) <= kMost ? std::llround(seconds * kNsPerSecond) : kUnknown;
}

trace::TextIndex text_field(lua_State* L, int index, const char* name, Texts& texts) {
  lua_getfield(L, index, name);
  std::size_t size = 0;
  const char* bytes = lua_tolstring(L, -1, &size);
  const auto text = bytes == nullptr ? Texts::kEmpty : texts.add({bytes, size});
  lua_pop(L, 1);
  return text;
}

// builder:span{ name, parent = its number, start, duration, status, attributes = { name = value } }
//   -> the number of the span
int builder_span(lua_State* L) {
  LuaBuilder& builder = check_builder(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  trace::SpanDraft draft;
  draft.name = text_field(L, 2, "name", *builder.texts);
  draft.status = text_field(L, 2, "status", *builder.texts);
  draft.start = nanoseconds(L, 2, "start");
  draft.duration = nanoseconds(L, 2, "duration");
  lua_getfield(L, 2, "parent");
  const lua_Number parent = lua_isnil(L, -1) ? -1 : luaL_checknumber(L, -1);
  luaL_argcheck(L, parent < static_cast<lua_Number>(builder.spans->size()), 2,
                "parent: there is no such span");
  lua_getfield(L, 2, "attributes");
  if (lua_istable(L, -1)) {
    for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
      luaL_argcheck(L, lua_type(L, -2) == LUA_TSTRING, 2, "attributes: names expected");
      std::size_t size = 0;
      const char* key = lua_tolstring(L, -2, &size);
      Attribute attribute{builder.texts->add({key, size}), Texts::kEmpty};
      const char* value = lua_isboolean(L, -1) ? (lua_toboolean(L, -1) != 0 ? "true" : "false")
                                               : lua_tolstring(L, -1, &size);
      luaL_argcheck(L, value != nullptr, 2, "attributes: texts, numbers or booleans expected");
      attribute.value = builder.texts->add(lua_isboolean(L, -1) ? std::string_view(value)
                                                                : std::string_view(value, size));
      draft.attributes.push_back(attribute);
    }
  }
  lua_pop(L, 2);
  const SpanIndex span =
      builder.spans->reserve(parent < 0 ? kNoSpan : static_cast<SpanIndex>(parent));
  builder.spans->fill(span, draft);
  lua_pushnumber(L, span);
  return 1;
}

// builder:finish() -> Trace; the builder is of no more use after that
int builder_finish(lua_State* L) {
  LuaBuilder& builder = check_builder(L);
  const auto spans = std::move(builder.spans);
  auto tree = spans->finish();
  if (!tree) return push_error(L, tree.error());
  push<LuaTrace>(L, builder.texts, std::make_shared<const SpanTree>(std::move(*tree)),
                 trace::TraceFormat::record, spans->notes());
  return 1;
}

// ---- Trace ----

void set_time(lua_State* L, const char* name, std::int64_t time) {
  if (time != kUnknown) set_field(L, name, static_cast<double>(time) / kNsPerSecond);
}

// trace:about() -> { format, spans, roots, wall, notes }
int trace_about(lua_State* L) {
  const LuaTrace& self = check<LuaTrace>(L, 1);
  lua_createtable(L, 0, 5);
  set_field(L, "format", trace::format_name(self.format));
  set_field(L, "spans", static_cast<double>(self.tree->size()));
  set_field(L, "roots", static_cast<double>(self.tree->children_of(kNoSpan).size()));
  set_time(L, "wall", self.tree->wall());
  push_strings(L, self.notes);
  lua_setfield(L, -2, "notes");
  return 1;
}

// ---- Diff ----

// compare(a, b, { noise = share, floor = seconds, ignore = globs, unstable = globs })
//   -> Diff | nil, message, kind
int spans_compare(lua_State* L) {
  const LuaTrace& a = check<LuaTrace>(L, 1);
  const LuaTrace& b = check<LuaTrace>(L, 2);
  luaL_argcheck(L, a.texts == b.texts, 2, "a trace of the same texts expected");
  luaL_checktype(L, 3, LUA_TTABLE);
  trace::DiffOptions options;
  lua_getfield(L, 3, "noise");
  options.noise = luaL_checknumber(L, -1);
  options.floor = nanoseconds(L, 3, "floor");
  luaL_argcheck(L, options.noise >= 0 && options.floor >= 0, 3, "noise and floor from 0 up");
  for (const auto& [name, globs] :
       {std::pair{"ignore", &options.ignore}, std::pair{"unstable", &options.unstable}}) {
    lua_getfield(L, 3, name);
    for (const std::string& pattern : check_strings(L, lua_gettop(L))) {
      auto glob = Glob::compile(pattern);
      if (!glob) return push_error(L, glob.error());
      globs->push_back(std::move(*glob));
    }
  }
  trace::Diff diff = trace::compare(*a.tree, *b.tree, *a.texts, options);
  push<LuaDiff>(L, a.texts, a.tree, b.tree, std::move(options), std::move(diff));
  return 1;
}

// diff:totals() -> { added, removed, modified, explained, unchanged, same }
int diff_totals(lua_State* L) {
  const trace::Diff& diff = check<LuaDiff>(L, 1).diff;
  lua_createtable(L, 0, 6);
  set_field(L, "added", diff.added);
  set_field(L, "removed", diff.removed);
  set_field(L, "modified", diff.modified);
  set_field(L, "explained", diff.explained);
  set_field(L, "unchanged", diff.unchanged);
  set_flag(L, "same", diff.same());
  return 1;
}

const DiffNode& check_node(lua_State* L, const LuaDiff& self) {
  const lua_Number index = luaL_checknumber(L, 2);
  luaL_argcheck(L, index >= 0 && index < static_cast<lua_Number>(self.diff.nodes.size()), 2,
                "a node of the comparison expected");
  return self.diff.nodes[static_cast<std::size_t>(index)];
}

void set_text(lua_State* L, const char* name, const Texts& texts, trace::TextIndex text) {
  if (text != Texts::kNone) set_field(L, name, texts[text]);
}

// diff:changes(node) -> how many spans are changed at and below it, how many there are: what is
// asked of each of many children, without a table
int diff_changes(lua_State* L) {
  const LuaDiff& self = check<LuaDiff>(L, 1);
  const DiffNode& node = check_node(L, self);
  lua_pushnumber(L, node.changes);
  lua_pushnumber(L, node.spans);
  return 2;
}

// diff:node(number from 0, which stands above the roots) -> { name, mark, first, count, spans,
//   changes, flags ("status", "attributes", "duration", "explained"), and what was and is of status
//   and duration }
int diff_node(lua_State* L) {
  const LuaDiff& self = check<LuaDiff>(L, 1);
  const DiffNode& node = check_node(L, self);
  lua_createtable(L, 0, 12);
  set_field(L, "first", node.first_child);
  set_field(L, "count", node.child_count);
  set_field(L, "spans", node.spans);
  set_field(L, "changes", node.changes);
  set_field(L, "parent", node.parent);
  if (&node == self.diff.nodes.data()) return 1;
  set_flag(L, "status", (node.flags & DiffNode::kStatus) != 0);
  set_flag(L, "attributes", (node.flags & DiffNode::kAttributes) != 0);
  set_flag(L, "duration", (node.flags & DiffNode::kDuration) != 0);
  set_flag(L, "explained", (node.flags & DiffNode::kExplained) != 0);
  set_field(L, "mark",
            node.added()      ? "added"
            : node.removed()  ? "removed"
            : node.modified() ? "modified"
                              : "unchanged");
  if (!node.removed()) {
    set_text(L, "name", *self.texts, self.after->name[node.after]);
    set_text(L, "status_after", *self.texts, self.after->status[node.after]);
    set_time(L, "duration_after", self.after->duration[node.after]);
  }
  if (!node.added()) {
    set_text(L, "name", *self.texts, self.before->name[node.before]);
    set_text(L, "status_before", *self.texts, self.before->status[node.before]);
    set_time(L, "duration_before", self.before->duration[node.before]);
  }
  return 1;
}

// diff:attributes(node) -> list of { name, before, after } that differ and are compared
int diff_attributes(lua_State* L) {
  const LuaDiff& self = check<LuaDiff>(L, 1);
  const DiffNode& node = check_node(L, self);
  std::span<const Attribute> before, after;
  if (node.before != kNoSpan) before = self.before->attributes_of(node.before);
  if (node.after != kNoSpan) after = self.after->attributes_of(node.after);
  const auto changes = trace::attribute_changes(before, after, *self.texts, self.options);
  lua_createtable(L, static_cast<int>(changes.size()), 0);
  int i = 0;
  for (const trace::AttributeChange& change : changes) {
    lua_createtable(L, 0, 3);
    set_text(L, "name", *self.texts, change.key);
    set_text(L, "before", *self.texts, change.before);
    set_text(L, "after", *self.texts, change.after);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

// diff:value(node, name) -> the attribute of that name after, or nil; also of one that is ignored
int diff_value(lua_State* L) {
  const LuaDiff& self = check<LuaDiff>(L, 1);
  const DiffNode& node = check_node(L, self);
  const trace::TextIndex key = self.texts->find(check_string(L, 3));
  if (node.after == kNoSpan || key == Texts::kNone) return 0;
  for (const Attribute& attribute : self.after->attributes_of(node.after)) {
    if (attribute.key != key) continue;
    const std::string_view value = (*self.texts)[attribute.value];
    lua_pushlstring(L, value.data(), value.size());
    return 1;
  }
  return 0;
}

constexpr luaL_Reg kNone[] = {{nullptr, nullptr}};
constexpr luaL_Reg kTrace[] = {{"about", trace_about}, {nullptr, nullptr}};
constexpr luaL_Reg kBuilder[] = {
    {"finish", builder_finish}, {"span", builder_span}, {nullptr, nullptr}};
constexpr luaL_Reg kDiff[] = {
    {"attributes", diff_attributes}, {"changes", diff_changes}, {"node", diff_node},
    {"totals", diff_totals},         {"value", diff_value},     {nullptr, nullptr}};
constexpr luaL_Reg kFunctions[] = {{"build", spans_build}, {"compare", spans_compare},
                                   {"parse", spans_parse}, {"read", spans_read},
                                   {"texts", spans_texts}, {nullptr, nullptr}};

}  // namespace

int open_spans(lua_State* L) {
  define<LuaTexts>(L, kNone);
  define<LuaTrace>(L, kTrace);
  define<LuaBuilder>(L, kBuilder);
  define<LuaDiff>(L, kDiff);
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
