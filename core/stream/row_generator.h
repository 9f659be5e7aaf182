#ifndef TAILCAST_CORE_STREAM_ROW_GENERATOR_H_
#define TAILCAST_CORE_STREAM_ROW_GENERATOR_H_

#include <cstdint>
#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/stream/resolved_stream.h"
#include "core/stream/sampler_program.h"

namespace tailcast::stream {

// (address, range) -> rows, in the calling thread: what the command line uses without a server, and
// the reference that the server's engine must equal. Stateless between calls.
class RowGenerator {
 public:
  // REQUIRES: `program` was compiled from stream.sampler.
  RowGenerator(std::shared_ptr<const SamplerProgram> program, ResolvedStream stream);

  // Rows start_row .. start_row + class_indices.size() - 1.
  //
  // class_indices: one per row; features: rows * feature_dim floats
  // OUT_OF_RANGE if a row passes the plan's end; CANCELLED; INTERNAL.
  absl::Status Generate(int64_t start_row, absl::FunctionRef<bool()> is_cancelled,
                        absl::Span<int32_t> class_indices, absl::Span<float> features) const;

  const ResolvedStream& stream() const { return stream_; }

 private:
  std::shared_ptr<const SamplerProgram> program_;
  ResolvedStream stream_;
};

}  // namespace tailcast::stream

#endif  // TAILCAST_CORE_STREAM_ROW_GENERATOR_H_
