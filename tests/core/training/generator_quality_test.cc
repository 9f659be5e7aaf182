#include <gtest/gtest.h>

#include "core/diffusion/samplers/make_sampler.h"
#include "core/tensor/contract_noise.h"
#include "core/training/generator_validation.h"
#include "tests/core/training/recording_sink.h"
#include "tests/core/training/small_generator.h"
#include "tests/fakes/fake_evaluators.h"

namespace tailcast::training {
namespace {

constexpr int64_t kRowsPerClass = 200;

std::shared_ptr<const diffusion::Generator> TrainSmall(diffusion::Objective objective) {
  GeneratorTrainingOptions options = SmallOptions();
  options.objective.objective = objective;
  options.denoiser.hidden_dim = 32;
  options.objective.cbdm.tau = 0.1;  // a weak pull, so that the classes stay apart
  options.steps = 400;
  options.batch_rows = 64;
  RecordingSink sink;
  const auto trained = TrainGenerator(SmallData(), options, "", sink).value();
  return diffusion::Generator::Create(trained.spec, trained.tensors, "trained").value();
}

// Features of one class. -> [200, 4]
at::Tensor Generate(const diffusion::Generator& generator, int32_t class_index) {
  const at::NoGradGuard no_grad;
  std::vector<NoiseKey> samples;
  for (int64_t i = 0; i < kRowsPerClass; ++i) {
    samples.push_back({.seed = 1, .class_index = class_index, .ordinal = i});
  }
  ContractNoise noise(samples, generator.feature_dim());
  const auto labels = at::full({kRowsPerClass}, class_index, at::kLong);
  diffusion::FunctionEvaluator evaluator([&](const at::Tensor& noisy, int64_t t) {
    return generator.denoiser().forward(noisy, at::full_like(labels, t), labels);
  });
  const auto sampler =
      diffusion::MakeSampler({.num_steps = 10}, generator.schedule(), generator.spec().prediction);
  const auto features = sampler.value()->Sample(evaluator, noise, [] { return false; });
  return generator.standardization().Restore(features.value(), generator.spec().non_negative);
}

class GeneratorQualityTest : public testing::TestWithParam<diffusion::Objective> {};

// The whole path at work: trained, then sampled, each class is nearer to its own data than to the
// others', which are 3 away.
TEST_P(GeneratorQualityTest, GeneratedClassesLieWhereTheirDataLie) {
  const auto generator = TrainSmall(GetParam());
  for (int32_t c = 0; c < 3; ++c) {
    const auto mean = Generate(*generator, c).mean(0);  // [4]
    EXPECT_NEAR(mean[0].item<double>(), 2.0 + 3.0 * c, 1.4) << "class " << c;
    EXPECT_NEAR(mean[1].item<double>(), 2.0, 0.5) << "class " << c;
  }
}

INSTANTIATE_TEST_SUITE_P(Objectives, GeneratorQualityTest,
                         testing::Values(diffusion::Objective::kDenoising,
                                         diffusion::Objective::kCbdm,
                                         diffusion::Objective::kDiffrop));

TEST(DenoisingErrorOnTest, ADenoiserThatAnswersZeroIsOffByTheTargetsSize) {
  const auto data = SmallData();
  const auto standardized =
      diffusion::Standardization::Of(data.features).Standardize(data.features);
  const auto denoiser = diffusion::MakeDenoiser({.feature_dim = 4, .num_classes = 3}).value();
  denoiser->Initialize(at::detail::createCPUGenerator(/*seed=*/1));

  // A velocity of standardized data has variance 1.
  EXPECT_NEAR(DenoisingErrorOn(standardized, data.labels, {diffusion::NoiseSchedule::Cosine({})},
                               *denoiser),
              1.0, 0.1);
}

}  // namespace
}  // namespace tailcast::training
