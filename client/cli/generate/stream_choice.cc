#include "client/cli/generate/stream_choice.h"

#include "core/base/status_macros.h"
#include "core/contract/balance_rule.h"
#include "core/contract/sampler_spec.h"

namespace tailcast::generate {

std::string WireTypeName(WireType type) {
  switch (type) {
    case WireType::kFloat32:
      return "f32";
    case WireType::kFloat16:
      return "f16";
    case WireType::kBfloat16:
      return "bf16";
  }
  return "unknown";
}

nlohmann::json ToJson(const StreamChoice& choice) {
  nlohmann::json json = {{"bundle", choice.bundle},
                         {"order_seed", choice.order_seed},
                         {"repeat_period_count", choice.repeat_period_count},
                         {"seed", choice.seed},
                         {"guidance", choice.guidance},
                         {"data_type", WireTypeName(choice.wire_type)}};
  if (choice.classes.empty()) {
    json["plan"] = choice.plan_rule;
  } else {
    json["classes"] = choice.classes;
    json["count"] = choice.rows_per_class;
  }
  if (choice.num_steps) json["steps"] = *choice.num_steps;
  if (choice.eta) json["eta"] = *choice.eta;
  return json;
}

absl::StatusOr<ChosenRows> ChooseRows(const StreamChoice& choice,
                                      const std::vector<int64_t>& class_counts) {
  ChosenRows chosen;
  if (choice.classes.empty()) {
    ASSIGN_OR_RETURN(chosen.plan, PlanFromRule(choice.plan_rule, class_counts));
  } else {
    ASSIGN_OR_RETURN(chosen.plan,
                     PlanOfClasses(choice.classes, choice.rows_per_class, class_counts));
  }
  chosen.plan.order_seed = choice.order_seed;
  chosen.plan.repeat_period_count = choice.repeat_period_count;
  if (!choice.guidance.empty()) {
    ASSIGN_OR_RETURN(chosen.guidance_weights, ParseGuidance(choice.guidance, class_counts));
  }
  return chosen;
}

}  // namespace tailcast::generate
