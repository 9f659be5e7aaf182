#include "core/stream/sampler_program.h"

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "core/diffusion/samplers/ddim_sampler.h"
#include "core/tensor/compute_threads.h"
#include "core/tensor/contract_noise.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/stream/generators.h"
#include "tests/core/stream/reference_rows.h"

namespace tailcast::stream {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<const SamplerProgram> CompileOrDie(
    std::shared_ptr<const diffusion::Generator> generator, const SamplerSpec& spec) {
  return SamplerProgram::Compile(std::move(generator), spec).value();
}

// Samples of all classes, far apart ordinals, several seeds.
std::vector<TileRow> MixedRows(size_t count, int32_t num_classes) {
  std::vector<TileRow> rows;
  for (size_t i = 0; i < count; ++i) {
    const auto n = static_cast<int64_t>(i);
    rows.push_back({.seed = n % 3 == 0 ? 0 : (int64_t{1} << 62) + n % 3,
                    .sample = {.class_index = static_cast<int32_t>(n * 7 % num_classes),
                               .ordinal = n * n * n * 1'000'003}});
  }
  return rows;
}

void ExpectNearReference(const diffusion::GeneratorSpec& generator_spec, const SamplerSpec& spec) {
  const auto generator = DrawGenerator(generator_spec);
  auto exact = DrawDenoiser(generator_spec.denoiser);
  exact->to(at::kDouble);
  const ReferenceSampler reference(*generator, exact, spec);
  const auto program = CompileOrDie(generator, spec);
  const auto rows = MixedRows(20, static_cast<int32_t>(generator->num_classes()));
  const std::vector<float> out = RunTile(*program, rows, 64);
  const auto dim = static_cast<size_t>(generator->feature_dim());
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::vector<double> want = reference.Row(rows[i]);
    for (size_t d = 0; d < dim; ++d) {
      ASSERT_NEAR(out[i * dim + d], want[d], 1e-5 * std::max(1.0, std::abs(want[d])))
          << "row " << i << " dimension " << d;
    }
  }
}

TEST(SamplerProgramTest, EqualsTheSlowReference) {
  ExpectNearReference(SmallSpec(), {.num_steps = 16});
}

TEST(SamplerProgramTest, EqualsTheSlowReferenceWithOneStep) {
  ExpectNearReference(SmallSpec(), {.num_steps = 1});
}

TEST(SamplerProgramTest, EqualsTheSlowReferenceWhereStepsDoNotDivideTheSchedule) {
  ExpectNearReference(SmallSpec(), {.num_steps = 7});
}

TEST(SamplerProgramTest, EqualsTheSlowReferenceWithNoiseInEveryStep) {
  ExpectNearReference(SmallSpec(), {.num_steps = 5, .eta = 1.0});
  ExpectNearReference(SmallSpec(), {.num_steps = 5, .eta = 0.3});
}

TEST(SamplerProgramTest, EqualsTheSlowReferenceWithGuidanceByClass) {
  ExpectNearReference(SmallSpec(3), {.num_steps = 4, .guidance_weights = {0.0, -0.5, 2.0}});
}

TEST(SamplerProgramTest, EqualsTheSlowReferenceWhereFeaturesMayBeNegative) {
  diffusion::GeneratorSpec spec = SmallSpec();
  spec.non_negative = false;
  ExpectNearReference(spec, {.num_steps = 4});
}

TEST(SamplerProgramTest, CutsFeaturesAtZeroOnlyIfTheSpaceSaysSo) {
  diffusion::GeneratorSpec spec = SmallSpec();
  const auto lowest = [&] {
    const auto program = CompileOrDie(DrawGenerator(spec), {.num_steps = 4});
    const auto out = RunTile(*program, MixedRows(64, 5), 64);
    return *std::min_element(out.begin(), out.end());
  };
  EXPECT_EQ(lowest(), 0.0F);
  spec.non_negative = false;
  EXPECT_LT(lowest(), 0.0F);
}

// Answers with the whole denoiser, conditioning included.
class WholeEvaluator final : public diffusion::Evaluator {
 public:
  WholeEvaluator(const diffusion::Generator& generator, at::Tensor labels)
      : generator_(generator), labels_(std::move(labels)) {}
  at::Tensor Evaluate(const at::Tensor& noisy, int64_t t) override {
    return generator_.denoiser().forward(noisy, at::full_like(labels_, t), labels_);
  }

