#include "core/io/cifar.h"

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"

namespace tailcast {
namespace {

constexpr int64_t kPlaneBytes = kCifarSide * kCifarSide;
constexpr int64_t kPixelBytes = kPlaneBytes * kCifarChannels;

// The label that counts is the last one before the pixels.
int64_t LabelBytes(CifarFormat format) { return format == CifarFormat::kCifar10 ? 1 : 2; }

// planes: [3, 32 * 32] -> pixels: [32 * 32, 3]
void Interleave(const char* planes, char* pixels) {
  for (int64_t pixel = 0; pixel < kPlaneBytes; ++pixel) {
    for (int64_t channel = 0; channel < kCifarChannels; ++channel) {
      pixels[pixel * kCifarChannels + channel] = planes[channel * kPlaneBytes + pixel];
    }
  }
}

}  // namespace

int64_t CifarClassCount(CifarFormat format) { return format == CifarFormat::kCifar10 ? 10 : 100; }

absl::StatusOr<CifarImages> ParseCifar(absl::string_view bytes, CifarFormat format,
                                       absl::string_view what) {
  const int64_t label_bytes = LabelBytes(format);
  const int64_t record_bytes = label_bytes + kPixelBytes;
  const auto size = static_cast<int64_t>(bytes.size());
  if (size == 0 || size % record_bytes != 0) {
    return absl::InvalidArgumentError(absl::StrCat("'", what, "' has ", size,
                                                   " bytes; expected one or more records of ",
                                                   record_bytes, " bytes"));
  }
  CifarImages images;
  const int64_t num_records = size / record_bytes;
  images.pixels.resize(static_cast<size_t>(num_records * kPixelBytes));
  for (int64_t i = 0; i < num_records; ++i) {
    const char* record = bytes.data() + i * record_bytes;
    const auto label = static_cast<uint8_t>(record[label_bytes - 1]);
    if (label >= CifarClassCount(format)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", what, "' has label ", static_cast<int>(label), " in record ", i,
                       "; expected 0 to ", CifarClassCount(format) - 1));
    }
    images.labels.push_back(label);
    Interleave(record + label_bytes, images.pixels.data() + i * kPixelBytes);
  }
  return images;
}

absl::StatusOr<CifarImages> ReadCifar(const std::string& path, CifarFormat format) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return ParseCifar(bytes, format, path);
}

}  // namespace tailcast
