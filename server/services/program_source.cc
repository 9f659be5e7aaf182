#include "server/services/program_source.h"

#include <algorithm>

#include "core/base/status_macros.h"
#include "core/tensor/torch_status.h"
#include "server/rpc/errors.h"
#include "server/rpc/limits.h"

namespace tailcast::services {
namespace {

// A guess: compiling computes the conditioning of every step and class once.
constexpr double kCompileSeconds = 0.02;

}  // namespace

absl::Status ProgramSource::Get(std::shared_ptr<const bundles::ServedBundle> bundle,
                                const SamplerSpec& sampler, engine::CallContext context,
                                Done done) {
  Program program = bundle->FindProgram(sampler);
  if (program == nullptr) {
    absl::MutexLock lock(&mu_);
    const Key key = {std::move(bundle), SamplerDigest(sampler)};
    // Again, since it may have become ready meanwhile.
    program = key.first->FindProgram(sampler);
    if (program == nullptr) {
      const auto entry = compiling_.find(key);
      if (entry == compiling_.end()) {
        RETURN_IF_ERROR(SubmitTask(key, sampler, context));
      } else if (entry->second.size() >= rpc::kMaxProgramWaiters) {
        return rpc::QueueFull(
            "calls that wait for one sampler", static_cast<int64_t>(rpc::kMaxProgramWaiters),
            static_cast<int64_t>(rpc::kMaxProgramWaiters) + 1, rpc::kRetryWhenLoading);
      }
      compiling_[key].push_back({.context = std::move(context), .done = std::move(done)});
      return absl::OkStatus();
    }
  }
  done(std::move(program));
  return absl::OkStatus();
}

// The task belongs to the caller that came first, but not to its call: others may want the program
// after that is over.
absl::Status ProgramSource::SubmitTask(const Key& key, const SamplerSpec& sampler,
                                       const engine::CallContext& context) {
  auto task = std::make_shared<engine::Task>();
  task->context.caller = context.caller;
  task->estimated_seconds = kCompileSeconds;
  task->run = [this, key, sampler](const absl::Status& status) { Compile(key, sampler, status); };
  return scheduler_.Submit(std::move(task));
}

void ProgramSource::Compile(const Key& key, const SamplerSpec& sampler,
                            const absl::Status& status) {
  if (status.ok() && GiveUpUnwanted(key)) return;
  absl::StatusOr<Program> program =
      status.ok() ? CatchTorchErrors([&] { return key.first->CompileProgram(sampler); })
                  : absl::StatusOr<Program>(status);
  if (absl::IsInvalidArgument(program.status())) {
    program = rpc::InvalidFieldsFrom(program.status());
  }
  Waiters waiters;
  {
    absl::MutexLock lock(&mu_);
    waiters = TakeWaiters(key);
  }
  for (Waiter& waiter : waiters) waiter.done(program);
}

bool ProgramSource::GiveUpUnwanted(const Key& key) {
  Waiters waiters;
  {
    absl::MutexLock lock(&mu_);
    const Waiters& all = compiling_.at(key);
    if (std::any_of(all.begin(), all.end(),
                    [](const Waiter& waiter) { return waiter.context.Wanted().ok(); })) {
      return false;
    }
    waiters = TakeWaiters(key);
  }
  for (Waiter& waiter : waiters) waiter.done(waiter.context.Wanted());
  return true;
}

ProgramSource::Waiters ProgramSource::TakeWaiters(const Key& key) {
  return std::move(compiling_.extract(key).mapped());
}

}  // namespace tailcast::services
