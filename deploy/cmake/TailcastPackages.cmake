# The libraries that Debian packages, as targets; a project that adds this one as a folder of its own sees them too.
set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
# gRPC's re2 asks for -pthread, which glibc does not need and the precompiled header is made without.
set_property(TARGET re2::re2 PROPERTY INTERFACE_COMPILE_OPTIONS "")
find_package(OpenSSL REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET GLOBAL libxxhash)
if(TAILCAST_BUILD_SERVER)
  find_package(spdlog REQUIRED)
  find_package(ZLIB REQUIRED)
  find_package(CLI11 REQUIRED)
endif()

# For executables. glibc gives the memory of every chunk back to the system and fetches it anew: page
# faults cost a stream more than hashing does. Sanitizers bring an allocator of their own.
add_library(tailcast_allocator INTERFACE)
if(TAILCAST_BUILD_SERVER AND TAILCAST_SANITIZER STREQUAL "")
  # Debian's package of the library alone has no name without the version.
  find_library(TAILCAST_TCMALLOC NAMES tcmalloc_minimal libtcmalloc_minimal.so.4 REQUIRED)
  target_link_libraries(tailcast_allocator INTERFACE
    -Wl,--push-state,--no-as-needed ${TAILCAST_TCMALLOC} -Wl,--pop-state)
endif()
if(TAILCAST_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

# Protos that Debian installs without their .proto files.
set(TAILCAST_GOOGLE_PROTOS_DIR ${TAILCAST_SITE_PACKAGES_DIR})
if(NOT EXISTS ${TAILCAST_GOOGLE_PROTOS_DIR}/google/rpc/status.proto)
  message(FATAL_ERROR "No google/rpc/status.proto in ${TAILCAST_GOOGLE_PROTOS_DIR}: "
    "run ./deploy/install_dependencies.sh")
endif()
