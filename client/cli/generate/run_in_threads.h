#ifndef TAILCAST_CLIENT_CLI_GENERATE_RUN_IN_THREADS_H_
#define TAILCAST_CLIENT_CLI_GENERATE_RUN_IN_THREADS_H_

#include <cstddef>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace tailcast::generate {

// Runs body(0) to body(count - 1), each in a thread of its own, and waits for all of them. Returns
// the first error in order of their numbers; an exception becomes an error as in
// CatchTorchErrors(), also one of starting a thread. `body`: safe from several threads.
absl::Status RunInThreads(size_t count, absl::FunctionRef<absl::Status(size_t)> body);

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_RUN_IN_THREADS_H_
