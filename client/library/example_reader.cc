// A trainer's reader in C++: 500 generated rows of each class named, each once, every chunk
// checked.
//
//   example_reader HOST:PORT bundles/NAME/versions/N CLASS [CLASS ...]
#include <cstdio>
#include <cstdlib>
#include <string>

#include "client/library/row_stream.h"
#include "core/base/status_macros.h"

namespace {

constexpr int64_t kRowsPerClass = 500;

absl::Status ReadRows(const tailcast::client::RowStreamOptions& options) {
  ASSIGN_OR_RETURN(const auto stream, tailcast::client::RowStream::Open(options));
  while (true) {
    ASSIGN_OR_RETURN(const auto chunk, stream->Next());
    if (!chunk.has_value()) return absl::OkStatus();
    // class_indices: [n]; payload: [n, header().feature_dimension()] float32, little endian. With
    // stream->header() and next_row() a later process goes on from here.
    std::printf("rows %lld to %lld, %zu bytes of features\n",
                static_cast<long long>(chunk->rows.front()),
                static_cast<long long>(chunk->rows.back()), chunk->payload.size());
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "usage: example_reader HOST:PORT bundles/NAME/versions/N CLASS...\n");
    return 2;
  }
  tailcast::client::RowStreamOptions options;
  options.failover.servers = {argv[1]};  // or several replicas
  tailcast::v1::StreamSpec& stream = *options.request.mutable_stream();
  stream.set_bundle(argv[2]);
  for (int i = 3; i < argc; ++i) {
    tailcast::v1::ClassWeight& entry = *stream.mutable_plan()->add_class_weights();
    entry.set_class_index(std::atoi(argv[i]));
    entry.set_weight(kRowsPerClass);
  }
  options.request.mutable_rows()->set_row_count((argc - 3) * kRowsPerClass);

  const absl::Status status = ReadRows(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "example_reader: %s\n", std::string(status.message()).c_str());
  return 1;
}
