#ifndef TAILCAST_CLIENT_CLI_GENERATE_REMOTE_ROW_SOURCE_H_
#define TAILCAST_CLIENT_CLI_GENERATE_REMOTE_ROW_SOURCE_H_

#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "client/cli/generate/row_source.h"
#include "client/cli/generate/stream_choice.h"
#include "client/library/failover.h"
#include "core/base/digest.h"

namespace tailcast::generate {

struct RemoteRowOptions {
  client::FailoverOptions failover;
  // If set, a replica that has other rows for the choice is passed over for the next one.
  std::optional<Digest> expected_address = {};
};

// Rows from servers: names, labels and what the choice leaves open mean what the first replica that
// can serve it says. `pinned`: the stream of an earlier run, which is continued whatever they mean
// today. Errors of client::BundleCatalog and client::RowStream.
absl::StatusOr<std::unique_ptr<RowSource>> OpenRemoteRows(
    const RemoteRowOptions& options, const StreamChoice& choice,
    const std::optional<v1::GenerateHeader>& pinned);

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_REMOTE_ROW_SOURCE_H_
