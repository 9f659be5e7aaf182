#include "tests/client/cli/report/sample_figures.h"

#include <cmath>

#include "client/cli/report/arm_names.h"

namespace tailcast::report {
namespace {

// `tail`: accuracy of the rarest class; the others rise evenly to 95 at the most frequent.
ArmFigures SampleArm(double tail, double shift) {
  ArmFigures arm;
  arm.per_class.resize(10);
  for (int rank = 0; rank < 10; ++rank) {
    arm.per_class[9 - rank] = 95 + (tail - 95) * rank / 9 + shift;
  }
  const auto mean = [&](int begin, int end) {
    double sum = 0;
    for (int k = begin; k < end; ++k) sum += arm.per_class[k];
    return sum / (end - begin);
  };
  arm.accuracy = mean(0, 10);
  arm.few = mean(0, 3);
  arm.medium = mean(3, 6);
  arm.many = mean(6, 10);
  return arm;
}

// A cloud around (x, y), the same at each call.
Points SampleCloud(int count, double x, double y, double spread) {
  Points points;
  for (int i = 0; i < count; ++i) {
    const double radius = spread * std::sqrt((i + 0.5) / count), angle = 2.39996 * i;
    points.x.push_back(x + radius * std::cos(angle));
    points.y.push_back(y + radius * std::sin(angle));
  }
  return points;
}

void AddFeatures(RunFigures& figures) {
  for (int k = 0; k < 3; ++k) {
    figures.projection[std::to_string(k)] = {.training = SampleCloud(60, 4.0 * k, 3, 2),
                                             .held_out = SampleCloud(100, 4.0 * k - 1, 2, 3),
                                             .generated = SampleCloud(200, 4.0 * k, 3, 2.5)};
  }
  figures.explained_shares = {0.31, 0.17};
  for (const char* group : {"all/", "few/"}) {
    const double scale = group[0] == 'f' ? 1.4 : 1.0;
    const auto add = [&](const char* set, double median) {
      figures.distances[std::string(group) + set] = {
          .rows = 1000,
          .quantiles = {0.5 * median * scale, 0.8 * median * scale, median * scale,
                        1.3 * median * scale, 1.9 * median * scale}};
    };
    add("training", 3.1);
    add("held_out", 3.6);
    add("generated", 3.4);
  }
}

}  // namespace

RunFigures SampleFigures(int64_t seed) {
  const double shift = 0.5 * static_cast<double>(seed);
  RunFigures figures;
  figures.dataset = "fashion-mnist";
  figures.class_names = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                         "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};
  figures.class_counts = {59, 98, 164, 274, 457, 762, 1271, 2120, 3537, 5900};
  figures.groups = {{9, 8, 7, 6}, {5, 4, 3}, {2, 1, 0}};
  figures.validation_rows = 1000;
  figures.test_rows = 10000;
  figures.seed = seed;
  figures.bundle = "fashion-mnist-lt@" + std::to_string(seed + 1);
  figures.bundle_digest = std::string(64, static_cast<char>('a' + seed));
  figures.feature_space_digest = std::string(64, 'f');
  figures.address = "tc1-" + figures.bundle_digest;
  figures.recipe = std::string(64, static_cast<char>('0' + seed));
  figures.plan = "each=500, one period";
  figures.sampler = "ddim, 16 steps, guidance 0";
  figures.rows_streamed = 30000;
  figures.streams = {
      {"0", {figures.address, figures.recipe, 5000, 1.2, {82.1, 82.9, 83.0, 82.2}}},
      {"-0.1:-0.5", {"tc1-" + std::string(64, 'b'), figures.recipe, 5000, 2.3, {81, 82, 82.5, 81}}},
      {kDataFreeStream, {"tc1-" + std::string(64, 'd'), figures.recipe, 20000, 4.8, {}}}};
  figures.choices = {{"guidance", "0"}, {"bias shift", "0.25"}, {"refit", "regularised"}};
  figures.bias_shifts = {0, 0.1, 0.25, 0.5};
  figures.arms = {
      {kStage1, SampleArm(40, shift)},          {kLogitAdjustment, SampleArm(60, shift + 0.2)},
      {kBalancedSoftmax, SampleArm(61, shift)}, {kClassGaussian, SampleArm(58, shift)},
      {kLdmlr, SampleArm(62, shift)},           {kLdmlrDataFree, SampleArm(59, shift)}};
  figures.paired = {{kStage1, {500, 200}}, {kLogitAdjustment, {110, 100}}};
  AddFeatures(figures);
  figures.seconds = {{"streams", 8.3}, {"refits", 2.1}};
  figures.command = "tailcast retrain --server 127.0.0.1:50071 --seed " + std::to_string(seed);
  figures.versions = {{"tailcast", "0.1.0"}, {"commit", "1a2b3c4d5e6f"}, {"libtorch", "2.11.0"}};
  return figures;
}

}  // namespace tailcast::report
