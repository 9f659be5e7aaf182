#ifndef TAILCAST_CORE_CONTRACT_SAMPLER_SPEC_H_
#define TAILCAST_CORE_CONTRACT_SAMPLER_SPEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/digest.h"

namespace tailcast {

// Values are those of the digest (stream contract, section 6).
enum class SamplerMethod : uint32_t { kDdpm = 1, kDdim = 2, kDpmSolver = 3 };

// "ddpm", "ddim", "dpmpp_2m".
absl::string_view SamplerMethodName(SamplerMethod method);
absl::StatusOr<SamplerMethod> SamplerMethodFromName(absl::string_view name);

// How noise becomes features; every field resolved, no "0 means default" left.
struct SamplerSpec {
  SamplerMethod method = SamplerMethod::kDdim;
  // Denoiser steps N, trailing spacing, in [1, steps of the schedule].
  int32_t num_steps = 16;
  // Share of the DDPM noise that is added back, in [0, 1]. DDPM: 1; DPM-Solver: 0.
  double eta = 0.0;
  // Guidance weight w of eps + w (eps - eps_uncond): one for all classes, or one per class of the
  // bundle; each finite, in [-1, 32].
  std::vector<double> guidance_weights = {0.0};

  bool operator==(const SamplerSpec&) const = default;
};

inline constexpr double kMinGuidanceWeight = -1.0;
inline constexpr double kMaxGuidanceWeight = 32.0;
// Sampler steps are a field of 12 bits in the noise counter, with reserved values at its top.
inline constexpr int32_t kMaxSamplerSteps = 4079;

// Checks the ranges above. INVALID_ARGUMENT names the field as `stream.sampler...`.
absl::Status ValidateSamplerSpec(const SamplerSpec& spec, int32_t num_classes,
                                 int32_t num_timesteps);

// -0.0 becomes 0.0; equal weights become one: the form of which the digest is taken.
SamplerSpec Canonical(SamplerSpec spec);

// Weight of one class. REQUIRES: a validated spec.
double GuidanceWeightOf(const SamplerSpec& spec, int32_t class_index);

// True if any weight is not 0: two denoiser evaluations per step instead of one.
bool UsesGuidance(const SamplerSpec& spec);

// Digest `sampler.v1` of the canonical form.
Digest SamplerDigest(const SamplerSpec& spec);

// Timesteps from noisy to clean, round_half_even(T - i T / N) - 1; the last steps to alpha_bar = 1.
std::vector<int64_t> TrailingTimesteps(int32_t num_steps, int32_t num_timesteps);

// Weights from `head` (most frequent class) to `tail` (rarest) with the logarithm of the count,
// rounded to six decimals. A count below 1 counts as 1; equal counts all get `head`.
std::vector<double> GuidanceByClass(double head, double tail, const std::vector<int64_t>& counts);

// "W" or "HEAD:TAIL" -> weights. INVALID_ARGUMENT names the text, also for values out of range.
absl::StatusOr<std::vector<double>> ParseGuidance(absl::string_view text,
                                                  const std::vector<int64_t>& counts);

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_SAMPLER_SPEC_H_
