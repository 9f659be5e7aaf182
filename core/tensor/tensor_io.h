#ifndef TAILCAST_CORE_TENSOR_TENSOR_IO_H_
#define TAILCAST_CORE_TENSOR_TENSOR_IO_H_

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "core/base/digest.h"
#include "core/io/safetensors.h"

namespace tailcast {

using NamedTensors = std::map<std::string, at::Tensor>;

// A tensor of its own with the bytes of `view`.
at::Tensor ToTensor(const TensorView& view);

// A safetensors file with these tensors, in the form of SerializeSafetensors(). Tensors are copied
// to the CPU and made contiguous first.
absl::StatusOr<std::string> SerializeTensors(const NamedTensors& tensors, const Metadata& metadata);
// The same in the form of SerializeSealedSafetensors(), for files that leave our hands.
absl::StatusOr<std::string> SerializeSealedTensors(const NamedTensors& tensors,
                                                   const Metadata& metadata);

// All tensors of a file. Errors as SafetensorsFile::Read().
absl::StatusOr<NamedTensors> ReadTensors(const SafetensorsFile& file);

// SHA-256 of each tensor's little-endian bytes.
std::map<std::string, Digest> TensorDigests(const NamedTensors& tensors);

}  // namespace tailcast

#endif  // TAILCAST_CORE_TENSOR_TENSOR_IO_H_
