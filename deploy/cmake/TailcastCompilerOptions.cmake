# How every file of ours is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()
# Debug information of LibTorch's templates is large: line tables are enough for a sanitizer's report.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1 -fno-omit-frame-pointer")

# -fPIC everywhere, executables too, so that one precompiled header fits all.
# -ffp-contract=off: the stream contract forbids fused multiply-adds.
add_compile_options(-fPIC -Wall -Wextra -Werror -ffp-contract=off)

if(TAILCAST_SANITIZER STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
elseif(TAILCAST_SANITIZER STREQUAL "thread")
  # gcc says that it does not instrument fences; ours are inside libraries.
  add_compile_options(-fsanitize=thread -Wno-tsan)
  add_link_options(-fsanitize=thread)
  # See the file: calls of these functions go through it, in every executable.
  add_library(tailcast_absl_synchronization OBJECT ${PROJECT_SOURCE_DIR}/deploy/sanitizers/absl_synchronization.cc)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS deploy/sanitizers/absl_synchronization.cc)
  file(STRINGS ${PROJECT_SOURCE_DIR}/deploy/sanitizers/absl_synchronization.cc wrapped REGEX "WRAP\\(_ZN")
  foreach(line ${wrapped})
    string(REGEX REPLACE ".*WRAP\\((_ZN[A-Za-z0-9_]+)\\).*" "\\1" symbol "${line}")
    add_link_options(-Wl,--wrap=${symbol})
  endforeach()
  link_libraries(tailcast_absl_synchronization absl::synchronization)
elseif(NOT TAILCAST_SANITIZER STREQUAL "")
  message(FATAL_ERROR "TAILCAST_SANITIZER is '${TAILCAST_SANITIZER}'; expected address, thread or nothing")
endif()

option(TAILCAST_LIBFUZZER "Make the fuzz targets libFuzzer binaries (clang only)." OFF)
if(TAILCAST_LIBFUZZER)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    message(FATAL_ERROR "TAILCAST_LIBFUZZER needs clang; the compiler is ${CMAKE_CXX_COMPILER_ID}")
  endif()
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

find_program(TAILCAST_CCACHE ccache)
if(TAILCAST_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # The precompiled header needs these to be cacheable.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} ${TAILCAST_CCACHE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()