 private:
  const diffusion::Generator& generator_;
  const at::Tensor labels_;
};

TEST(SamplerProgramTest, EqualsTheDdimSamplerOnTheSameNoise) {
  const at::NoGradGuard no_grad;
  const auto generator = DrawGenerator(SmallSpec());
  const auto rows = MixedRows(64, 5);
  std::vector<NoiseKey> keys;
  std::vector<int64_t> labels;
  for (const TileRow& row : rows) {
    keys.push_back({row.seed, row.sample.class_index, row.sample.ordinal});
    labels.push_back(row.sample.class_index);
  }
  ContractNoise noise(keys, generator->feature_dim());
  WholeEvaluator evaluator(*generator, at::tensor(labels));
  const diffusion::DdimSampler sampler(generator->schedule(),
                                       {.timesteps = TrailingTimesteps(16, 1000)});
  const at::Tensor standardized = sampler.Sample(evaluator, noise, NeverCancelled).value();
  const at::Tensor want = generator->standardization().Restore(standardized, true);

  const auto out = RunTile(*CompileOrDie(generator, {.num_steps = 16}), rows, 64);
  const at::Tensor got = at::tensor(out).view_as(want);
  EXPECT_TRUE(at::allclose(got, want, /*rtol=*/1e-5, /*atol=*/1e-6)) << (got - want).abs().max();
}

TEST(SamplerProgramTest, ZeroGuidanceEqualsNoGuidanceBitForBit) {
  const auto generator = DrawGenerator(SmallSpec(2));
  const auto rows = MixedRows(16, 1);  // all of class 0
  const auto plain = RunTile(*CompileOrDie(generator, {.num_steps = 4}), rows, 16);
  const auto zero =
      RunTile(*CompileOrDie(generator, {.num_steps = 4, .guidance_weights = {0.0, 0.0}}), rows, 16);
  const auto beside_guided =
      RunTile(*CompileOrDie(generator, {.num_steps = 4, .guidance_weights = {0.0, 1.5}}), rows, 16);
  EXPECT_EQ(plain, zero);
  EXPECT_EQ(plain, beside_guided);
}

TEST(SamplerProgramTest, GuidanceMovesOnlyTheClassesThatHaveAWeight) {
  const auto generator = DrawGenerator(SmallSpec(2));
  const std::vector<TileRow> rows = {{0, {0, 5}}, {0, {1, 5}}};
  const auto plain = RunTile(*CompileOrDie(generator, {.num_steps = 4}), rows, 16);
  const auto guided =
      RunTile(*CompileOrDie(generator, {.num_steps = 4, .guidance_weights = {0.0, 1.5}}), rows, 16);
  const size_t dim = plain.size() / 2;
  EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + dim, guided.begin()));
  EXPECT_FALSE(std::equal(plain.begin() + dim, plain.end(), guided.begin() + dim));
}

void ExpectRowsAreIndependent(const SamplerProgram& program) {
  const size_t dim = static_cast<size_t>(program.feature_dim());
  const auto rows = MixedRows(256, 5);
  const auto whole = RunTile(program, rows, 256);
  for (const int32_t tile_rows : {16, 64, 256}) {
    for (const size_t start : {0, 5, 100, 240}) {
      const size_t count = std::min<size_t>(static_cast<size_t>(tile_rows), 256 - start);
      std::vector<TileRow> part(rows.begin() + start, rows.begin() + start + count);
      std::reverse(part.begin(), part.end());
      auto out = RunTile(program, part, tile_rows);
      for (size_t i = 0; i < count; ++i) {
        ASSERT_TRUE(std::equal(out.begin() + i * dim, out.begin() + (i + 1) * dim,
                               whole.begin() + (start + count - 1 - i) * dim))
            << "tile of " << tile_rows << ", start " << start << ", row " << i;
      }
    }
  }
}

TEST(SamplerProgramTest, ARowIsTheSameBitsAloneShuffledAndInTilesOfAnySize) {
  ExpectRowsAreIndependent(*CompileOrDie(DrawGenerator(SmallSpec()), {.num_steps = 6, .eta = 0.5}));
}

