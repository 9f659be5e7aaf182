#include "core/contract/sampler_spec.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/contract/digest_writer.h"

namespace tailcast {
namespace {

constexpr uint32_t kTrailingSpacing = 1;
constexpr int kGuidanceDecimals = 6;

// Name of the oneof member of stream.sampler.
absl::string_view FieldOf(SamplerMethod method) {
  return method == SamplerMethod::kDpmSolver ? "dpm_solver" : SamplerMethodName(method);
}

absl::Status ValidateSteps(const SamplerSpec& spec, int32_t num_timesteps) {
  const int32_t max_steps = std::min(num_timesteps, kMaxSamplerSteps);
  const bool all_steps = spec.method == SamplerMethod::kDdpm;
  if (all_steps && (spec.num_steps != num_timesteps || num_timesteps > kMaxSamplerSteps)) {
    return absl::InvalidArgumentError(
        absl::StrCat("stream.sampler.ddpm has ", spec.num_steps, " steps of a schedule of ",
                     num_timesteps, "; expected all of a schedule of at most ", kMaxSamplerSteps));
  }
  if (spec.num_steps < 1 || spec.num_steps > max_steps) {
    return absl::InvalidArgumentError(absl::StrCat("stream.sampler.", FieldOf(spec.method),
                                                   ".step_count is ", spec.num_steps,
                                                   "; expected [1, ", max_steps, "]"));
  }
  return absl::OkStatus();
}

absl::Status ValidateEta(const SamplerSpec& spec) {
  double min = 0.0, max = 1.0;
  if (spec.method == SamplerMethod::kDdpm) min = 1.0;
  if (spec.method == SamplerMethod::kDpmSolver) max = 0.0;
  if (spec.eta >= min && spec.eta <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("stream.sampler.", FieldOf(spec.method),
                                                 ".eta is ", spec.eta, "; expected [", min, ", ",
                                                 max, "]"));
}

bool IsGuidanceWeight(double weight) {
  return weight >= kMinGuidanceWeight && weight <= kMaxGuidanceWeight;  // false for NaN
}

// Six decimals, correctly rounded, whatever the locale.
double RoundedGuidance(double weight) {
  char text[512];
  const auto written =
      std::to_chars(text, text + sizeof(text), weight, std::chars_format::fixed, kGuidanceDecimals);
  double rounded = weight;
  std::from_chars(text, written.ptr, rounded);
  return rounded;
}

absl::Status WrongGuidance(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(
      "guidance ", Quoted(text), " is wrong; expected W or HEAD:TAIL with numbers in [",
      kMinGuidanceWeight, ", ", kMaxGuidanceWeight, "]"));
}

}  // namespace

absl::string_view SamplerMethodName(SamplerMethod method) {
  switch (method) {
    case SamplerMethod::kDdpm:
      return "ddpm";
    case SamplerMethod::kDdim:
      return "ddim";
    case SamplerMethod::kDpmSolver:
      return "dpmpp_2m";
  }
  return "unknown";
}

absl::StatusOr<SamplerMethod> SamplerMethodFromName(absl::string_view name) {
  for (const SamplerMethod method :
       {SamplerMethod::kDdpm, SamplerMethod::kDdim, SamplerMethod::kDpmSolver}) {
    if (name == SamplerMethodName(method)) return method;
  }
  return absl::InvalidArgumentError(absl::StrCat("sampler method ", Quoted(name),
                                                 " is unknown; expected ddpm, ddim or dpmpp_2m"));
}

absl::Status ValidateSamplerSpec(const SamplerSpec& spec, int32_t num_classes,
                                 int32_t num_timesteps) {
  RETURN_IF_ERROR(ValidateSteps(spec, num_timesteps));
  RETURN_IF_ERROR(ValidateEta(spec));
  const size_t count = spec.guidance_weights.size();
  if (count != 1 && count != static_cast<size_t>(num_classes)) {
    return absl::InvalidArgumentError(absl::StrCat("stream.sampler.guidance_weights has ", count,
                                                   " values; expected 1 or ", num_classes));
  }
  for (size_t i = 0; i < count; ++i) {
    if (IsGuidanceWeight(spec.guidance_weights[i])) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("stream.sampler.guidance_weights[", i, "] is ", spec.guidance_weights[i],
                     "; expected [", kMinGuidanceWeight, ", ", kMaxGuidanceWeight, "]"));
  }
  return absl::OkStatus();
}

