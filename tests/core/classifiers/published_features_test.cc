#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/files.h"
#include "core/classifiers/linear_head.h"
#include "core/data/class_groups.h"
#include "core/data/feature_file.h"
#include "core/metrics/accuracy.h"
#include "core/tensor/tensor_io.h"

namespace tailcast {
namespace {

// Accuracies of LDMLR's published encoders with their classifiers, papers.md 1.6, percent.
struct Published {
  const char* file;
  double stage1, label_shift;
};

class PublishedFeaturesTest : public testing::TestWithParam<Published> {};

TEST_P(PublishedFeaturesTest, GiveThePublishedAccuracies) {
  const char* source = std::getenv("TAILCAST_SOURCE_DIR");
  const std::string path =
      std::string(source != nullptr ? source : ".") + "/../shared/data/features/" + GetParam().file;
  if (!PathExists(path)) GTEST_SKIP() << path << " is not there";

  const auto train = data::ReadFeatureFile(path, {.part = "train", .imported_name = "published"});
  const auto test = data::ReadFeatureFile(
      path, {.part = "test", .imported_name = "published", .num_classes = train->num_classes()});
  ASSERT_TRUE(train.ok() && test.ok()) << train.status() << test.status();
  const auto head = classifiers::LinearHead::FromTensors(
      ReadTensors(SafetensorsFile::Read(path).value()).value(), path);
  ASSERT_TRUE(head.ok()) << head.status();

  const auto counts = train->class_counts();
  const auto accuracy = [&](double strength) {
    return metrics::MeasureAccuracy(
               classifiers::ShiftBias(*head, counts, strength).Predict(test->features),
               test->labels, data::GroupClassesByRank(counts))
        ->overall;
  };
  EXPECT_NEAR(accuracy(0), GetParam().stage1, 0.05);
  EXPECT_NEAR(accuracy(1), GetParam().label_shift, 0.05);
}

INSTANTIATE_TEST_SUITE_P(
    Cifar, PublishedFeaturesTest,
    testing::Values(Published{"cifar10-lt-if100-resnet32.safetensors", 72.49, 80.86},
                    Published{"cifar100-lt-if100-resnet32.safetensors", 41.28, 48.59}));

}  // namespace
}  // namespace tailcast
