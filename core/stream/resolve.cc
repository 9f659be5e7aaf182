#include "core/stream/resolve.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/contract/field_violation.h"
#include "core/diffusion/noise_schedule.h"
#include "core/diffusion/samplers/make_sampler.h"

namespace tailcast::stream {
namespace {

// A message names at most so many wrong fields.
constexpr size_t kMaxViolations = 20;

// Wrong fields, each once, in the order found.
class Violations {
 public:
  void Add(FieldViolation violation) {
    const auto same = [&](const FieldViolation& old) { return old.field == violation.field; };
    if (list_.size() >= kMaxViolations || std::any_of(list_.begin(), list_.end(), same)) return;
    list_.push_back(std::move(violation));
  }
  void Add(const absl::Status& status) {
    if (status.ok()) return;
    for (FieldViolation& violation : FieldViolationsOf(status)) Add(std::move(violation));
  }

  absl::Status ToStatus() const {
    return list_.empty() ? absl::OkStatus() : FieldViolationsError(list_);
  }

 private:
  std::vector<FieldViolation> list_;
};

absl::Status CheckServed(const bundle::Manifest& manifest, SamplerMethod method) {
  ASSIGN_OR_RETURN(const diffusion::NoiseSchedule schedule,
                   diffusion::NoiseSchedule::Make(manifest.generator.schedule));
  return diffusion::MakeSampler({.method = method, .num_steps = 1}, schedule,
                                manifest.generator.prediction)
      .status();
}

// What an unset field means for a method other than the bundle's; one step stands for "not set".
SamplerSpec Neutral(SamplerMethod method, int32_t num_timesteps) {
  switch (method) {
    case SamplerMethod::kDdpm:
      return {.method = method, .num_steps = num_timesteps, .eta = 1.0};
    case SamplerMethod::kDdim:
    case SamplerMethod::kDpmSolver:
      break;
  }
  return {.method = method, .num_steps = 1, .eta = 0.0};
}

// Each field is checked beside sound ones, so that every wrong one is found.
Violations CheckSampler(const bundle::Manifest& manifest, const SamplerSpec& spec) {
  const auto num_classes = static_cast<int32_t>(manifest.num_classes());
  const auto num_timesteps = static_cast<int32_t>(manifest.generator.schedule.num_timesteps);
  const SamplerSpec sound = Neutral(spec.method, num_timesteps);
  SamplerSpec with_steps = sound, with_eta = sound, with_guidance = sound;
  with_steps.num_steps = spec.num_steps;
  with_eta.eta = spec.eta;
  with_guidance.guidance_weights = spec.guidance_weights;
  Violations violations;
  for (const SamplerSpec& candidate : {with_steps, with_eta, with_guidance}) {
    violations.Add(ValidateSamplerSpec(candidate, num_classes, num_timesteps));
  }
  return violations;
}

void CheckClasses(const bundle::Manifest& manifest, const PlanSpec& plan, Violations& violations) {
  for (size_t i = 0; i < plan.class_weights.size(); ++i) {
    const int64_t class_index = plan.class_weights[i].class_index;
    const std::string field = absl::StrCat("stream.plan.class_weights[", i, "].class_index");
    if (class_index < 0 || class_index >= manifest.num_classes()) {
      violations.Add(
          {.field = field,
           .description = absl::StrCat("is ", class_index, "; expected [0, ",
                                       manifest.num_classes(), "), the classes of the bundle")});
    } else if (manifest.class_counts[static_cast<size_t>(class_index)] == 0) {
      violations.Add(
          {.field = field,
           .description = absl::StrCat(
               "is ", class_index, " ('", manifest.class_names[static_cast<size_t>(class_index)],
               "'), a class without training rows; expected a class with some")});
    }
  }
}

}  // namespace

absl::StatusOr<SamplerSpec> ResolveSampler(const bundle::Manifest& manifest,
                                           const SamplerOverrides& overrides) {
  const SamplerSpec& defaults = manifest.default_sampler;
  const SamplerMethod method = overrides.method.value_or(defaults.method);
  Violations violations;
  violations.Add(CheckServed(manifest, method));
  RETURN_IF_ERROR(violations.ToStatus());
  const bool is_default_method = method == defaults.method;
  if (!is_default_method && method != SamplerMethod::kDdpm && !overrides.num_steps.has_value()) {
    return FieldViolationsError(
        {{.field = "stream.sampler.step_count",
          .description = absl::StrCat("is not set; expected a number, because the bundle's is for ",
                                      SamplerMethodName(defaults.method))}});
  }
  const auto num_timesteps = static_cast<int32_t>(manifest.generator.schedule.num_timesteps);
  SamplerSpec spec = is_default_method ? defaults : Neutral(method, num_timesteps);
  spec.num_steps = overrides.num_steps.value_or(spec.num_steps);
  spec.eta = overrides.eta.value_or(spec.eta);
  spec.guidance_weights =
      overrides.guidance_weights.empty() ? defaults.guidance_weights : overrides.guidance_weights;
  RETURN_IF_ERROR(CheckSampler(manifest, spec).ToStatus());
  return Canonical(std::move(spec));
}

absl::StatusOr<ResolvedStream> ResolveStream(const bundle::Manifest& manifest,
                                             const Digest& bundle_digest, const Numerics& numerics,
                                             const StreamRequest& request) {
  Violations violations;
  const absl::StatusOr<SamplerSpec> sampler = ResolveSampler(manifest, request.sampler);
  violations.Add(sampler.status());
  absl::StatusOr<Plan> plan = Plan::Create(request.plan);
  violations.Add(plan.status());
  CheckClasses(manifest, request.plan, violations);
  if (request.seed < 0) {
    violations.Add({.field = "stream.seed",
                    .description = absl::StrCat("is ", request.seed, "; expected [0, ",
                                                std::numeric_limits<int64_t>::max(), "]")});
  }
  RETURN_IF_ERROR(violations.ToStatus());
  return ResolvedStream{.bundle_digest = bundle_digest,
                        .sampler = *sampler,
                        .plan = *std::move(plan),
                        .seed = request.seed,
                        .numerics = numerics};
}

}  // namespace tailcast::stream
