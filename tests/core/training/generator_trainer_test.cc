#include "core/training/generator_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "absl/strings/str_cat.h"
#include "core/training/generator_run.h"
#include "core/training/keyed_rng.h"
#include "tests/core/training/recording_sink.h"
#include "tests/core/training/small_generator.h"

namespace tailcast::training {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

absl::StatusOr<TrainedGenerator> Train(const GeneratorData& data,
                                       const GeneratorTrainingOptions& options) {
  RecordingSink sink;
  return TrainGenerator(data, options, /*checkpoint_path=*/"", sink);
}

std::string ErrorOf(const GeneratorData& data, const GeneratorTrainingOptions& options) {
  const auto trained = Train(data, options);
  if (trained.ok()) return "no error";
  EXPECT_EQ(trained.status().code(), absl::StatusCode::kInvalidArgument) << trained.status();
  return std::string(trained.status().message());
}

std::string ErrorWith(const std::function<void(GeneratorData&)>& spoil) {
  GeneratorData data = SmallData();
  spoil(data);
  return ErrorOf(data, SmallOptions());
}

bool SameTensors(const NamedTensors& a, const NamedTensors& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [name, tensor] : a) {
    if (b.count(name) == 0 || !at::equal(tensor, b.at(name))) return false;
  }
  return true;
}

TEST(GeneratorTrainerTest, MakesAGeneratorOfTheDataAndOptions) {
  const auto trained = Train(SmallData(), SmallOptions());
  ASSERT_TRUE(trained.ok()) << trained.status();

  const auto generator = diffusion::Generator::Create(trained->spec, trained->tensors, "trained");

  ASSERT_TRUE(generator.ok()) << generator.status();
  EXPECT_EQ((*generator)->feature_dim(), 4);
  EXPECT_EQ((*generator)->num_classes(), 3);
  EXPECT_EQ((*generator)->spec().denoiser.hidden_dim, 16);
  EXPECT_EQ((*generator)->schedule().num_timesteps(), 50);
  EXPECT_TRUE(at::allclose((*generator)->standardization().mean, SmallData().features.mean(0)));
}

TEST(GeneratorTrainerTest, TheSameSeedGivesTheSameBitsAndAnotherOnesOthers) {
  const auto first = Train(SmallData(), SmallOptions()),
             second = Train(SmallData(), SmallOptions());
  EXPECT_TRUE(SameTensors(first->tensors, second->tensors));
  EXPECT_EQ(first->figures, second->figures);
  // LibTorch's own engine takes no more than 32 bits of a seed.
  for (const int64_t seed : {int64_t{1}, int64_t{1} << 32, int64_t{1} << 62}) {
    GeneratorTrainingOptions options = SmallOptions();
    options.seed = seed;
    EXPECT_FALSE(SameTensors(first->tensors, Train(SmallData(), options)->tensors)) << seed;
  }
}

TEST(GeneratorTrainerTest, TheGlobalRandomStateDoesNotMatter) {
  at::Generator(at::globalContext().defaultGenerator(at::kCPU)).set_current_seed(1);
  const auto first = Train(SmallData(), SmallOptions());
  at::Generator(at::globalContext().defaultGenerator(at::kCPU)).set_current_seed(2);
  const auto second = Train(SmallData(), SmallOptions());

  EXPECT_TRUE(SameTensors(first->tensors, second->tensors));
}

TEST(GeneratorTrainerTest, PublishesAndValidatesTheAveragedWeights) {
  GeneratorData data = SmallData();
  data.validation_features = data.features;
  data.validation_labels = data.labels;
  GeneratorTrainingOptions slow = SmallOptions();
  slow.ema_decay = 0.999999;
  const auto average = Train(data, slow);

  // The output layer starts at zero, and an average that hardly moves stays there: the error is the
  // variance of a velocity.
  EXPECT_LT(average->tensors.at("denoiser.output.weight").abs().max().item<double>(), 1e-4);
  EXPECT_NEAR(average->figures["validation_loss"], 1.0, 0.1);
  slow.ema_decay = 0.0;
  const auto last = Train(SmallData(), slow);
  EXPECT_GT(last->tensors.at("denoiser.output.weight").abs().max().item<double>(), 1e-3);
}

