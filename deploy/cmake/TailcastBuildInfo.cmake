# tailcast::build_info: version and commit, see core/base/build_info.h.
#
# Included by the root list it declares the library; run as a script (cmake -P) at each build it
# rewrites the source only if the commit changed.
if(CMAKE_SCRIPT_MODE_FILE)
  execute_process(COMMAND git --no-optional-locks -C ${SOURCE_DIR} describe --always --abbrev=12 --exclude=* --dirty=-modified
    OUTPUT_VARIABLE COMMIT OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failure)
  if(failure OR NOT COMMIT)
    set(COMMIT unknown)
  endif()
  configure_file(${SOURCE_DIR}/deploy/cmake/build_info.cc.in ${OUTPUT} @ONLY)
  return()
endif()

set(_build_info ${CMAKE_BINARY_DIR}/generated/build_info.cc)
add_custom_target(tailcast_build_info_source
  COMMAND ${CMAKE_COMMAND} -DSOURCE_DIR=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
    -DOUTPUT=${_build_info} -P ${CMAKE_CURRENT_LIST_FILE}
  BYPRODUCTS ${_build_info}
  COMMENT "Looking up the commit"
  VERBATIM)
tailcast_library(NAME build_info
  HDRS ${PROJECT_SOURCE_DIR}/core/base/build_info.h
  SRCS ${_build_info})
add_dependencies(tailcast_build_info tailcast_build_info_source)