TEST(SamplerProgramTest, AGuidedRowIsTheSameBitsAloneShuffledAndInTilesOfAnySize) {
  ExpectRowsAreIndependent(
      *CompileOrDie(DrawGenerator(SmallSpec()), {.num_steps = 6, .guidance_weights = {1.5}}));
  ExpectRowsAreIndependent(
      *CompileOrDie(DrawGenerator(SmallSpec()),
                    {.num_steps = 4, .eta = 0.5, .guidance_weights = {0.0, -0.5, 2.0, 0.0, 7.5}}));
}

TEST(SamplerProgramTest, AnotherSamplerOfTheSameGeneratorIsAProgramOfItsOwn) {
  const auto generator = DrawGenerator(SmallSpec());
  const SamplerSpec spec = {.num_steps = 3, .guidance_weights = {0.5}};
  const auto rows = MixedRows(16, 5);
  const auto other = CompileOrDie(generator, {.num_steps = 6})->WithSampler(spec).value();
  EXPECT_EQ(RunTile(*other, rows, 16), RunTile(*CompileOrDie(generator, spec), rows, 16));
  EXPECT_FALSE(other->WithSampler({.num_steps = 0}).ok());
}

TEST(SamplerProgramTest, CompilingAgainGivesTheSameBits) {
  const auto rows = MixedRows(64, 5);
  const SamplerSpec spec = {.num_steps = 8, .guidance_weights = {0.25}};
  EXPECT_EQ(RunTile(*CompileOrDie(DrawGenerator(SmallSpec()), spec), rows, 64),
            RunTile(*CompileOrDie(DrawGenerator(SmallSpec()), spec), rows, 64));
}

TEST(SamplerProgramTest, ThreadsAndTheirSettingsDoNotChangeARow) {
  const auto program = CompileOrDie(DrawGenerator(SmallSpec()), {.num_steps = 8});
  const auto rows = MixedRows(64, 5);
  const auto want = RunTile(*program, rows, 64);
  const int old_threads = ComputeThreads();
  SetComputeThreads(4);
  EXPECT_EQ(RunTile(*program, rows, 64), want);
  EXPECT_EQ(ComputeThreads(), 4) << "the caller's setting must come back";
  SetComputeThreads(old_threads);

  std::vector<std::vector<float>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] { result = RunTile(*program, rows, 64); });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, want);
}

TEST(SamplerProgramTest, ACancelledTileStopsBeforeTheNextStep) {
  const auto spec = SmallSpec();
  auto denoiser = std::make_shared<CountingDenoiser>(DrawDenoiser(spec.denoiser));
  const auto program = CompileOrDie(MakeGenerator(spec, denoiser), {.num_steps = 16});
  const auto rows = MixedRows(16, 5);
  std::vector<float> out(rows.size() * 12);
  const auto is_cancelled = [&] { return denoiser->count == 3; };
  const absl::Status status = program->RunTile(rows, 16, is_cancelled, absl::MakeSpan(out));
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(denoiser->count, 3);
}

TEST(SamplerProgramTest, ACancelledGuidedTileStopsBeforeTheNextEvaluation) {
  const auto spec = SmallSpec();
  for (const int stop_at : {1, 4, 9}) {  // between and within steps, and within the last one
    auto denoiser = std::make_shared<CountingDenoiser>(DrawDenoiser(spec.denoiser));
    const auto program =
        CompileOrDie(MakeGenerator(spec, denoiser), {.num_steps = 5, .guidance_weights = {1.0}});
    const auto rows = MixedRows(16, 5);
    std::vector<float> out(rows.size() * 12);
    const auto is_cancelled = [&] { return denoiser->count >= stop_at; };
    const absl::Status status = program->RunTile(rows, 16, is_cancelled, absl::MakeSpan(out));
    EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
    EXPECT_EQ(denoiser->count, stop_at);
  }
}

