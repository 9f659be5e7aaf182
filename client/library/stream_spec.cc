#include "client/library/stream_spec.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "core/contract/plan.h"
#include "core/contract/sampler_spec.h"
#include "proto/convert/contract_proto.h"

namespace tailcast::client {
namespace {

absl::StatusOr<Digest> RequiredDigest(const std::string& bytes, const char* field) {
  absl::StatusOr<Digest> digest = DigestFromBytes(bytes);
  if (digest.ok()) return digest;
  return absl::InvalidArgumentError(
      absl::StrCat(field, " has ", bytes.size(), " bytes; expected 32"));
}

absl::StatusOr<SamplerSpec> ResolvedSampler(const v1::SamplerSpec& sampler) {
  SamplerSpec spec;
  switch (sampler.method_case()) {
    case v1::SamplerSpec::kDdim:
      spec.method = SamplerMethod::kDdim;
      spec.num_steps = sampler.ddim().step_count();
      spec.eta = sampler.ddim().eta();
      break;
    case v1::SamplerSpec::kDpmSolver:
      spec.method = SamplerMethod::kDpmSolver;
      spec.num_steps = sampler.dpm_solver().step_count();
      break;
    default:
      return absl::InvalidArgumentError(
          "stream.sampler.method is not set, or its number of steps is not in the message; "
          "expected ddim or dpm_solver");
  }
  spec.guidance_weights.assign(sampler.guidance_weights().begin(),
                               sampler.guidance_weights().end());
  if (!spec.guidance_weights.empty()) return spec;
  return absl::InvalidArgumentError(
      "stream.sampler.guidance_weights is empty; expected at least one");
}

// Collects "stream.FIELD is X, expected Y".
class Differences {
 public:
  template <typename Value>
  void Compare(absl::string_view field, const Value& expected, const Value& actual) {
    if (expected == actual) return;
    absl::StrAppend(&text_, text_.empty() ? "" : "; ", "stream.", field, " is ", actual,
                    ", expected ", expected);
  }

  void CompareDigest(absl::string_view field, const std::string& expected,
                     const std::string& actual) {
    Compare(field, Shown(expected), Shown(actual));
  }

  std::string text() const { return text_; }

 private:
  static std::string Shown(const std::string& bytes) {
    const absl::StatusOr<Digest> digest = DigestFromBytes(bytes);
    return digest.ok() ? ToHex(*digest) : bytes.empty() ? "not set" : "not a digest";
  }

  std::string text_;
};

void ComparePlans(const v1::Plan& expected, const v1::Plan& actual, Differences& differences) {
  const int size = expected.class_weights_size();
  differences.Compare("plan.class_weights' size", size, actual.class_weights_size());
  for (int i = 0; i < size && size == actual.class_weights_size(); ++i) {
    const v1::ClassWeight& was = expected.class_weights(i);
    const v1::ClassWeight& is = actual.class_weights(i);
    const std::string entry = absl::StrCat("plan.class_weights[", i, "].");
    differences.Compare(entry + "class_index", was.class_index(), is.class_index());
    differences.Compare(entry + "weight", was.weight(), is.weight());
    differences.Compare(entry + "first_ordinal", was.first_ordinal(), is.first_ordinal());
    // One entry says it; a plan may have thousands.
    if (was.SerializeAsString() != is.SerializeAsString()) break;
  }
  differences.Compare("plan.order_seed", expected.order_seed(), actual.order_seed());
  differences.Compare("plan.repeat_period_count", expected.repeat_period_count(),
                      actual.repeat_period_count());
}

absl::string_view MethodName(const v1::SamplerSpec& sampler) {
  switch (sampler.method_case()) {
    case v1::SamplerSpec::kDdpm:
      return "ddpm";
    case v1::SamplerSpec::kDdim:
      return "ddim";
    case v1::SamplerSpec::kDpmSolver:
      return "dpm_solver";
    case v1::SamplerSpec::METHOD_NOT_SET:
      break;
  }
  return "not set";
}

std::string GuidanceText(const v1::SamplerSpec& sampler) {
  constexpr int kMaxShown = 20;
  std::string text;
  for (const double weight : sampler.guidance_weights()) {
    absl::StrAppend(&text, text.empty() ? "" : ",", weight);
  }
  const int size = sampler.guidance_weights_size();
  return size <= kMaxShown
             ? absl::StrCat("[", text, "]")
             : absl::StrCat(size, " weights with digest ", ToHex(Sha256Of(text)).substr(0, 12));
}

void CompareSamplers(const v1::SamplerSpec& expected, const v1::SamplerSpec& actual,
                     Differences& differences) {
  differences.Compare("sampler.method", MethodName(expected), MethodName(actual));
  differences.Compare("sampler.ddim.step_count", expected.ddim().step_count(),
                      actual.ddim().step_count());
  differences.Compare("sampler.ddim.eta", expected.ddim().eta(), actual.ddim().eta());
  differences.Compare("sampler.dpm_solver.step_count", expected.dpm_solver().step_count(),
                      actual.dpm_solver().step_count());
  differences.Compare("sampler.guidance_weights", GuidanceText(expected), GuidanceText(actual));
}

}  // namespace

void ChooseDdim(std::optional<int32_t> step_count, std::optional<double> eta,
                const v1::SamplerSpec& defaults, v1::SamplerSpec& sampler) {
  if (!step_count && !eta) return;
  v1::DdimSampler& ddim = *sampler.mutable_ddim();
  if (defaults.has_ddim()) ddim = defaults.ddim();
  if (step_count) ddim.set_step_count(*step_count);
  if (eta) ddim.set_eta(*eta);
}

absl::StatusOr<Digest> RecipeOf(const v1::StreamSpec& resolved) {
  ASSIGN_OR_RETURN(const Digest bundle,
                   RequiredDigest(resolved.bundle_digest(), "stream.bundle_digest"));
  ASSIGN_OR_RETURN(const SamplerSpec sampler, ResolvedSampler(resolved.sampler()));
  ASSIGN_OR_RETURN(const Plan plan, Plan::Create(FromProto(resolved.plan())));
  return RecipeDigest(bundle, SamplerDigest(sampler), plan.digest(), resolved.seed());
}

absl::StatusOr<Digest> AddressOf(const v1::StreamSpec& resolved) {
  ASSIGN_OR_RETURN(const Digest recipe, RecipeOf(resolved));
  ASSIGN_OR_RETURN(const Digest numerics,
                   RequiredDigest(resolved.numerics_id(), "stream.numerics_id"));
  return AddressDigest(recipe, numerics);
}

std::string DescribeDifference(const v1::StreamSpec& expected, const v1::StreamSpec& actual) {
  Differences differences;
  differences.Compare("bundle", expected.bundle(), actual.bundle());
  differences.CompareDigest("bundle_digest", expected.bundle_digest(), actual.bundle_digest());
  ComparePlans(expected.plan(), actual.plan(), differences);
  CompareSamplers(expected.sampler(), actual.sampler(), differences);
  differences.Compare("seed", expected.seed(), actual.seed());
  differences.CompareDigest("numerics_id", expected.numerics_id(), actual.numerics_id());
  return differences.text();
}

}  // namespace tailcast::client
