#ifndef TAILCAST_CLIENT_CLI_GENERATE_LOCAL_ROW_SOURCE_H_
#define TAILCAST_CLIENT_CLI_GENERATE_LOCAL_ROW_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/generate/row_source.h"
#include "client/cli/generate/stream_choice.h"

namespace tailcast::generate {

// Reading the bundle and proving its numerics.
inline constexpr int64_t kLocalPhaseCount = 2;

struct LocalRowOptions {
  // Folder of the repository.
  std::string repository;
  // At least 1.
  int num_threads = 1;
  std::stop_token stop;
};

// Rows made in this process, after the same proof of numerics as in a server, so that the address
// and the bytes are the same. `pinned` as OpenRemoteRows(); FAILED_PRECONDITION, naming both
// addresses and what differs, if this machine would make other bytes. CANCELLED once a stop was
// requested. Errors of bundle::Repository, ReadBundle, stream::ResolveStream and `begin_phase`,
// which is called before each of kLocalPhaseCount steps that take their time, with what it does.
absl::StatusOr<std::unique_ptr<RowSource>> OpenLocalRows(
    const LocalRowOptions& options, const StreamChoice& choice,
    const std::optional<v1::GenerateHeader>& pinned,
    absl::FunctionRef<absl::Status(const std::string&)> begin_phase);

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_LOCAL_ROW_SOURCE_H_
