# The libraries that the engine stands on (docs/design.md, "What it stands on").

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# LuaJIT and libuv are linked statically where the package has the archive: fewer files to map at
# start. LuaJIT is linked whole and exported, so that C modules of rocks find the Lua API in us.
pkg_check_modules(LUAJIT REQUIRED IMPORTED_TARGET luajit)
find_library(GGEN_LUAJIT_ARCHIVE libluajit-5.1.a)
add_library(ggen_luajit INTERFACE)
target_include_directories(ggen_luajit SYSTEM INTERFACE ${LUAJIT_INCLUDE_DIRS})
if(GGEN_LUAJIT_ARCHIVE)
  target_link_options(ggen_luajit INTERFACE
    -Wl,--export-dynamic-symbol=lua_* -Wl,--export-dynamic-symbol=luaL_*
    -Wl,--export-dynamic-symbol=luaopen_* -Wl,--export-dynamic-symbol=luaJIT_*)
  target_link_libraries(ggen_luajit INTERFACE
    -Wl,--whole-archive ${GGEN_LUAJIT_ARCHIVE} -Wl,--no-whole-archive m ${CMAKE_DL_LIBS})
else()
  target_link_libraries(ggen_luajit INTERFACE PkgConfig::LUAJIT)
endif()

pkg_check_modules(LIBUV REQUIRED IMPORTED_TARGET libuv)
find_library(GGEN_LIBUV_ARCHIVE libuv_a.a)
add_library(ggen_libuv INTERFACE)
target_include_directories(ggen_libuv SYSTEM INTERFACE ${LIBUV_INCLUDE_DIRS})
if(GGEN_LIBUV_ARCHIVE)
  target_link_libraries(ggen_libuv INTERFACE ${GGEN_LIBUV_ARCHIVE} Threads::Threads ${CMAKE_DL_LIBS} rt)
else()
  target_link_libraries(ggen_libuv INTERFACE PkgConfig::LIBUV)
endif()

find_package(nlohmann_json 3 REQUIRED)
find_path(GGEN_TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)

find_program(GGEN_LUAJIT luajit REQUIRED)
find_file(GGEN_ARGPARSE argparse.lua PATHS /usr/share/lua/5.1 /usr/local/share/lua/5.1 REQUIRED)

# SHA-256 from the archive of libcrypto: only its assembly gets into the binary, and no shared
# library has to be mapped at start. Its low-level functions are marked as deprecated in favour of
# EVP, whose look-up of a provider costs more than the digest of a short text.
find_library(GGEN_CRYPTO_ARCHIVE libcrypto.a REQUIRED)
add_library(ggen_crypto INTERFACE)
target_compile_definitions(ggen_crypto INTERFACE OPENSSL_SUPPRESS_DEPRECATED)
target_link_libraries(ggen_crypto INTERFACE ${GGEN_CRYPTO_ARCHIVE} Threads::Threads ${CMAKE_DL_LIBS})

# Inflates the Lua modules that few runs need (cmake/embed.lua, which deflates them with the shared
# library of the same package). From the archive, like the rest: nothing more to map at start.
find_library(GGEN_ZLIB_ARCHIVE libz.a REQUIRED)
find_library(GGEN_ZLIB_SHARED libz.so REQUIRED)
find_path(GGEN_ZLIB_INCLUDE zlib.h REQUIRED)
add_library(ggen_zlib INTERFACE)
target_include_directories(ggen_zlib SYSTEM INTERFACE ${GGEN_ZLIB_INCLUDE})
target_link_libraries(ggen_zlib INTERFACE ${GGEN_ZLIB_ARCHIVE})

# XXH3 finds damage in our own files; a header is all of it that is used.
find_path(GGEN_XXHASH_INCLUDE xxhash.h REQUIRED)

# Headers only: the library is loaded when the first request over HTTP is made (loop/libcurl.h).
find_path(GGEN_CURL_INCLUDE curl/curl.h REQUIRED)
