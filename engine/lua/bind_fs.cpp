// ggen.core.fs: files and directories, whole and at once, and globs over them. All of it blocks.
// SPDX-License-Identifier: MIT
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <lua.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/find.h"
#include "base/glob.h"
#include "lua/call.h"

namespace ggen::lua {

int open_fs(lua_State* L);

namespace {

// ---- check ----

std::string_view check_bytes(lua_State* L, int index) {
  std::size_t size = 0;
  const char* bytes = luaL_checklstring(L, index, &size);
  return {bytes, size};
}

std::string check_path(lua_State* L, int index) { return std::string(check_bytes(L, index)); }

// Whether options.<name> is set; the table itself may be missing.
bool check_flag(lua_State* L, int index, const char* name, bool otherwise) {
  if (lua_isnoneornil(L, index)) return otherwise;
  luaL_checktype(L, index, LUA_TTABLE);
  lua_getfield(L, index, name);
  const bool value = lua_isnil(L, -1) ? otherwise : lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return value;
}

// One pattern, or a list of them.
std::vector<std::string> check_patterns(lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TSTRING) return {check_path(L, index)};
  luaL_checktype(L, index, LUA_TTABLE);
  std::vector<std::string> patterns;
  const int count = static_cast<int>(lua_objlen(L, index));
  for (int i = 1; i <= count; ++i) {
    lua_rawgeti(L, index, i);
    if (lua_type(L, -1) != LUA_TSTRING) {
      luaL_argerror(L, index, lua_pushfstring(L, "pattern %d is not a string", i));
    }
    patterns.push_back(check_path(L, -1));
    lua_pop(L, 1);
  }
  return patterns;
}

// ---- make ----

void push_string(lua_State* L, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
}

int push_done(lua_State* L, const Result<void>& result) {
  if (!result) return push_error(L, result.error());
  lua_pushboolean(L, 1);
  return 1;
}

int push_text(lua_State* L, const Result<std::string>& result) {
  if (!result) return push_error(L, result.error());
  push_string(L, *result);
  return 1;
}

// ---- functions ----

// stat(path [, {follow=false}]) -> { type = "file"|"directory"|"link"|"other", size = bytes,
// mode = permission bits, mtime = seconds since 1970 }. Follows links unless told not to.
int fs_stat(lua_State* L) {
  const bool follow = check_flag(L, 2, "follow", true);
  const auto info = stat_path(check_path(L, 1), follow ? FollowLinks::yes : FollowLinks::no);
  if (!info) return push_error(L, info.error());
  lua_createtable(L, 0, 4);
  push_string(L, file_type_name(info->type));
  lua_setfield(L, -2, "type");
  lua_pushnumber(L, static_cast<double>(info->size));
  lua_setfield(L, -2, "size");
  lua_pushinteger(L, static_cast<lua_Integer>(info->mode));
  lua_setfield(L, -2, "mode");
  lua_pushnumber(L, static_cast<double>(info->mtime_ns) * 1e-9);
  lua_setfield(L, -2, "mtime");
  return 1;
}

// read(path [, max]) -> bytes; a file of more than `max` bytes is refused (limit)
int fs_read(lua_State* L) {
  // More than this a Lua string cannot hold anyway.
  const double max = luaL_optnumber(L, 2, 0x7fffff00);
  luaL_argcheck(L, max >= 0, 2, "a number of bytes expected");
  return push_text(
      L, read_file(check_path(L, 1), static_cast<std::uint64_t>(std::fmin(max, 0x7fffff00))));
}

// write(path, bytes) -> true; all of it or nothing
int fs_write(lua_State* L) {
  const auto bytes = check_bytes(L, 2);
  return push_done(L, write_file(check_path(L, 1), bytes));
}

// list(dir) -> { { name =, type = }, ... } sorted by name
int fs_list(lua_State* L) {
  const auto entries = list_dir(check_path(L, 1));
  if (!entries) return push_error(L, entries.error());
  lua_createtable(L, static_cast<int>(entries->size()), 0);
  int index = 0;
  for (const DirEntry& entry : *entries) {
    lua_createtable(L, 0, 2);
    push_string(L, entry.name);
    lua_setfield(L, -2, "name");
    push_string(L, file_type_name(entry.type));
    lua_setfield(L, -2, "type");
    lua_rawseti(L, -2, ++index);
  }
  return 1;
}

// mkdir(path) -> true; makes the directories above it, too
int fs_mkdir(lua_State* L) { return push_done(L, make_dirs(check_path(L, 1))); }

std::string temporary_files() {
  const char* dir = std::getenv("TMPDIR");
  return dir != nullptr && *dir != '\0' ? dir : "/tmp";
}

// What a slip such as an empty variable would name: no pipeline means to remove these, or what
// they are in. `keep`: one more such place, or empty.
Result<void> check_removable(std::string path, const std::string& keep) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  const auto slash = path.rfind('/');
  auto above = real_path(slash == path.npos ? "." : path.substr(0, slash + 1));
  if (!above) return {};  // the removal says it better
  const std::string tree = (*above == "/" ? "" : *above) + "/" + path.substr(slash + 1) + "/";
  const char* home = std::getenv("HOME");
  const std::pair<std::string, const char*> places[] = {
      {"/", "the root of the file system"},
      {home != nullptr ? home : "", "the home directory"},
      {temporary_files(), "the directory of temporary files"},
      {"/tmp", "the directory of temporary files"},
      {".", "the working directory"},
      {keep, "the project"}};
  for (const auto& [place, what] : places) {
    if (place.empty()) continue;
    const auto real = real_path(place);
    if (!real || !(*real + "/").starts_with(tree)) continue;
    return Error{ErrorKind::invalid, "remove " + path + ": this would remove " + what + " (" +
                                         *real + "); name what is to go in it"};
  }
  return {};
}

