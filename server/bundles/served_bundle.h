#ifndef TAILCAST_SERVER_BUNDLES_SERVED_BUNDLE_H_
#define TAILCAST_SERVER_BUNDLES_SERVED_BUNDLE_H_

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "core/base/digest.h"
#include "core/bundle/bundle.h"
#include "core/bundle/repository.h"
#include "core/contract/sampler_spec.h"
#include "core/stream/numerics.h"
#include "core/stream/sampler_program.h"
#include "server/engine/shared_program.h"

namespace tailcast::bundles {

using ProgramCompiler = std::function<absl::StatusOr<std::shared_ptr<const stream::SamplerProgram>>(
    const SamplerSpec&)>;

// What a load found out.
struct LoadedBundle {
  bundle::VersionInfo version;
  std::shared_ptr<const bundle::Bundle> bundle;
  stream::Numerics numerics;
  ProgramCompiler compile;
  // Of one worker with full tiles.
  double seconds_per_flop = 0.0;
};

// A version that serves: loaded, proven, with the programs of the samplers asked for lately. While
// a handle (shared_ptr) lives, the bundle lives. Thread-safe.
class ServedBundle {
 public:
  explicit ServedBundle(LoadedBundle loaded) : loaded_(std::move(loaded)) {}

  const bundle::Bundle& bundle() const { return *loaded_.bundle; }
  const bundle::Manifest& manifest() const { return loaded_.bundle->manifest; }
  const stream::Numerics& numerics() const { return loaded_.numerics; }
  // "bundles/NAME/versions/VERSION"
  std::string resource() const;

  // The program of a sampler, or null if it has to be compiled first. Never waits for LibTorch.
  std::shared_ptr<const engine::SharedProgram> FindProgram(const SamplerSpec& sampler) const
      ABSL_LOCKS_EXCLUDED(mu_);
  // Compiles it, unless another thread was faster. Runs LibTorch: for workers only.
  absl::StatusOr<std::shared_ptr<const engine::SharedProgram>> CompileProgram(
      const SamplerSpec& sampler) const ABSL_LOCKS_EXCLUDED(mu_);

  // Features [N, D], row-major, of images [N, H, W, C]. Runs LibTorch: for workers only.
  // FAILED_PRECONDITION without an encoder; errors as TrainedEncoder::Encode().
  absl::StatusOr<std::vector<float>> Encode(absl::string_view images,
                                            const std::vector<int64_t>& shape,
                                            absl::FunctionRef<bool()> is_cancelled) const;

 private:
  using CacheEntry = std::pair<Digest, std::shared_ptr<const engine::SharedProgram>>;

  std::shared_ptr<const engine::SharedProgram> FindLocked(const Digest& sampler) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const LoadedBundle loaded_;
  mutable absl::Mutex mu_;
  // Used last comes first.
  mutable std::list<CacheEntry> programs_ ABSL_GUARDED_BY(mu_);
};

// Turns a published version into one that serves; soon CANCELLED once it is told to stop. The
// catalog's own by default; tests and benchmarks bring theirs.
using BundleLoader = std::function<absl::StatusOr<std::shared_ptr<const ServedBundle>>(
    const bundle::VersionInfo&, const std::stop_token&)>;

// Reads and checks the files, then as ProveBundle(). Takes seconds; runs LibTorch. Errors as
// bundle::ReadBundle(); DATA_LOSS if the manifest is not the one listed; CANCELLED.
absl::StatusOr<std::shared_ptr<const ServedBundle>> LoadBundle(const bundle::VersionInfo& version,
                                                               const std::stop_token& stop);

// Warms up, proves row invariance, or falls back to aligned tiles with a warning in the log, and
// measures. `loaded`: without numerics and seconds_per_flop. CANCELLED, before the next step of a
// tile.
absl::StatusOr<std::shared_ptr<const ServedBundle>> ProveBundle(LoadedBundle loaded,
                                                                const std::stop_token& stop);

}  // namespace tailcast::bundles

#endif  // TAILCAST_SERVER_BUNDLES_SERVED_BUNDLE_H_
