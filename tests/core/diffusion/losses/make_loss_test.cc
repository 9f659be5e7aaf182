#include "core/diffusion/losses/make_loss.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/diffusion/losses/denoising_loss.h"

namespace tailcast::diffusion {
namespace {

using ::testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

absl::StatusOr<std::unique_ptr<DiffusionLoss>> Make(const ObjectiveSpec& spec,
                                                    int64_t classes = 3) {
  return MakeLoss(spec, {NoiseSchedule::Cosine({}), PredictionType::kVelocity},
                  at::ones({classes}, at::kLong), at::detail::createCPUGenerator(/*seed=*/1));
}

std::string ErrorOf(const ObjectiveSpec& spec, int64_t classes = 3) {
  const auto loss = Make(spec, classes);
  if (loss.ok()) return "no error";
  EXPECT_EQ(loss.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(loss.status().message());
}

TEST(MakeLossTest, MakesTheLossOfEachName) {
  const auto is = [](const char* name, const auto* type) {
    const auto loss = Make({.objective = ObjectiveFromName(name).value()});
    return dynamic_cast<decltype(type)>(loss->get()) != nullptr;
  };
  EXPECT_TRUE(is("denoising", static_cast<const DenoisingLoss*>(nullptr)));
  EXPECT_TRUE(is("cbdm", static_cast<const CbdmLoss*>(nullptr)));
  EXPECT_TRUE(is("diffrop", static_cast<const DiffropLoss*>(nullptr)));
}

TEST(MakeLossTest, NamesAnUnknownObjective) {
  EXPECT_EQ(ObjectiveFromName("ldmlr").status().message(),
            "objective is 'ldmlr'; expected denoising, cbdm or diffrop");
}

TEST(MakeLossTest, NamesTheOptionThatIsWrong) {
  EXPECT_THAT(ErrorOf({.objective = Objective::kCbdm, .cbdm = {.tau = -1.0}}),
              HasSubstr("objective.cbdm.tau is -1"));
  EXPECT_THAT(ErrorOf({.objective = Objective::kCbdm, .cbdm = {.commitment_weight = kNan}}),
              HasSubstr("objective.cbdm.commitment_weight is nan"));
  EXPECT_THAT(ErrorOf({.objective = Objective::kDiffrop, .diffrop = {.lambda = kNan}}),
              HasSubstr("objective.diffrop.lambda is nan"));
  EXPECT_THAT(ErrorOf({.objective = Objective::kDiffrop, .diffrop = {.margin = -0.5}}),
              HasSubstr("objective.diffrop.margin is -0.5"));
  EXPECT_EQ(ErrorOf({.cbdm = {.tau = -1.0}}), "no error") << "options of another objective";
}

TEST(MakeLossTest, DiffropNeedsTwoClassesWithRows) {
  EXPECT_THAT(ErrorOf({.objective = Objective::kDiffrop}, /*classes=*/1),
              HasSubstr("classes with rows: 1; expected two or more"));
  const auto loss = MakeLoss({.objective = Objective::kDiffrop},
                             {NoiseSchedule::Cosine({}), PredictionType::kVelocity},
                             at::tensor({0, 9, 0}, at::kLong), at::detail::createCPUGenerator(1));
  EXPECT_THAT(loss.status().message(), HasSubstr("classes with rows: 1"));
  EXPECT_EQ(ErrorOf({.objective = Objective::kDiffrop}, /*classes=*/2), "no error");
}

TEST(MakeLossTest, FiguresHoldTheNameAndTheOptionsThatMatter) {
  EXPECT_EQ(ToJson(ObjectiveSpec{}).dump(), R"({"name":"denoising"})");
  EXPECT_EQ(ToJson(ObjectiveSpec{.objective = Objective::kCbdm}).dump(),
            R"({"commitment_weight":0.25,"name":"cbdm","tau":1.0,"uniform_targets":false})");
  EXPECT_EQ(ToJson(ObjectiveSpec{.objective = Objective::kDiffrop}).dump(),
            R"({"lambda":0.1,"margin":0.1,"name":"diffrop"})");
}

}  // namespace
}  // namespace tailcast::diffusion
