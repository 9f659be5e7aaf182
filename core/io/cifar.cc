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

// planes: [3, 32 * 32] -> appended to `out` as [32 * 32, 3]
void AppendInterleaved(absl::string_view planes, std::string& out) {
  for (int64_t pixel = 0; pixel < kPlaneBytes; ++pixel) {
    for (int64_t channel = 0; channel < kCifarChannels; ++channel) {
      out.push_back(planes[static_cast<size_t>(channel * kPlaneBytes + pixel)]);
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
  images.pixels.reserve(static_cast<size_t>(size / record_bytes * kPixelBytes));
  for (int64_t offset = 0; offset < size; offset += record_bytes) {
    const absl::string_view record = bytes.substr(offset, record_bytes);
    const auto label = static_cast<uint8_t>(record[label_bytes - 1]);
    if (label >= CifarClassCount(format)) {
      return absl::InvalidArgumentError(
          absl::StrCat("'", what, "' has label ", static_cast<int>(label), " in record ",
                       offset / record_bytes, "; expected 0 to ", CifarClassCount(format) - 1));
    }
    images.labels.push_back(label);
    AppendInterleaved(record.substr(label_bytes), images.pixels);
  }
  return images;
}

absl::StatusOr<CifarImages> ReadCifar(const std::string& path, CifarFormat format) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path));
  return ParseCifar(bytes, format, path);
}

}  // namespace tailcast
