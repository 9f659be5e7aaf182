#include "server/bundles/served_bundle.h"

#include <ATen/ops/from_blob.h>

#include "core/base/status_macros.h"
#include "core/tensor/torch_status.h"
#include "proto/convert/resource_names.h"

namespace tailcast::bundles {
namespace {

// Programs kept per bundle: each holds the conditioning of every step and class.
constexpr size_t kMaxPrograms = 8;

}  // namespace

std::string ServedBundle::resource() const {
  return VersionResource(loaded_.version.name, loaded_.version.version);
}

std::shared_ptr<const engine::SharedProgram> ServedBundle::FindProgram(
    const SamplerSpec& sampler) const {
  const Digest digest = SamplerDigest(sampler);
  absl::MutexLock lock(&mu_);
  return FindLocked(digest);
}

std::shared_ptr<const engine::SharedProgram> ServedBundle::FindLocked(const Digest& sampler) const {
  for (auto entry = programs_.begin(); entry != programs_.end(); ++entry) {
    if (entry->first != sampler) continue;
    programs_.splice(programs_.begin(), programs_, entry);
    return entry->second;
  }
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const engine::SharedProgram>> ServedBundle::CompileProgram(
    const SamplerSpec& sampler) const {
  const Digest digest = SamplerDigest(sampler);
  if (auto program = FindProgram(sampler)) return program;
  ASSIGN_OR_RETURN(const auto compiled, loaded_.compile(sampler));
  const double seconds_per_row = compiled->row_flops() * loaded_.seconds_per_flop;
  auto program =
      std::make_shared<const engine::SharedProgram>(compiled, loaded_.numerics, seconds_per_row);
  absl::MutexLock lock(&mu_);
  // Rows share tiles through one object: whoever was first wins.
  if (auto first = FindLocked(digest)) return first;
  programs_.emplace_front(digest, program);
  if (programs_.size() > kMaxPrograms) programs_.pop_back();
  return program;
}

absl::StatusOr<std::vector<float>> ServedBundle::Encode(
    absl::string_view images, const std::vector<int64_t>& shape,
    absl::FunctionRef<bool()> is_cancelled) const {
  const auto& encoder = bundle().encoder;
  if (encoder == nullptr) return absl::FailedPreconditionError("the bundle has no encoder");
  return CatchTorchErrors([&]() -> absl::StatusOr<std::vector<float>> {
    // Borrows `images`, which is only read and outlives the call.
    const at::Tensor tensor =
        at::from_blob(const_cast<char*>(images.data()), shape, at::kByte);         // [N, H, W, C]
    ASSIGN_OR_RETURN(at::Tensor features, encoder->Encode(tensor, is_cancelled));  // [N, D]
    features = features.contiguous();
    const float* const begin = features.const_data_ptr<float>();
    return std::vector<float>(begin, begin + features.numel());
  });
}

}  // namespace tailcast::bundles
