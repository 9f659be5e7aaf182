#ifndef TAILCAST_CORE_IO_NPY_H_
#define TAILCAST_CORE_IO_NPY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/io/safetensors.h"

namespace tailcast {

// The header of a NumPy .npy file, version 1.0, for a C-contiguous little-endian array; the data
// follows it. Its size is a multiple of 64 and depends only on the number of digits of the shape.
// bfloat16, which NumPy lacks, is written as raw pairs of bytes ('<V2'). REQUIRES: rank <= 64.
std::string NpyHeader(ElementType type, const std::vector<int64_t>& shape);

}  // namespace tailcast

#endif  // TAILCAST_CORE_IO_NPY_H_
