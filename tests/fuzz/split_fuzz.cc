#include <algorithm>
#include <iterator>

#include "absl/strings/string_view.h"
#include "core/base/json.h"
#include "core/data/long_tail_split.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {
namespace {

std::string SplitText(std::vector<int64_t> train, std::vector<int64_t> validation) {
  data::LongTailSplit split;
  split.dataset = "toy";
  split.class_names = {"a", "b"};
  split.class_order = {1, 0};
  split.imbalance_factor = 2;
  split.validation_per_class = 1;
  split.class_counts = {1, 2};
  split.train = std::move(train);
  split.validation = std::move(validation);
  return *CanonicalJson(data::ToJson(split));
}

void TestOne(absl::string_view bytes) {
  const auto json = ParseJson(bytes, "input");
  if (!json.ok()) return;
  const auto split = data::LongTailSplitFromJson(*json, "input");
  if (!split.ok()) return;
  FuzzCheck(std::is_sorted(split->train.begin(), split->train.end()), "indices ascend");
  std::vector<int64_t> common;
  std::set_intersection(split->train.begin(), split->train.end(), split->validation.begin(),
                        split->validation.end(), std::back_inserter(common));
  FuzzCheck(common.empty(), "no image is in both parts");
  const auto again = data::LongTailSplitFromJson(data::ToJson(*split), "again");
  FuzzCheck(again.ok() && *again == *split, "what was read can be written");
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  return {SplitText({0, 3, 5}, {1, 2}), SplitText({0, 3, 5}, {1, 3}), SplitText({}, {}), "{}"};
}

}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
