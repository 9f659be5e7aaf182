# The libraries that Debian packages, as targets.
find_package(absl REQUIRED)
find_package(Protobuf REQUIRED)
find_package(gRPC CONFIG REQUIRED)
# gRPC's re2 asks for -pthread, which glibc does not need and the precompiled header is made without.
set_property(TARGET re2::re2 PROPERTY INTERFACE_COMPILE_OPTIONS "")
find_package(spdlog REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(xxhash REQUIRED IMPORTED_TARGET libxxhash)
if(TAILCAST_BUILD_TESTS)
  find_package(GTest REQUIRED)
endif()

# Protos that Debian installs without their .proto files.
set(TAILCAST_GOOGLE_PROTOS_DIR ${TAILCAST_SITE_PACKAGES_DIR})
if(NOT EXISTS ${TAILCAST_GOOGLE_PROTOS_DIR}/google/rpc/status.proto)
  message(FATAL_ERROR "No google/rpc/status.proto in ${TAILCAST_GOOGLE_PROTOS_DIR}: "
    "run ./deploy/install_dependencies.sh")
endif()