// remove(path [, {recursive=true, keep=path}]) -> true. A tree is not removed that holds `keep`,
// our directory, the home directory, or that of temporary files.
int fs_remove(lua_State* L) {
  const bool recursive = check_flag(L, 2, "recursive", false);
  const std::string path = check_path(L, 1);
  if (recursive) {
    lua_getfield(L, 2, "keep");
    const std::string keep = lua_isnil(L, -1) ? "" : check_path(L, -1);
    const auto allowed = check_removable(path, keep);
    return push_done(L, allowed ? remove_tree(path) : allowed);
  }
  auto result = remove_path(path);
  if (!result && result.error().kind == ErrorKind::exists) {
    result.error().message += " (recursive = true removes it with all that is in it)";
  }
  return push_done(L, result);
}

// rename(from, to) -> true
int fs_rename(lua_State* L) {
  const std::string to = check_path(L, 2);
  return push_done(L, rename_path(check_path(L, 1), to));
}

// realpath(path) -> absolute path without links
int fs_realpath(lua_State* L) { return push_text(L, real_path(check_path(L, 1))); }

// cwd() -> absolute path
int fs_cwd(lua_State* L) { return push_text(L, current_dir()); }

// is_tty(fd) -> boolean
int fs_is_tty(lua_State* L) {
  lua_pushboolean(L, ::isatty(static_cast<int>(luaL_checkinteger(L, 1))));
  return 1;
}

// executable(path) -> boolean: a regular file that this user may execute
int fs_executable(lua_State* L) {
  lua_pushboolean(L, is_executable(check_path(L, 1)) ? 1 : 0);
  return 1;
}

// temp_dir() -> where temporary files belong ($TMPDIR or /tmp)
int fs_temp_dir(lua_State* L) {
  push_string(L, temporary_files());
  return 1;
}

// make_temp_dir([prefix]) -> a new directory that only this user can enter; the caller removes it
int fs_make_temp_dir(lua_State* L) {
  const std::string_view prefix = lua_isnoneornil(L, 1) ? "ggen-" : check_bytes(L, 1);
  return push_text(L, make_temp_dir(temporary_files(), prefix));
}

// match(pattern, path) -> boolean
int fs_match(lua_State* L) {
  const auto path = check_bytes(L, 2);
  const auto glob = Glob::compile(check_bytes(L, 1));
  if (!glob) return push_error(L, glob.error());
  lua_pushboolean(L, glob->match(path) ? 1 : 0);
  return 1;
}

// glob(root, patterns) -> sorted paths, relative to root, of what is no directory. "!x" takes out
// again what patterns before it took in. Links are not followed; .git and .ggen are left out.
int fs_glob(lua_State* L) {
  const auto globs = GlobSet::compile(check_patterns(L, 2));
  if (!globs) return push_error(L, globs.error());
  const auto paths = find_files(check_path(L, 1), *globs);
  if (!paths) return push_error(L, paths.error());
  lua_createtable(L, static_cast<int>(paths->size()), 0);
  int index = 0;
  for (const std::string& path : *paths) {
    push_string(L, path);
    lua_rawseti(L, -2, ++index);
  }
  return 1;
}

constexpr luaL_Reg kFunctions[] = {
    {"cwd", fs_cwd},       {"executable", fs_executable},
    {"glob", fs_glob},     {"is_tty", fs_is_tty},
    {"list", fs_list},     {"make_temp_dir", fs_make_temp_dir},
    {"match", fs_match},   {"mkdir", fs_mkdir},
    {"read", fs_read},     {"realpath", fs_realpath},
    {"remove", fs_remove}, {"rename", fs_rename},
    {"stat", fs_stat},     {"temp_dir", fs_temp_dir},
    {"write", fs_write},   {nullptr, nullptr},
};

}  // namespace

int open_fs(lua_State* L) {
  lua_newtable(L);
  luaL_register(L, nullptr, kFunctions);
  return 1;
}

}  // namespace ggen::lua
