#include "core/training/checkpoint.h"

#include <torch/headeronly/version.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/base/files.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/tensor/compute_threads.h"

namespace tailcast::training {
namespace {

constexpr char kFormatKey[] = "format";
constexpr char kFormat[] = "tailcast.checkpoint.v2";
constexpr char kRunPrefix[] = "run.";

Metadata MetadataOf(const Checkpoint& checkpoint) {
  Metadata metadata = {{kFormatKey, kFormat}};
  for (const auto& [key, value] : checkpoint.run) metadata[absl::StrCat(kRunPrefix, key)] = value;
  return metadata;
}

absl::Status Damaged(const std::string& path, absl::string_view fault) {
  return absl::DataLossError(absl::StrCat("checkpoint '", path, "' is damaged: ", fault,
                                          "; remove it to start from the beginning"));
}

absl::Status Differs(const std::string& path, const std::string& key, const std::string& saved,
                     const std::string& expected) {
  return absl::FailedPreconditionError(
      absl::StrCat("checkpoint '", path, "' belongs to another run: ", key, " is ", saved,
                   "; expected ", expected, "; remove it to start from the beginning"));
}

}  // namespace

absl::Status SaveCheckpoint(const std::string& path, const Checkpoint& checkpoint) {
  ASSIGN_OR_RETURN(const std::string bytes,
                   SerializeSealedTensors(checkpoint.tensors, MetadataOf(checkpoint)));
  return WriteFileAtomically(path, bytes);
}

absl::StatusOr<Checkpoint> LoadCheckpoint(const std::string& path) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
  return ParseCheckpoint(std::move(bytes), path);
}

absl::StatusOr<Checkpoint> ParseCheckpoint(std::string bytes, const std::string& path) {
  const auto file = SafetensorsFile::Parse(std::move(bytes), path);
  if (!file.ok()) return Damaged(path, file.status().message());
  Metadata metadata = file->metadata();
  if (metadata[kFormatKey] != kFormat) {
    return Damaged(path, absl::StrCat("its format is ", Quoted(metadata[kFormatKey]),
                                      "; expected '", kFormat, "'"));
  }
  if (!file->is_sealed()) return Damaged(path, "it lacks the digest of its content");
  Checkpoint checkpoint;
  ASSIGN_OR_RETURN(checkpoint.tensors, ReadTensors(*file));
  for (const auto& [key, value] : metadata) {
    if (absl::StartsWith(key, kRunPrefix)) {
      checkpoint.run[key.substr(sizeof(kRunPrefix) - 1)] = value;
    }
  }
  return checkpoint;
}

Metadata ComputeFacts() {
  return {{"threads", absl::StrCat(ComputeThreads())}, {"libtorch", TORCH_VERSION}};
}

absl::Status CheckSameRun(const Checkpoint& checkpoint, const Metadata& run,
                          const std::string& path) {
  for (const auto& [key, expected] : run) {
    const auto saved = checkpoint.run.find(key);
    if (saved == checkpoint.run.end()) return Differs(path, key, "missing", expected);
    if (saved->second != expected) return Differs(path, key, Quoted(saved->second), expected);
  }
  for (const auto& [key, saved] : checkpoint.run) {
    if (run.count(key) == 0) return Differs(path, Quoted(key), Quoted(saved), "no such member");
  }
  return absl::OkStatus();
}

void AddTensors(const std::string& prefix, const NamedTensors& tensors, NamedTensors& all) {
  for (const auto& [name, tensor] : tensors) all[absl::StrCat(prefix, ".", name)] = tensor;
}

NamedTensors TensorsUnder(const std::string& prefix, const NamedTensors& all) {
  const std::string start = absl::StrCat(prefix, ".");
  NamedTensors found;
  for (const auto& [name, tensor] : all) {
    if (absl::StartsWith(name, start)) found[name.substr(start.size())] = tensor;
  }
  return found;
}

}  // namespace tailcast::training
