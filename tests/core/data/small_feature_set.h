#ifndef TAILCAST_TESTS_CORE_DATA_SMALL_FEATURE_SET_H_
#define TAILCAST_TESTS_CORE_DATA_SMALL_FEATURE_SET_H_

#include <ATen/ATen.h>

#include "core/data/feature_file.h"

namespace tailcast::data {

// Three rows of classes 0 and 2 of three, in the space of an encoder.
inline FeatureSet SmallFeatureSet() {
  FeatureSet set;
  set.features = at::tensor({0.5, 0., 1.5, 2., 3., 0.25}, at::kFloat).reshape({3, 2});
  set.labels = at::tensor({0, 2, 2}, at::kLong);
  set.space = {
      .encoder = Sha256Of("encoder"), .imported_name = "", .dimension = 2, .non_negative = true};
  set.class_names = {"a", "b", "c"};
  set.dataset = "toy";
  set.part = "train";
  return set;
}

}  // namespace tailcast::data

#endif  // TAILCAST_TESTS_CORE_DATA_SMALL_FEATURE_SET_H_
