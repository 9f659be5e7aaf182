#include "core/tensor/torch_status.h"

#include <new>

#include "absl/strings/match.h"
#include "c10/util/Exception.h"

namespace tailcast {
namespace {

// LibTorch's allocator of host memory throws a plain c10::Error, known by this name in its text.
constexpr absl::string_view kHostAllocator = "DefaultCPUAllocator";

}  // namespace

absl::Status StatusOfException(const std::exception& exception) {
  if (dynamic_cast<const std::bad_alloc*>(&exception) != nullptr) {
    return absl::ResourceExhaustedError("not enough memory");
  }
  const auto* error = dynamic_cast<const c10::Error*>(&exception);
  if (error == nullptr) return absl::InternalError(exception.what());
  const absl::string_view reason = error->what_without_backtrace();
  if (dynamic_cast<const c10::OutOfMemoryError*>(error) != nullptr ||
      absl::StrContains(reason, kHostAllocator)) {
    return absl::ResourceExhaustedError(reason);
  }
  return absl::InternalError(reason);
}

}  // namespace tailcast
