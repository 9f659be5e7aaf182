#ifndef TAILCAST_CORE_IO_CIFAR_H_
#define TAILCAST_CORE_IO_CIFAR_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tailcast {

// CIFAR's binary format (https://www.cs.toronto.edu/~kriz/cifar.html): records of one or two label
// bytes and the red, green and blue planes of a 32 x 32 image.
enum class CifarFormat {
  kCifar10,   // label; 10 classes
  kCifar100,  // coarse label, fine label (the one used here); 100 classes
};

inline constexpr int64_t kCifarSide = 32;
inline constexpr int64_t kCifarChannels = 3;
int64_t CifarClassCount(CifarFormat format);

struct CifarImages {
  std::string pixels{};           // [N, 32, 32, 3] bytes: interleaved, RGB
  std::vector<uint8_t> labels{};  // [N]
};

// `what` stands for the file in messages. INVALID_ARGUMENT, naming it, for a size that is not a
// whole number of records, no record at all, and a label out of range (with its record).
absl::StatusOr<CifarImages> ParseCifar(absl::string_view bytes, CifarFormat format,
                                       absl::string_view what);

// Errors as ReadFile() and ParseCifar().
absl::StatusOr<CifarImages> ReadCifar(const std::string& path, CifarFormat format);

}  // namespace tailcast

#endif  // TAILCAST_CORE_IO_CIFAR_H_