// Rows of the label embedding that differ from those that training started from, without decay.
std::vector<int64_t> TrainedLabels(const GeneratorData& data, GeneratorTrainingOptions options) {
  options.weight_decay = 0.0;
  const auto trained = Train(data, options).value();
  const auto start = diffusion::MakeDenoiser(trained.spec.denoiser).value();
  start->Initialize(KeyedRng(options.seed, RngPurpose::kGenerator, /*index=*/0));
  const auto moved = (trained.tensors.at("denoiser.label_embedding") -
                      start->named_parameters()["label_embedding"])
                         .abs()
                         .amax(/*dim=*/1);  // [K + 1]
  std::vector<int64_t> labels;
  for (int64_t label = 0; label < moved.size(0); ++label) {
    if (moved[label].item<double>() > 0.0) labels.push_back(label);
  }
  return labels;
}

TEST(GeneratorTrainerTest, LabelDropoutDecidesWhichLabelsAreTrained) {
  const auto trained = [](double label_dropout) {
    GeneratorTrainingOptions options = SmallOptions();
    options.label_dropout = label_dropout;
    return TrainedLabels(SmallData(), options);
  };
  EXPECT_THAT(trained(0.0), ElementsAre(0, 1, 2));
  EXPECT_THAT(trained(0.5), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(trained(1.0), ElementsAre(3));
}

TEST(GeneratorTrainerTest, AnAbsentClassIsNotTrained) {
  GeneratorData data = SmallData();
  data.labels.masked_fill_(data.labels.eq(1), 0);
  GeneratorTrainingOptions options = SmallOptions();
  EXPECT_EQ(Train(data, options)->figures["classes_without_rows"], nlohmann::json({1}));
  for (const auto objective : {diffusion::Objective::kDenoising, diffusion::Objective::kCbdm,
                               diffusion::Objective::kDiffrop}) {
    options.objective.objective = objective;
    for (const bool uniform_targets : {false, true}) {
      options.objective.cbdm.uniform_targets = uniform_targets;
      EXPECT_THAT(TrainedLabels(data, options), ElementsAre(0, 2, 3))
          << diffusion::ObjectiveName(objective);
    }
  }
}

TEST(GeneratorTrainerTest, EveryOptionDecidesTheWeights) {
  using Options = GeneratorTrainingOptions;
  const std::function<void(Options&)> changes[] = {
      [](Options& o) { o.steps = 41; },
      [](Options& o) { o.batch_rows = 15; },
      [](Options& o) { o.balance = 0.4; },
      [](Options& o) { o.label_dropout = 0.3; },
      [](Options& o) { o.learning_rate = 1e-3; },
      [](Options& o) { o.weight_decay = 0.1; },
      [](Options& o) { o.warmup_share = 0.5; },
      [](Options& o) { o.ema_decay = 0.9; },
      [](Options& o) { o.seed = 2; },
      [](Options& o) { o.schedule.name = "linear"; },
      [](Options& o) { o.prediction = diffusion::PredictionType::kNoise; },
      [](Options& o) { o.objective.objective = diffusion::Objective::kCbdm; },
      [](Options& o) { o.objective.objective = diffusion::Objective::kDiffrop; }};
  const auto base = Train(SmallData(), SmallOptions());
  for (size_t i = 0; i < std::size(changes); ++i) {
    GeneratorTrainingOptions options = SmallOptions();
    changes[i](options);
    EXPECT_FALSE(SameTensors(Train(SmallData(), options)->tensors, base->tensors))
        << "change " << i;
  }
}

TEST(GeneratorTrainerTest, FiguresSayOptionsLossesAndAbsentClasses) {
  GeneratorData data = SmallData();
  data.num_classes = 5;
  GeneratorTrainingOptions options = SmallOptions();
  options.objective.objective = diffusion::Objective::kCbdm;

  const auto figures = Train(data, options)->figures;

  EXPECT_EQ(figures["options"]["objective"]["name"], "cbdm");
  EXPECT_EQ(figures["options"]["steps"], 40);
  EXPECT_EQ(figures["steps_done"], 40);
  EXPECT_GT(figures["training_loss"], 0.0);
  EXPECT_GT(figures["regularization"], 0.0);
  EXPECT_EQ(figures["classes_without_rows"], nlohmann::json({3, 4}));
  EXPECT_FALSE(figures.contains("validation_loss"));
}

TEST(GeneratorTrainerTest, TheLossFalls) {
  GeneratorTrainingOptions options = SmallOptions();
  const double early = Train(SmallData(), options)->figures["training_loss"];
  options.steps = 400;
  const double late = Train(SmallData(), options)->figures["training_loss"];

  EXPECT_LT(late, 0.9 * early);
}

TEST(GeneratorTrainerTest, ValidationRowsChangeNothingButTheirFigure) {
  GeneratorData data = SmallData();
  data.validation_features = data.features.narrow(0, 30, 20).clone();
  data.validation_labels = data.labels.narrow(0, 30, 20).clone();

  const auto with = Train(data, SmallOptions()), again = Train(data, SmallOptions());

  EXPECT_TRUE(SameTensors(with->tensors, Train(SmallData(), SmallOptions())->tensors));
  EXPECT_GT(with->figures["validation_loss"], 0.0);
  EXPECT_EQ(with->figures["validation_loss"], again->figures["validation_loss"]);
}

TEST(GeneratorTrainerTest, TellsItsProgress) {
  RecordingSink sink;
  ASSERT_TRUE(TrainGenerator(SmallData(), SmallOptions(), "", sink).ok());

  EXPECT_THAT(sink.begun, ElementsAre("training generator"));
  EXPECT_EQ(sink.first_done, 0);
  EXPECT_EQ(sink.total, 40);
  EXPECT_EQ(sink.num_advances, 40);
  EXPECT_EQ(sink.last_done, 40);
  EXPECT_EQ(sink.num_ends, 1);
  ASSERT_EQ(sink.last_figures.size(), 1U);
  EXPECT_EQ(sink.last_figures[0].first, "loss");
}

TEST(GeneratorTrainerTest, NamesFeaturesThatAreNotFinite) {
  EXPECT_THAT(ErrorWith([](auto& data) { data.features[7][2] = kNan; }),
              HasSubstr("features: row 7, column 2 is nan"));
  EXPECT_THAT(ErrorWith([](auto& data) { data.features[0][0] = -1.0F / 0.0F; }),
              HasSubstr("features: row 0, column 0 is -inf"));
}

TEST(GeneratorTrainerTest, NamesLabelsOutOfRange) {
  EXPECT_THAT(ErrorWith([](auto& data) { data.labels[3] = 3; }),
              HasSubstr("labels: element 3 is 3; expected a class in [0, 3)"));
  EXPECT_THAT(ErrorWith([](auto& data) { data.labels[5] = -1; }), HasSubstr("element 5 is -1"));
  EXPECT_THAT(ErrorWith([](auto& data) { data.num_classes = 0; }), HasSubstr("num_classes is 0"));
}

TEST(GeneratorTrainerTest, NamesShapesAndTypesThatDoNotFit) {
  EXPECT_THAT(ErrorWith([](auto& data) { data.features = at::zeros({60}); }),
              HasSubstr("features has shape [60]; expected [*, *]"));
  EXPECT_THAT(ErrorWith([](auto& data) { data.labels = data.labels.narrow(0, 0, 59); }),
              HasSubstr("labels has shape [59]; expected [60]"));
  EXPECT_THAT(ErrorWith([](auto& data) { data.features = data.features.to(at::kDouble); }),
              HasSubstr("features have element type Double; expected Float"));
  EXPECT_THAT(ErrorWith([](auto& data) {
                data.features = at::zeros({0, 4});
                data.labels = at::zeros({0}, at::kLong);
              }),
              HasSubstr("features are empty"));
}

TEST(GeneratorTrainerTest, ChecksValidationRowsToo) {
  const auto error_with = [](const at::Tensor& features, const at::Tensor& labels) {
    GeneratorData data = SmallData();
    data.validation_features = features;
    data.validation_labels = labels;
    return ErrorOf(data, SmallOptions());
  };
  EXPECT_THAT(error_with(at::zeros({2, 5}), at::zeros({2}, at::kLong)),
              HasSubstr("validation features has shape [2, 5]; expected [*, 4]"));
  EXPECT_THAT(error_with(at::full({2, 4}, kNan), at::zeros({2}, at::kLong)),
              HasSubstr("validation features: row 0"));
  EXPECT_THAT(error_with(at::zeros({2, 4}), at::full({2}, 3, at::kLong)),
              HasSubstr("validation labels: element 0 is 3"));
  EXPECT_THAT(error_with(at::zeros({2, 4}), {}), HasSubstr("validation labels is missing"));
}

TEST(GeneratorTrainerTest, NamesTheOptionThatIsOutOfRange) {
  using Options = GeneratorTrainingOptions;
  const std::pair<const char*, std::function<void(Options&)>> wrong[] = {
      {"steps is 0", [](Options& o) { o.steps = 0; }},
      {"batch_rows is 0", [](Options& o) { o.batch_rows = 0; }},
      {"balance is 1.5", [](Options& o) { o.balance = 1.5; }},
      {"label_dropout is -0.1", [](Options& o) { o.label_dropout = -0.1; }},
      {"learning_rate is nan", [](Options& o) { o.learning_rate = kNan; }},
      {"weight_decay is -1", [](Options& o) { o.weight_decay = -1; }},
      {"warmup_share is 2", [](Options& o) { o.warmup_share = 2; }},
      {"ema_decay is 1;", [](Options& o) { o.ema_decay = 1.0; }},
      {"seed is -1", [](Options& o) { o.seed = -1; }},
      {"schedule.num_timesteps is 0", [](Options& o) { o.schedule.num_timesteps = 0; }},
      {"denoiser.num_blocks is 0", [](Options& o) { o.denoiser.num_blocks = 0; }},
      {"objective.cbdm.tau is -1", [](Options& o) {
         o.objective.objective = diffusion::Objective::kCbdm;
         o.objective.cbdm.tau = -1;
       }}};
  for (const auto& [message, spoil] : wrong) {
    GeneratorTrainingOptions options = SmallOptions();
    spoil(options);
    EXPECT_THAT(ErrorOf(SmallData(), options), HasSubstr(message));
  }
}

TEST(GeneratorTrainerTest, OneStepOfOneRowWorks) {
  GeneratorTrainingOptions options = SmallOptions();
  options.steps = options.batch_rows = 1;
  EXPECT_TRUE(Train(SmallData(), options).ok());
  options.label_dropout = options.balance = options.warmup_share = 1.0;
  EXPECT_TRUE(Train(SmallData(), options).ok());
}

TEST(GeneratorTrainerTest, SaysSoWhenTheLossIsNoLongerFinite) {
  GeneratorTrainingOptions options = SmallOptions();
  options.objective.objective = diffusion::Objective::kCbdm;
  options.objective.cbdm.tau = 1e300;

  const auto trained = Train(SmallData(), options);

  EXPECT_EQ(trained.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(trained.status().message(), HasSubstr("training diverged: the loss of step"));
}

TEST(LearningRateShareTest, RisesOverTheWarmupThenFallsAsACosine) {
  const GeneratorTrainingOptions options;  // 2000 steps, 200 of them rising

  EXPECT_DOUBLE_EQ(LearningRateShare(options, 0), 1.0 / 200);
  EXPECT_DOUBLE_EQ(LearningRateShare(options, 99), 0.5);
  EXPECT_DOUBLE_EQ(LearningRateShare(options, 199), 1.0);
  EXPECT_DOUBLE_EQ(LearningRateShare(options, 200), 1.0);
  EXPECT_NEAR(LearningRateShare(options, 1100), 0.5, 1e-12);
  EXPECT_NEAR(LearningRateShare(options, 1999), 0.5 * (1 - std::cos(M_PI / 1800)), 1e-12);
}

TEST(LearningRateShareTest, WithoutWarmupStartsAtTheTop) {
  GeneratorTrainingOptions options;
  options.warmup_share = 0.0;
  EXPECT_EQ(LearningRateShare(options, 0), 1.0);
}

TEST(RunningMeanTest, IsTheMeanOfAConstantFromTheFirstValueOn) {
  RunningMean mean;
  EXPECT_EQ(mean.Value(), 0.0);
  for (int i = 0; i < 5; ++i) {
    mean.Add(3.0);
    EXPECT_DOUBLE_EQ(mean.Value(), 3.0);
  }
  for (int i = 0; i < 1000; ++i) mean.Add(1.0);
  EXPECT_NEAR(mean.Value(), 1.0, 1e-3);
}

}  // namespace
}  // namespace tailcast::training
