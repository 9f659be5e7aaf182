#ifndef TAILCAST_SERVER_SERVICES_PROGRAM_SOURCE_H_
#define TAILCAST_SERVER_SERVICES_PROGRAM_SOURCE_H_

#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "core/base/digest.h"
#include "core/contract/sampler_spec.h"
#include "server/bundles/served_bundle.h"
#include "server/engine/shared_program.h"
#include "server/engine/tile_scheduler.h"
#include "server/engine/work.h"

namespace tailcast::services {

// Has samplers compiled on the workers: once, however many calls wait for the same one.
// Thread-safe; must outlive the scheduler's workers.
class ProgramSource {
 public:
  using Program = std::shared_ptr<const engine::SharedProgram>;
  using Done = absl::AnyInvocable<void(absl::StatusOr<Program>)>;

  explicit ProgramSource(engine::TileScheduler& scheduler) : scheduler_(scheduler) {}

  // Gives the program to `done`: at once if it was compiled before, else from a worker. An error
  // means that `done` is never called: RESOURCE_EXHAUSTED, QUEUE_FULL if too many tasks wait, or
  // kMaxProgramWaiters calls for this one; UNAVAILABLE, DRAINING.
  absl::Status Get(std::shared_ptr<const bundles::ServedBundle> bundle, const SamplerSpec& sampler,
                   engine::CallContext context, Done done) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Key = std::pair<std::shared_ptr<const bundles::ServedBundle>, Digest>;
  struct Waiter {
    engine::CallContext context;
    Done done;
  };
  using Waiters = std::vector<Waiter>;

  absl::Status SubmitTask(const Key& key, const SamplerSpec& sampler,
                          const engine::CallContext& context);
  // On a worker, or with the reason why it never will be.
  void Compile(const Key& key, const SamplerSpec& sampler, const absl::Status& status)
      ABSL_LOCKS_EXCLUDED(mu_);
  // True if the calls of all waiters are over; they are told so.
  bool GiveUpUnwanted(const Key& key) ABSL_LOCKS_EXCLUDED(mu_);
  Waiters TakeWaiters(const Key& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  engine::TileScheduler& scheduler_;
  // Lock order: this, then the scheduler's.
  absl::Mutex mu_;
  // What is being compiled, for whom.
  std::map<Key, Waiters> compiling_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tailcast::services

#endif  // TAILCAST_SERVER_SERVICES_PROGRAM_SOURCE_H_
