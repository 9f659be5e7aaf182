#include "client/cli/generate/run_in_threads.h"

#include <thread>
#include <vector>

#include "core/base/status_macros.h"
#include "core/tensor/torch_status.h"

namespace tailcast::generate {

absl::Status RunInThreads(size_t count, absl::FunctionRef<absl::Status(size_t)> body) {
  return CatchTorchErrors([&]() -> absl::Status {
    std::vector<absl::Status> results(count);
    {
      std::vector<std::jthread> threads;
      threads.reserve(count);
      for (size_t i = 0; i < count; ++i) {
        threads.emplace_back(
            [i, body, &results] { results[i] = CatchTorchErrors([&] { return body(i); }); });
      }
    }
    for (const absl::Status& result : results) RETURN_IF_ERROR(result);
    return absl::OkStatus();
  });
}

}  // namespace tailcast::generate
