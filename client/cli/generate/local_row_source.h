#ifndef TAILCAST_CLIENT_CLI_GENERATE_LOCAL_ROW_SOURCE_H_
#define TAILCAST_CLIENT_CLI_GENERATE_LOCAL_ROW_SOURCE_H_

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/generate/row_source.h"
#include "client/cli/generate/stream_choice.h"

namespace tailcast::generate {

struct LocalRowOptions {
  // Folder of the repository.
  std::string repository;
  // At least 1.
  int num_threads = 1;
  std::stop_token stop;
};

// Rows made in this process, after the same proof of numerics as in a server, so that the address
// and the bytes are the same. `pinned` as OpenRemoteRows(); FAILED_PRECONDITION, naming both
// addresses and what differs, if this machine would make other bytes. Errors of bundle::Repository,
// ReadBundle and stream::ResolveStream.
absl::StatusOr<std::unique_ptr<RowSource>> OpenLocalRows(
    const LocalRowOptions& options, const StreamChoice& choice,
    const std::optional<v1::GenerateHeader>& pinned);

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_LOCAL_ROW_SOURCE_H_
