# `cmake --install build --prefix DIR`: a tree that runs from anywhere on a machine with Debian's
# packages. LibTorch and what it loads lie in lib/, found relative to the programs.
if(NOT TARGET tailcast OR NOT TARGET tailcastd)
  return()
endif()

set_target_properties(tailcast tailcastd PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
install(TARGETS tailcast tailcastd RUNTIME DESTINATION bin)

# libtorch_cpu looks for its own libraries in the folder that it lies in.
file(GLOB _openmp ${TAILCAST_LIBTORCH_LIB_DIR}/libgomp*.so*)
foreach(_library
    ${TAILCAST_LIBTORCH_LIB_DIR}/libtorch_cpu.so
    ${TAILCAST_LIBTORCH_LIB_DIR}/libc10.so
    ${_openmp}
    ${TAILCAST_CUDA_LIB_DIR}/libcudart.so.13
    ${TAILCAST_CUDA_LIB_DIR}/libcupti.so.13)
  # A LibTorch of the user's own may be built without CUDA's runtime.
  if(EXISTS ${_library})
    get_filename_component(_name ${_library} NAME)
    get_filename_component(_file ${_library} REALPATH)
    install(PROGRAMS ${_file} DESTINATION lib RENAME ${_name})
  endif()
endforeach()

install(DIRECTORY ${PROJECT_SOURCE_DIR}/proto/tailcast DESTINATION share/tailcast/proto
  FILES_MATCHING PATTERN "*.proto")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/client/python DESTINATION share/tailcast OPTIONAL
  FILES_MATCHING PATTERN "*.py" PATTERN "__pycache__" EXCLUDE)
# What the build makes of the public API for them; a build without grpcio-tools has none.
install(DIRECTORY ${CMAKE_BINARY_DIR}/python DESTINATION share/tailcast OPTIONAL
  FILES_MATCHING PATTERN "*.py" PATTERN "__pycache__" EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md
  DESTINATION share/tailcast OPTIONAL)
