#include <ATen/ATen.h>

#include <numeric>

#include "absl/strings/string_view.h"
#include "core/data/feature_file.h"
#include "core/tensor/tensor_io.h"
#include "tests/core/data/small_feature_set.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/unsealed.h"

namespace tailcast {
namespace {

void CheckSet(const data::FeatureSet& set) {
  FuzzCheck(set.size() >= 1 && set.feature_dim() >= 1, "there are rows and columns");
  FuzzCheck(set.space.dimension == set.feature_dim(), "the space is the features'");
  FuzzCheck(at::isfinite(set.features).all().item<bool>(), "features are finite");
  FuzzCheck(!set.space.non_negative || (set.features >= 0).all().item<bool>(),
            "features have the sign of their space");
  FuzzCheck(set.labels.dim() == 1 && set.labels.size(0) == set.features.size(0),
            "each row has a label");
  FuzzCheck(
      set.labels.min().item<int64_t>() >= 0 && set.labels.max().item<int64_t>() < set.num_classes(),
      "labels are classes");
  const std::vector<int64_t> counts = set.class_counts();
  FuzzCheck(std::accumulate(counts.begin(), counts.end(), int64_t{0}) == set.size(),
            "each row is counted");
}

void TestOne(absl::string_view bytes) {
  const auto file = SafetensorsFile::Parse(std::string(bytes), "input");
  if (!file.ok()) return;
  const auto set = data::ParseFeatureFile(*file);
  if (!set.ok()) {
    FuzzCheck(set.status().code() == absl::StatusCode::kInvalidArgument, "faults are the input's");
    return;
  }
  CheckSet(*set);
  const auto written = data::SerializeFeatureSet(*set);
  FuzzCheck(written.ok(), "what was read can be written");
  const auto again = data::ParseFeatureFile(*SafetensorsFile::Parse(*written, "again"));
  FuzzCheck(again.ok() && *data::SerializeFeatureSet(*again) == *written,
            "the written form is stable");
}

}  // namespace

std::vector<std::string> FuzzSeeds() {
  const data::FeatureSet set = data::SmallFeatureSet();
  data::FeatureSet imported = set;
  imported.space = {.encoder = ImportedSpace("mine"), .imported_name = "mine", .dimension = 2};
  return {Unsealed(*data::SerializeFeatureSet(set)), Unsealed(*data::SerializeFeatureSet(imported)),
          *SerializeTensors({{"features", set.features}, {"labels", set.labels}},
                            {{"feature_space", "mine"}})};
}

}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
