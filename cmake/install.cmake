# What `cmake --install` leaves: the stripped binary, the types for editors, the man page and the
# completions. The last two are written by the binary itself from its tables of options, in release
# builds only: a host that is being changed must not break the build.

include(GNUInstallDirs)

install(TARGETS ggen-lua RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(CODE "
  set(installed \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}/ggen-lua\")
  execute_process(COMMAND \"${CMAKE_STRIP}\" \"\${installed}\" COMMAND_ERROR_IS_FATAL ANY)")

install(DIRECTORY ${PROJECT_SOURCE_DIR}/lua/ggen/types/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/ggen-lua/types FILES_MATCHING PATTERN *.lua)
# The sources of the standard library are their own types.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/stdlib/
  DESTINATION ${CMAKE_INSTALL_DATADIR}/ggen-lua/types FILES_MATCHING PATTERN *.lua)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(pages ${PROJECT_BINARY_DIR}/pages)
  set(page_files)
  # written(FILE ARGS...): the output of `ggen-lua ARGS`.
  function(written file)
    list(JOIN ARGN " " arguments)
    add_custom_command(OUTPUT ${pages}/${file}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${pages}
      COMMAND sh -c "\"$<TARGET_FILE:ggen-lua>\" ${arguments} > \"${pages}/${file}\""
      DEPENDS ggen-lua VERBATIM)
    set(page_files ${page_files} ${pages}/${file} PARENT_SCOPE)
  endfunction()
  written(ggen-lua.1 help --man)
  written(ggen-lua.bash completion bash)
  written(_ggen-lua completion zsh)
  written(ggen-lua.fish completion fish)
  add_custom_target(ggen_pages ALL DEPENDS ${page_files} COMMENT "Writing the man page and completions")

  install(FILES ${pages}/ggen-lua.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${pages}/ggen-lua.bash RENAME ggen-lua
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${pages}/_ggen-lua DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
  install(FILES ${pages}/ggen-lua.fish
    DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
