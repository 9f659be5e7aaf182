#ifndef TAILCAST_CLIENT_CLI_RETRAIN_SERVER_ROW_SOURCE_H_
#define TAILCAST_CLIENT_CLI_RETRAIN_SERVER_ROW_SOURCE_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/retrain/row_source.h"
#include "client/library/failover.h"
#include "core/base/digest.h"
#include "proto/tailcast/v1/feature_service.pb.h"

namespace tailcast::retrain {

struct ServerRowOptions {
  client::FailoverOptions failover;
  // NAME, NAME@VERSION or NAME:LABEL; followed once, the version that it named then is kept.
  std::string bundle;
  int64_t seed = 0;
  // Sampler steps; unset: the bundle's.
  std::optional<int32_t> num_steps = {};
  // Of the trainer's own features: a server whose bundle has another space refuses.
  Digest feature_space_digest{};
};

// Streams rows from a server. Takes nothing else from it but, at the first call, which version the
// bundle's name means, and its default sampler if a number of steps is to replace that one's.
class ServerRowSource final : public RowSource {
 public:
  explicit ServerRowSource(ServerRowOptions options);

  // Errors of client::RowStream and client::BundleCatalog.
  absl::StatusOr<StreamedRows> Take(const RowQuery& query,
                                    training::ProgressSink& progress) override;

 private:
  absl::StatusOr<v1::GenerateRequest> RequestFor(const RowQuery& query, int64_t row_count);
  absl::Status NameBundle(v1::StreamSpec& stream) const;

  const ServerRowOptions options_;
  // Of the first stream: later ones take the same version and arithmetic.
  std::optional<v1::GenerateHeader> first_header_;
};

}  // namespace tailcast::retrain

#endif  // TAILCAST_CLIENT_CLI_RETRAIN_SERVER_ROW_SOURCE_H_
