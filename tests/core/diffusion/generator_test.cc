#include "core/diffusion/generator.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/tensor/module_io.h"
#include "tests/fakes/table_denoiser.h"

namespace tailcast::diffusion {
namespace {

using ::testing::HasSubstr;

GeneratorSpec SmallSpec() {
  return {.denoiser = {.feature_dim = 3,
                       .num_classes = 2,
                       .hidden_dim = 4,
                       .embedding_dim = 2,
                       .num_blocks = 1},
          .schedule = {.name = "linear", .num_timesteps = 10},
          .prediction = PredictionType::kClean,
          .non_negative = false};
}

NamedTensors SmallTensors() {
  auto rng = at::detail::createCPUGenerator(/*seed=*/4);
  NamedTensors tensors = {{"mean", at::arange(3, at::kFloat)},
                          {"standard_deviation", at::ones({3})}};
  for (const auto& [name, tensor] : ModuleTensors(*MakeDenoiser(SmallSpec().denoiser).value())) {
    tensors["denoiser." + name] = at::randn(tensor.sizes(), rng);
  }
  return tensors;
}

std::string ErrorOf(const NamedTensors& tensors, const GeneratorSpec& spec = SmallSpec()) {
  const auto generator = Generator::Create(spec, tensors, "generator.safetensors");
  if (generator.ok()) return "no error";
  EXPECT_EQ(generator.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(generator.status().message());
}

TEST(GeneratorTest, GivesBackTheTensorsItWasMadeOf) {
  const auto generator = Generator::Create(SmallSpec(), SmallTensors(), "g").value();

  const NamedTensors tensors = generator->tensors();
  EXPECT_EQ(tensors.size(), SmallTensors().size());
  for (const auto& [name, tensor] : SmallTensors()) {
    EXPECT_TRUE(at::equal(tensors.at(name), tensor)) << name;
  }
  EXPECT_EQ(generator->feature_dim(), 3);
  EXPECT_EQ(generator->num_classes(), 2);
  EXPECT_EQ(generator->schedule().num_timesteps(), 10);
  EXPECT_FALSE(generator->denoiser().is_training());
}

TEST(GeneratorTest, NeverAsksForGradients) {
  const auto generator = Generator::Create(SmallSpec(), SmallTensors(), "g").value();

  for (const auto& parameter : generator->denoiser().parameters()) {
    EXPECT_FALSE(parameter.requires_grad());
  }
}

TEST(GeneratorTest, DoesNotShareMemoryWithWhatItWasMadeOf) {
  NamedTensors tensors = SmallTensors();
  const auto generator = Generator::Create(SmallSpec(), tensors, "g").value();
  for (auto& [name, tensor] : tensors) tensor.zero_();

  EXPECT_TRUE(at::equal(generator->standardization().mean, at::arange(3, at::kFloat)));
  EXPECT_GT(generator->tensors().at("denoiser.input.weight").abs().max().item<double>(), 0.0);
}

TEST(GeneratorTest, NamesATensorThatIsMissing) {
  for (const std::string name : {"mean", "standard_deviation", "denoiser.input.weight"}) {
    NamedTensors tensors = SmallTensors();
    tensors.erase(name);
    const std::string error = ErrorOf(tensors);
    EXPECT_THAT(error, HasSubstr("generator.safetensors"));
    EXPECT_THAT(error, HasSubstr(name.substr(name.find('.') + 1) + "' is missing"));
  }
}

TEST(GeneratorTest, NamesATensorThatIsLeftOver) {
  NamedTensors tensors = SmallTensors();
  tensors["extra"] = at::zeros({1});
  EXPECT_EQ(ErrorOf(tensors), "generator.safetensors: tensor 'extra' is not part of a generator");

  NamedTensors inner = SmallTensors();
  inner["denoiser.extra"] = at::zeros({1});
  EXPECT_THAT(ErrorOf(inner), HasSubstr("'extra' is unknown to the network"));
}

TEST(GeneratorTest, NamesATensorOfAnotherShapeOrType) {
  NamedTensors tensors = SmallTensors();
  tensors["mean"] = at::zeros({4});
  EXPECT_EQ(ErrorOf(tensors), "generator.safetensors: tensor 'mean' has shape [4]; expected [3]");
  tensors["mean"] = at::zeros({3}, at::kDouble);
  EXPECT_THAT(ErrorOf(tensors), HasSubstr("'mean' has element type Double; expected Float"));
}

TEST(GeneratorTest, RefusesNumbersThatAreNotFinite) {
  NamedTensors tensors = SmallTensors();
  tensors["denoiser.output.bias"][1] = std::numeric_limits<float>::infinity();

  EXPECT_THAT(ErrorOf(tensors), HasSubstr("'denoiser.output.bias': element 1 is inf"));
}

TEST(GeneratorTest, RefusesADeviationThatIsNotAboveZero) {
  NamedTensors tensors = SmallTensors();
  tensors["standard_deviation"][2] = 0.0F;

  EXPECT_THAT(ErrorOf(tensors), HasSubstr("'standard_deviation' has 0; expected numbers above 0"));
}

TEST(GeneratorTest, RefusesASpecThatItsPartsRefuse) {
  GeneratorSpec spec = SmallSpec();
  spec.schedule.name = "square";
  EXPECT_THAT(ErrorOf(SmallTensors(), spec), HasSubstr("schedule.name"));
  spec = SmallSpec();
  spec.denoiser.num_blocks = 0;
  EXPECT_THAT(ErrorOf(SmallTensors(), spec), HasSubstr("denoiser.num_blocks"));
}

TEST(GeneratorTest, TakesADenoiserOfTheCallersOwn) {
  const auto denoiser = std::make_shared<TableDenoiser>(at::ones({3, 3}));
  const auto generator = Generator::FromParts(
      SmallSpec(), denoiser, {.mean = at::zeros({3}), .standard_deviation = at::ones({3})});

  EXPECT_EQ(&generator->denoiser(), denoiser.get());
  EXPECT_EQ(generator->schedule().num_timesteps(), 10);
}

TEST(GeneratorSpecJsonTest, IsReadBack) {
  const auto json = ToJson(SmallSpec());
  const auto spec = GeneratorSpecFromJson(json, "manifest.json");

  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(ToJson(*spec), json);
  EXPECT_EQ(spec->denoiser.hidden_dim, 4);
  EXPECT_EQ(spec->prediction, PredictionType::kClean);
  EXPECT_FALSE(spec->non_negative);
}

TEST(GeneratorSpecJsonTest, EveryMemberIsWritten) {
  EXPECT_EQ(ToJson(GeneratorSpec{}).dump(),
            R"({"denoiser":{"architecture":"residual_mlp","embedding_dim":128,"feature_dim":64,)"
            R"("hidden_dim":192,"num_blocks":3,"num_classes":10},"non_negative":true,)"
            R"("prediction":"velocity","schedule":{"name":"cosine","num_timesteps":1000}})");
}

TEST(GeneratorSpecJsonTest, NamesTheMemberThatIsWrong) {
  const auto error_with = [](const char* pointer, const nlohmann::json& value) {
    nlohmann::json json = ToJson(SmallSpec());
    json[nlohmann::json::json_pointer(pointer)] = value;
    const auto spec = GeneratorSpecFromJson(json, "manifest.json");
    EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument) << pointer;
    return std::string(spec.status().message());
  };
  EXPECT_THAT(error_with("/prediction", "v"),
              HasSubstr("manifest.json: prediction is 'v'; expected noise, clean or velocity"));
  EXPECT_THAT(error_with("/denoiser/num_blocks", "three"), HasSubstr("'num_blocks' is \"three\""));
  EXPECT_THAT(error_with("/denoiser/num_blocks", 0), HasSubstr("'num_blocks' is 0"));
  EXPECT_THAT(error_with("/schedule/num_timesteps", 1.5), HasSubstr("'num_timesteps' is 1.5"));
  EXPECT_THAT(error_with("/schedule", nullptr), HasSubstr("'schedule' is null"));
  EXPECT_THAT(error_with("/non_negative", 1), HasSubstr("'non_negative' is 1"));
  EXPECT_THAT(error_with("/clip", 1.0), HasSubstr("unknown member 'clip'"));
  EXPECT_THAT(error_with("/denoiser/width", 1), HasSubstr("unknown member 'width'"));
}

}  // namespace
}  // namespace tailcast::diffusion
