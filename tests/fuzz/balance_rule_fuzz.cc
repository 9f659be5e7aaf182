#include "absl/strings/string_view.h"
#include "core/contract/balance_rule.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  return {"balance-to=5900", "ratio=0.5",      "ratio=1e3",
          "each=12",         "counts=1,2,3,0", "each=9223372036854775807"};
}

namespace {

void TestOne(absl::string_view rule) {
  for (const std::vector<int64_t>& counts :
       {std::vector<int64_t>{5000, 500, 50, 5}, {1, 0, INT64_MAX, 7}, {}}) {
    const auto spec = PlanFromRule(rule, counts);
    if (!spec.ok()) continue;
    const auto plan = Plan::Create(*spec);
    FuzzCheck(plan.ok(), "a rule gives a plan that can be made");
    FuzzCheck(plan->period() >= 1 && plan->period() <= kMaxPeriod, "its period is in range");
    for (const ClassWeight& entry : spec->class_weights) {
      FuzzCheck(counts[static_cast<size_t>(entry.class_index)] > 0, "its classes have rows");
    }
  }
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
