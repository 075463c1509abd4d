# The page of `ggen-lua perf html`, bundled from web/ by esbuild: GGEN_PAGE is the Lua module that
# goes into the binary, or empty. Needs Node.js and the packages that `npm ci` puts into
# web/node_modules; who builds without a network gets those first, or a binary without the page.

option(GGEN_HTML "Put the page of `perf html` into the binary (needs Node.js and web/node_modules)" ON)
set(GGEN_PAGE "")
if(GGEN_HTML)
  set(GGEN_WEB ${PROJECT_SOURCE_DIR}/web)
  find_program(GGEN_NODE NAMES node nodejs)
  if(NOT GGEN_NODE OR NOT EXISTS ${GGEN_WEB}/node_modules/uplot OR NOT EXISTS ${GGEN_WEB}/node_modules/esbuild)
    message(FATAL_ERROR
      "The page of `ggen-lua perf html` is bundled with Node.js, and something of that is missing "
      "(node: ${GGEN_NODE}; packages: ${GGEN_WEB}/node_modules). One of these helps:\n"
      "  ./dev setup run                      installs both\n"
      "  npm ci --omit=dev --prefix web       installs the packages only\n"
      "  cmake -DGGEN_HTML=OFF ...            builds without it; `perf html` then says so")
  endif()
  file(GLOB_RECURSE GGEN_WEB_SOURCES CONFIGURE_DEPENDS ${GGEN_WEB}/src/*)
  set(GGEN_PAGE ${GGEN_EMBED_DIR}/page.lua)
  add_custom_command(
    OUTPUT ${GGEN_PAGE}
    COMMAND ${GGEN_NODE} ${GGEN_WEB}/build.mjs ${GGEN_EMBED_DIR}/page.html ${GGEN_PAGE}
    DEPENDS ${GGEN_WEB_SOURCES} ${GGEN_WEB}/build.mjs ${GGEN_WEB}/package-lock.json
    COMMENT "Bundling the page of perf html"
    VERBATIM)
endif()
