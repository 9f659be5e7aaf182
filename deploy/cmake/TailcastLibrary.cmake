# tailcast_library(NAME <folder_name> [TORCH] HDRS ... SRCS ... DEPS ... PRIVATE_DEPS ...)
#
# Declares the one library of a folder and its alias tailcast::<folder_name>.
# Headers are a FILE_SET, so building the target
# all_verify_interface_header_sets proves that each one compiles alone.
# TORCH: sources use LibTorch, through the one precompiled header.
function(tailcast_library)
  cmake_parse_arguments(ARG "TORCH" "NAME" "HDRS;SRCS;DEPS;PRIVATE_DEPS" ${ARGN})
  set(target tailcast_${ARG_NAME})
  if(ARG_SRCS)
    add_library(${target} STATIC)
    set(scope PUBLIC)
    target_sources(${target} PRIVATE ${ARG_SRCS})
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(tailcast::${ARG_NAME} ALIAS ${target})
  target_sources(${target}
    ${scope} FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${ARG_HDRS})
  target_link_libraries(${target} ${scope} ${ARG_DEPS})
  target_compile_features(${target} ${scope} cxx_std_20)
  if(ARG_PRIVATE_DEPS)
    target_link_libraries(${target} PRIVATE ${ARG_PRIVATE_DEPS})
  endif()
  set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  if(ARG_TORCH)
    target_link_libraries(${target} ${scope} tailcast::libtorch)
    if(ARG_SRCS)
      target_precompile_headers(${target} REUSE_FROM tailcast_torch_precompiled)
    endif()
  endif()
endfunction()

# The target tests_<label> builds every test program with this label.
function(tailcast_labelled_target name labels)
  foreach(label ${labels})
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${name})
  endforeach()
endfunction()

# tailcast_test(NAME <name> [TORCH] SRCS ... DEPS ... LABELS ...)
#
# Declares one GoogleTest binary; every case is a test of ctest, with these labels
# (default: unit). Tests find ../shared, the source and the binary folder through the environment.
function(tailcast_test)
  cmake_parse_arguments(ARG "TORCH" "NAME;TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${ARG_NAME} ${ARG_SRCS})
  target_link_libraries(${ARG_NAME} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  set_target_properties(${ARG_NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/bin)
  if(ARG_TORCH)
    target_link_libraries(${ARG_NAME} PRIVATE tailcast::libtorch)
    target_precompile_headers(${ARG_NAME} REUSE_FROM tailcast_torch_precompiled)
  endif()
  tailcast_labelled_target(${ARG_NAME} "${ARG_LABELS}")
  include(GoogleTest)
  gtest_discover_tests(${ARG_NAME} NO_PRETTY_VALUES DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  # It cannot pass a property of several values; ctest reads this file behind its own.
  set(environment_file ${CMAKE_CURRENT_BINARY_DIR}/${ARG_NAME}_environment.cmake)
  file(CONFIGURE OUTPUT ${environment_file} @ONLY CONTENT [[
if(@ARG_NAME@_TESTS)
  set_tests_properties(${@ARG_NAME@_TESTS} PROPERTIES ENVIRONMENT "@TAILCAST_TEST_ENVIRONMENT@")
endif()
]])
  set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES ${environment_file})
endfunction()

# tailcast_python_test(NAME <name> SCRIPT <file> ARGS ... LABELS ... TIMEOUT <seconds>)
#
# Declares one Python program as a test of ctest; exit code 77 means skipped.
function(tailcast_python_test)
  cmake_parse_arguments(ARG "" "NAME;SCRIPT;TIMEOUT" "ARGS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME ${ARG_NAME}
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_SOURCE_DIR}/${ARG_SCRIPT} ${ARG_ARGS})
  set_tests_properties(${ARG_NAME} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT}
    SKIP_RETURN_CODE 77 ENVIRONMENT "${TAILCAST_TEST_ENVIRONMENT}")
endfunction()
