# tailcast::libtorch: LibTorch's headers and libraries, without the other libraries in its wheel.
set(TAILCAST_LIBTORCH_VERSION 2.11)
if(TAILCAST_LIBTORCH_DIR)
  set(_libtorch ${TAILCAST_LIBTORCH_DIR})
else()
  set(_libtorch ${TAILCAST_SITE_PACKAGES_DIR}/torch)
endif()
if(NOT EXISTS ${_libtorch}/include/torch/csrc/api/include/torch/torch.h)
  message(FATAL_ERROR "No LibTorch in ${_libtorch}. Run ./deploy/install_dependencies.sh, or set "
    "TAILCAST_LIBTORCH_DIR to an unpacked LibTorch ${TAILCAST_LIBTORCH_VERSION} or to the torch "
    "folder of a Python environment.")
endif()

file(READ ${_libtorch}/include/torch/headeronly/version.h _version_header)
string(REGEX MATCH "TORCH_VERSION_MAJOR ([0-9]+)" _ "${_version_header}")
set(_version ${CMAKE_MATCH_1})
string(REGEX MATCH "TORCH_VERSION_MINOR ([0-9]+)" _ "${_version_header}")
string(APPEND _version ".${CMAKE_MATCH_1}")
if(NOT _version STREQUAL TAILCAST_LIBTORCH_VERSION)
  message(FATAL_ERROR "LibTorch in ${_libtorch} has version ${_version}; expected ${TAILCAST_LIBTORCH_VERSION}")
endif()

# The wheel's include folder also holds protobuf, fmt and others that would shadow Debian's.
set(_headers ${CMAKE_BINARY_DIR}/libtorch_include)
file(MAKE_DIRECTORY ${_headers})
foreach(_folder ATen c10 caffe2 torch)
  file(CREATE_LINK ${_libtorch}/include/${_folder} ${_headers}/${_folder} SYMBOLIC)
endforeach()

# CUDA's runtime and profiler libraries are needed to load libtorch_cpu, without any GPU or driver.
set(TAILCAST_LIBTORCH_LIB_DIR ${_libtorch}/lib)
set(TAILCAST_CUDA_LIB_DIR ${_libtorch}/../nvidia/cu13/lib)
find_package(Threads REQUIRED)
add_library(tailcast_libtorch INTERFACE)
add_library(tailcast::libtorch ALIAS tailcast_libtorch)
target_include_directories(tailcast_libtorch SYSTEM INTERFACE
  ${_headers} ${_headers}/torch/csrc/api/include)
target_link_libraries(tailcast_libtorch INTERFACE
  ${_libtorch}/lib/libtorch_cpu.so ${_libtorch}/lib/libc10.so Threads::Threads)
target_link_options(tailcast_libtorch INTERFACE
  -Wl,-rpath-link,${TAILCAST_CUDA_LIB_DIR} -Wl,-rpath-link,${_libtorch}/lib)

# LibTorch's headers take seconds to compile: they are precompiled here once and reused everywhere.
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/torch_precompiled.cc CONTENT "")  # only if it is not there
add_library(tailcast_torch_precompiled OBJECT ${CMAKE_BINARY_DIR}/torch_precompiled.cc)
target_link_libraries(tailcast_torch_precompiled PUBLIC tailcast::libtorch)
target_precompile_headers(tailcast_torch_precompiled PRIVATE
  <ATen/ATen.h> <torch/types.h> <torch/nn/module.h> <torch/nn/modules/linear.h>)
