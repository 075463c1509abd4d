# Compiles every Lua source of lua/, stdlib/ and plugins/ (and argparse) to bytecode and puts it
# into the library ggen_embedded: one blob, deflated but for what most runs need, and one table of
# names. A new Lua file needs no entry
# anywhere: its path is its module name.

file(GLOB_RECURSE GGEN_LUA_SOURCES CONFIGURE_DEPENDS
  RELATIVE ${PROJECT_SOURCE_DIR}
  ${PROJECT_SOURCE_DIR}/lua/*.lua ${PROJECT_SOURCE_DIR}/stdlib/*.lua ${PROJECT_SOURCE_DIR}/plugins/*.lua)
list(SORT GGEN_LUA_SOURCES)
set(GGEN_LUA_DEPENDS ${GGEN_LUA_SOURCES})
list(TRANSFORM GGEN_LUA_DEPENDS PREPEND ${PROJECT_SOURCE_DIR}/)

set(GGEN_EMBED_DIR ${PROJECT_BINARY_DIR}/embedded)
file(MAKE_DIRECTORY ${GGEN_EMBED_DIR})
string(REPLACE ";" "\n" GGEN_LUA_LIST "${GGEN_LUA_SOURCES}")
file(GENERATE OUTPUT ${GGEN_EMBED_DIR}/sources.txt CONTENT "${GGEN_LUA_LIST}\n")

include(cmake/page.cmake)

add_custom_command(
  OUTPUT ${GGEN_EMBED_DIR}/blob.bin ${GGEN_EMBED_DIR}/table.cpp ${GGEN_EMBED_DIR}/blob.S
  COMMAND ${GGEN_LUAJIT} ${PROJECT_SOURCE_DIR}/cmake/embed.lua
          ${PROJECT_SOURCE_DIR} ${GGEN_EMBED_DIR} ${GGEN_ZLIB_SHARED} ${GGEN_ARGPARSE}
          ${GGEN_PAGE}
  DEPENDS ${GGEN_LUA_DEPENDS} ${PROJECT_SOURCE_DIR}/cmake/embed.lua ${GGEN_EMBED_DIR}/sources.txt
          ${GGEN_ARGPARSE} ${GGEN_PAGE}
  COMMENT "Compiling the Lua sources"
  VERBATIM)

set_source_files_properties(${GGEN_EMBED_DIR}/blob.S PROPERTIES
  OBJECT_DEPENDS ${GGEN_EMBED_DIR}/blob.bin)
add_library(ggen_embedded STATIC ${GGEN_EMBED_DIR}/table.cpp ${GGEN_EMBED_DIR}/blob.S)
target_link_libraries(ggen_embedded PRIVATE ggen_settings)
