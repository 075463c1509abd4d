# Precompiled headers, for builds that compile everything anew more often than they change it (CI):
# a fifth of the time goes into the standard library and Catch2. Off by default, because with them
# nobody notices an #include that a file lacks; the release preset, which CI builds, too, does.
# ccache keeps such files with CCACHE_SLOPPINESS=pch_defines,time_macros (./dev sets it).

option(GGEN_PRECOMPILED "Precompile the headers of the standard library" OFF)
if(NOT GGEN_PRECOMPILED)
  return()
endif()

set(standard <algorithm> <array> <cstdint> <cstring> <functional> <map> <memory> <optional> <span>
  <string> <string_view> <unordered_map> <utility> <vector>)

# One for all libraries of the engine: they are compiled with the same options.
target_precompile_headers(ggen_base PRIVATE ${standard})
foreach(folder loop process graph trace hash watch cache state incremental lua)
  target_precompile_headers(ggen_${folder} REUSE_FROM ggen_base)
endforeach()

if(TARGET ggen-unit)
  target_precompile_headers(ggen-unit PRIVATE
    ${standard} <atomic> <filesystem> <random> <set> <thread> <catch2/catch.hpp>)
endif()
