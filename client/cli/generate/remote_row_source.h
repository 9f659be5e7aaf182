#ifndef TAILCAST_CLIENT_CLI_GENERATE_REMOTE_ROW_SOURCE_H_
#define TAILCAST_CLIENT_CLI_GENERATE_REMOTE_ROW_SOURCE_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "client/cli/generate/row_source.h"
#include "client/cli/generate/stream_choice.h"
#include "client/library/failover.h"

namespace tailcast::generate {

// Rows from servers. `pinned`: the stream of an earlier run, which is continued whatever names and
// labels mean today. Errors of client::BundleCatalog and client::RowStream.
absl::StatusOr<std::unique_ptr<RowSource>> OpenRemoteRows(
    const client::FailoverOptions& failover, const StreamChoice& choice,
    const std::optional<v1::GenerateHeader>& pinned);

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_REMOTE_ROW_SOURCE_H_
