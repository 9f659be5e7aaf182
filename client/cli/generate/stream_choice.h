#ifndef TAILCAST_CLIENT_CLI_GENERATE_STREAM_CHOICE_H_
#define TAILCAST_CLIENT_CLI_GENERATE_STREAM_CHOICE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/contract/plan.h"
#include "core/contract/wire_type.h"
#include "nlohmann/json.hpp"

namespace tailcast::generate {

// Which rows somebody wants, in their own words; what is not set is the bundle's.
struct StreamChoice {
  // NAME, NAME@VERSION or NAME:LABEL.
  std::string bundle;
  // Either classes, each with `rows_per_class` rows, or a rule of core/contract/balance_rule.h.
  std::vector<int32_t> classes;
  int64_t rows_per_class = 0;
  std::string plan_rule;
  int64_t order_seed = 0;
  int64_t repeat_period_count = 0;
  int64_t seed = 0;
  std::optional<int32_t> num_steps = {};
  std::optional<double> eta = {};
  // "W" or "HEAD:TAIL"; empty: the bundle's.
  std::string guidance;
  WireType wire_type = WireType::kFloat32;
};

// The choice as one JSON object: equal for equal choices, so that a command can tell whether it was
// given before.
nlohmann::json ToJson(const StreamChoice& choice);

// What a choice means for a bundle with these training rows per class.
struct ChosenRows {
  PlanSpec plan;
  // Empty: the bundle's.
  std::vector<double> guidance_weights;
};

// INVALID_ARGUMENT names the class, rule or weight that is wrong and what was expected.
absl::StatusOr<ChosenRows> ChooseRows(const StreamChoice& choice,
                                      const std::vector<int64_t>& class_counts);

// "f32", "f16", "bf16".
std::string WireTypeName(WireType type);

}  // namespace tailcast::generate

#endif  // TAILCAST_CLIENT_CLI_GENERATE_STREAM_CHOICE_H_
