# How every target is compiled (ggen_settings) and what it is warned about (ggen_warnings).

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# A fixed load address spares the start of the program some thousand relocations.
set(CMAKE_POSITION_INDEPENDENT_CODE OFF)

# -O3 is half a megabyte more, and no faster.
string(REPLACE "-O3" "-O2" CMAKE_CXX_FLAGS_RELEASE "${CMAKE_CXX_FLAGS_RELEASE}")

find_program(GGEN_CCACHE ccache)
if(GGEN_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${GGEN_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${GGEN_CCACHE})
endif()

set(GGEN_SANITIZE "" CACHE STRING "Sanitizers: address,undefined or thread")
option(GGEN_CHECKS "Check at the end that nothing is left open (tests)" OFF)
option(GGEN_WERROR "Warnings are errors" OFF)

add_library(ggen_settings INTERFACE)
target_include_directories(ggen_settings INTERFACE ${PROJECT_SOURCE_DIR}/engine)
target_compile_definitions(ggen_settings INTERFACE GGEN_VERSION="${PROJECT_VERSION}")
target_compile_options(ggen_settings INTERFACE -fno-pie)
target_link_options(ggen_settings INTERFACE -no-pie)
if(GGEN_CHECKS)
  target_compile_definitions(ggen_settings INTERFACE GGEN_CHECKS=1)
endif()
if(GGEN_SANITIZE)
  target_compile_options(ggen_settings INTERFACE
    -fsanitize=${GGEN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(ggen_settings INTERFACE -fsanitize=${GGEN_SANITIZE})
  # xxhash insists on inlining what -Og does not inline.
  target_compile_definitions(ggen_settings INTERFACE XXH_NO_INLINE_HINTS=1)
else()
  # One file to start: the C++ runtime is linked in, only libc stays shared.
  target_link_options(ggen_settings INTERFACE -static-libstdc++ -static-libgcc)
  # Without what nobody calls of all these libraries.
  target_compile_options(ggen_settings INTERFACE -ffunction-sections -fdata-sections)
  target_link_options(ggen_settings INTERFACE -Wl,--gc-sections)
endif()

add_library(ggen_warnings INTERFACE)
target_compile_options(ggen_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Woverloaded-virtual>
  $<$<BOOL:${GGEN_WERROR}>:-Werror>)
