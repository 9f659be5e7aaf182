#ifndef TAILCAST_TESTS_FUZZ_UNSEALED_H_
#define TAILCAST_TESTS_FUZZ_UNSEALED_H_

#include <string>

#include "core/io/safetensors.h"

namespace tailcast {

// The same file without its seal, at which every mutation would end otherwise.
inline std::string Unsealed(const std::string& bytes) {
  const auto file = SafetensorsFile::Parse(bytes, "sealed").value();
  return SerializeSafetensors(file.tensors(), file.metadata()).value();
}

}  // namespace tailcast

#endif  // TAILCAST_TESTS_FUZZ_UNSEALED_H_