SamplerSpec Canonical(SamplerSpec spec) {
  const auto positive_zero = [](double value) { return value == 0.0 ? 0.0 : value; };
  spec.eta = positive_zero(spec.eta);
  std::vector<double>& weights = spec.guidance_weights;
  std::transform(weights.begin(), weights.end(), weights.begin(), positive_zero);
  const auto differs = [&](double weight) { return weight != weights[0]; };
  if (weights.size() > 1 && std::none_of(weights.begin(), weights.end(), differs)) {
    weights.resize(1);
  }
  return spec;
}

double GuidanceWeightOf(const SamplerSpec& spec, int32_t class_index) {
  const std::vector<double>& weights = spec.guidance_weights;
  return weights.size() == 1 ? weights[0] : weights[static_cast<size_t>(class_index)];
}

bool UsesGuidance(const SamplerSpec& spec) {
  return std::any_of(spec.guidance_weights.begin(), spec.guidance_weights.end(),
                     [](double weight) { return weight != 0.0; });
}

Digest SamplerDigest(const SamplerSpec& spec) {
  const SamplerSpec canonical = Canonical(spec);
  DigestWriter writer("sampler.v1");
  writer.U32(static_cast<uint32_t>(canonical.method));
  writer.U32(static_cast<uint32_t>(canonical.num_steps));
  writer.U32(kTrailingSpacing).F64(canonical.eta);
  writer.U32(static_cast<uint32_t>(canonical.guidance_weights.size()));
  for (const double weight : canonical.guidance_weights) writer.F64(weight);
  return writer.Finish();
}

std::vector<int64_t> TrailingTimesteps(int32_t num_steps, int32_t num_timesteps) {
  const int64_t steps = num_steps, total = num_timesteps;
  std::vector<int64_t> timesteps;
  timesteps.reserve(static_cast<size_t>(steps));
  for (int64_t i = 0; i < steps; ++i) {
    const int64_t scaled = total * (steps - i);  // T - i T / N, times N
    const int64_t floor = scaled / steps, twice_rest = 2 * (scaled % steps);
    const bool up = twice_rest > steps || (twice_rest == steps && floor % 2 == 1);
    timesteps.push_back(floor + up - 1);
  }
  return timesteps;
}

std::vector<double> GuidanceByClass(double head, double tail, const std::vector<int64_t>& counts) {
  int64_t most = 1, least = std::numeric_limits<int64_t>::max();
  for (const int64_t count : counts) {
    most = std::max(most, count);
    least = std::min(least, std::max<int64_t>(1, count));
  }
  const auto ratio = [](int64_t a, int64_t b) {
    return std::log(static_cast<double>(a) / static_cast<double>(b));
  };
  std::vector<double> weights;
  weights.reserve(counts.size());
  for (const int64_t count : counts) {
    const double share =
        most > least ? ratio(most, std::max<int64_t>(1, count)) / ratio(most, least) : 0.0;
    weights.push_back(RoundedGuidance(head + (tail - head) * share));
  }
  return weights;
}

absl::StatusOr<std::vector<double>> ParseGuidance(absl::string_view text,
                                                  const std::vector<int64_t>& counts) {
  std::vector<double> values;
  for (const absl::string_view part : absl::StrSplit(text, ':')) {
    double value = 0.0;
    if (!absl::SimpleAtod(part, &value) || !IsGuidanceWeight(value)) return WrongGuidance(text);
    values.push_back(value);
  }
  if (values.size() == 1) return values;
  if (values.size() != 2 || counts.empty()) return WrongGuidance(text);
  return GuidanceByClass(/*head=*/values[0], /*tail=*/values[1], counts);
}

}  // namespace tailcast