TEST(SamplerProgramTest, OneEvaluationPerStepAndTwoWithGuidance) {
  const auto spec = SmallSpec();
  for (const double weight : {0.0, 1.0}) {
    auto denoiser = std::make_shared<CountingDenoiser>(DrawDenoiser(spec.denoiser));
    const auto program =
        CompileOrDie(MakeGenerator(spec, denoiser), {.num_steps = 5, .guidance_weights = {weight}});
    RunTile(*program, MixedRows(16, 5), 16);
    EXPECT_EQ(denoiser->count, weight == 0.0 ? 5 : 10);
    const double expected = 2.0 * denoiser->count * denoiser->row_multiply_adds();
    EXPECT_EQ(program->row_flops(), expected);
  }
}

class ThrowingDenoiser final : public WrappedDenoiser {
 public:
  using WrappedDenoiser::WrappedDenoiser;
  at::Tensor Denoise(const at::Tensor& noisy, const at::Tensor&) override {
    return at::matmul(noisy, at::zeros({1, 1}));
  }
};

TEST(SamplerProgramTest, WhatLibTorchThrowsIsInternal) {
  const auto program =
      CompileOrDie(PlantedGenerator<ThrowingDenoiser>(SmallSpec()), {.num_steps = 2});
  std::vector<float> out(12);
  const std::vector<TileRow> rows = {{0, {0, 0}}};
  EXPECT_EQ(program->RunTile(rows, 16, NeverCancelled, absl::MakeSpan(out)).code(),
            absl::StatusCode::kInternal);
}

TEST(SamplerProgramTest, ATileThatACallerGotWrongIsInternal) {
  const auto program = CompileOrDie(DrawGenerator(SmallSpec()), {.num_steps = 2});
  std::vector<float> out(12 * 17);
  const auto code = [&](size_t num_rows, int32_t class_index, size_t num_floats) {
    const std::vector<TileRow> rows(num_rows, TileRow{0, {class_index, 0}});
    return program->RunTile(rows, 16, NeverCancelled, absl::MakeSpan(out).first(num_floats)).code();
  };
  EXPECT_EQ(code(16, 4, 12 * 16), absl::StatusCode::kOk);
  EXPECT_EQ(code(17, 4, 12 * 17), absl::StatusCode::kInternal);
  EXPECT_EQ(code(0, 4, 0), absl::StatusCode::kInternal);
  EXPECT_EQ(code(1, 5, 12), absl::StatusCode::kInternal);
  EXPECT_EQ(code(1, -1, 12), absl::StatusCode::kInternal);
  EXPECT_EQ(code(1, 0, 13), absl::StatusCode::kInternal);
}

struct WrongSpec {
  const char* name;
  SamplerSpec spec;
  const char* field;
};

class WrongSpecTest : public ::testing::TestWithParam<WrongSpec> {};

TEST_P(WrongSpecTest, IsRefusedByTheNameOfItsField) {
  const auto program = SamplerProgram::Compile(DrawGenerator(SmallSpec(3)), GetParam().spec);
  ASSERT_EQ(program.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(program.status().message()), HasSubstr(GetParam().field));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongSpecTest,
    ::testing::Values(
        WrongSpec{"NoSteps", {.num_steps = 0}, "stream.sampler.ddim.step_count"},
        WrongSpec{"TooManySteps", {.num_steps = 1001}, "stream.sampler.ddim.step_count"},
        WrongSpec{"Eta", {.eta = 1.5}, "stream.sampler.ddim.eta"},
        WrongSpec{"Nan",
                  {.guidance_weights = {std::numeric_limits<double>::quiet_NaN()}},
                  "stream.sampler.guidance_weights[0]"},
        WrongSpec{"WeightCount", {.guidance_weights = {0, 1}}, "stream.sampler.guidance_weights"},
        WrongSpec{"NotServed",
                  {.method = SamplerMethod::kDpmSolver, .num_steps = 15},
                  "stream.sampler.method"}),
    [](const auto& info) { return info.param.name; });

TEST(SamplerProgramTest, AsManyStepsAsTheScheduleHasAreServed) {
  diffusion::GeneratorSpec spec = SmallSpec();
  spec.schedule.num_timesteps = 20;
  EXPECT_TRUE(SamplerProgram::Compile(DrawGenerator(spec), {.num_steps = 20}).ok());
  EXPECT_FALSE(SamplerProgram::Compile(DrawGenerator(spec), {.num_steps = 21}).ok());
}

}  // namespace
}  // namespace tailcast::stream
