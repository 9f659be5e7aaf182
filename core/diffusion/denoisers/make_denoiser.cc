#include "core/diffusion/denoisers/make_denoiser.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/quoted.h"
#include "core/contract/plan.h"
#include "core/diffusion/denoisers/residual_mlp.h"

namespace tailcast::diffusion {
namespace {

struct Range {
  const char* field;
  int64_t value, min, max;
};

// Weights of the matrices; cannot overflow within the ranges of the fields.
int64_t CountWeights(const DenoiserSpec& spec) {
  const int64_t per_block = 4 * spec.hidden_dim;  // two layers, scale and shift
  return spec.hidden_dim * (2 * spec.feature_dim + spec.num_classes + 1 + spec.embedding_dim +
                            spec.hidden_dim + spec.num_blocks * per_block);
}

absl::Status Validate(const DenoiserSpec& spec) {
  const Range ranges[] = {{"feature_dim", spec.feature_dim, 1, kMaxFeatureDim},
                          {"num_classes", spec.num_classes, 1, kMaxPlanClasses},
                          {"hidden_dim", spec.hidden_dim, 1, kMaxHiddenDim},
                          {"embedding_dim", spec.embedding_dim, 2, kMaxEmbeddingDim},
                          {"num_blocks", spec.num_blocks, 1, kMaxBlocks}};
  for (const Range& range : ranges) {
    if (range.value >= range.min && range.value <= range.max) continue;
    return absl::InvalidArgumentError(absl::StrCat("denoiser.", range.field, " is ", range.value,
                                                   "; expected a number in [", range.min, ", ",
                                                   range.max, "]"));
  }
  if (spec.embedding_dim % 2 != 0) {
    return absl::InvalidArgumentError(absl::StrCat("denoiser.embedding_dim is ", spec.embedding_dim,
                                                   "; expected an even number"));
  }
  if (const int64_t count = CountWeights(spec); count > kMaxParameters) {
    return absl::InvalidArgumentError(
        absl::StrCat("the denoiser has ", count, " weights; expected at most ", kMaxParameters));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<Denoiser>> MakeDenoiser(const DenoiserSpec& spec) {
  if (const absl::Status valid = Validate(spec); !valid.ok()) return valid;
  if (spec.architecture == "residual_mlp") return std::make_shared<ResidualMlp>(spec);
  return absl::InvalidArgumentError(absl::StrCat(
      "denoiser.architecture is ", Quoted(spec.architecture), "; expected residual_mlp"));
}

}  // namespace tailcast::diffusion
