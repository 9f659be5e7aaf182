#ifndef TAILCAST_CORE_TRAINING_CHECKPOINT_H_
#define TAILCAST_CORE_TRAINING_CHECKPOINT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/io/safetensors.h"
#include "core/tensor/tensor_io.h"

namespace tailcast::training {

// Everything that training needs to go on as if it had never stopped: weights, EMA, optimizer,
// random state and position as tensors; the run that they belong to as text.
struct Checkpoint {
  // "weights.*", "optimizer.*", "rng", ...: the trainer's own names.
  NamedTensors tensors;
  // What identifies the run ("steps" -> "2000", "data" -> a digest): see CheckSameRun().
  Metadata run;
};

// Replaces the file atomically; its content is sealed with its SHA-256. Errors as
// WriteFileAtomically().
absl::Status SaveCheckpoint(const std::string& path, const Checkpoint& checkpoint);

// NOT_FOUND: no such file. DATA_LOSS, naming the file: damaged, cut short, or no checkpoint at all.
absl::StatusOr<Checkpoint> LoadCheckpoint(const std::string& path);
// The same for the bytes of a file; `path` stands in messages.
absl::StatusOr<Checkpoint> ParseCheckpoint(std::string bytes, const std::string& path);

// What decides the last bits of a training besides its data and options, as members of a run:
// number of compute threads, version of LibTorch.
Metadata ComputeFacts();

// FAILED_PRECONDITION, naming the file, the first member that differs and both values, unless the
// checkpoint was made by a run with exactly these members.
absl::Status CheckSameRun(const Checkpoint& checkpoint, const Metadata& run,
                          const std::string& path);

// Puts `tensors` under "<prefix>.<name>".
void AddTensors(const std::string& prefix, const NamedTensors& tensors, NamedTensors& all);
// The tensors under "<prefix>.", without the prefix.
NamedTensors TensorsUnder(const std::string& prefix, const NamedTensors& all);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_CHECKPOINT_H_
