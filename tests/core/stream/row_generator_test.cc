#include "core/stream/row_generator.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/stream/planted_faults.h"
#include "tests/core/stream/streams.h"

namespace tailcast::stream {
namespace {

constexpr int64_t kFarRow = int64_t{1} << 40;
constexpr size_t kDim = 12;

const SamplerSpec kSampler = {.num_steps = 4, .eta = 0.5};

// A stream over a generator, with the numerics proven for it.
RowGenerator MakeRows(std::shared_ptr<const diffusion::Generator> generator,
                      const PlanSpec& plan = UnevenPlan()) {
  auto program = SamplerProgram::Compile(std::move(generator), kSampler).value();
  Numerics numerics = ProveNumerics(*program).value();
  return RowGenerator(program, StreamOf(kSampler, std::move(numerics), plan));
}

class RowGeneratorTest : public ::testing::TestWithParam<Invariance> {
 protected:
  // Sound kernels, or kernels whose rows depend on their tile.
  RowGenerator Generator() const {
    return GetParam() == Invariance::kRow ? MakeRows(DrawGenerator(SmallSpec()))
                                          : MakeRows(PlantedGenerator<BatchMeanFault>(SmallSpec()));
  }
};

TEST_P(RowGeneratorTest, HasTheModeThatItsKernelsAllow) {
  EXPECT_EQ(Generator().stream().numerics.invariance, GetParam());
}

TEST_P(RowGeneratorTest, ARowIsTheSameBitsWhateverTheRange) {
  const RowGenerator generator = Generator();
  for (const int64_t origin : {int64_t{0}, kFarRow}) {
    const Rows whole = GenerateRows(generator, origin, 600, kDim);
    ASSERT_EQ(whole.class_indices.size(), 600);
    for (const auto& [begin, count] : std::vector<std::pair<size_t, size_t>>{
             {0, 1}, {1, 1}, {255, 2}, {256, 1}, {3, 500}, {511, 89}, {599, 1}, {100, 17}}) {
      EXPECT_EQ(GenerateRows(generator, origin + static_cast<int64_t>(begin), count, kDim),
                Slice(whole, begin, count, kDim))
          << "rows " << origin << " + " << begin << ", " << count;
    }
  }
}

TEST_P(RowGeneratorTest, ClassesAreThoseOfThePlan) {
  const RowGenerator generator = Generator();
  const Rows rows = GenerateRows(generator, kFarRow, 40, kDim);
  for (size_t i = 0; i < 40; ++i) {
    EXPECT_EQ(rows.class_indices[i],
              generator.stream().plan.At(kFarRow + static_cast<int64_t>(i)).class_index);
  }
}

TEST_P(RowGeneratorTest, AnEmptyRangeIsAnEmptyAnswer) {
  EXPECT_TRUE(Generator().Generate(5, NeverCancelled, {}, {}).ok());
}

TEST_P(RowGeneratorTest, RowsBeyondTheStreamsEndAreOutOfRange) {
  const RowGenerator generator = Generator();
  const int64_t end = generator.stream().plan.end_row();
  std::vector<int32_t> classes(2);
  std::vector<float> features(2 * kDim);
  const auto code = [&](int64_t start, size_t count) {
    return generator
        .Generate(start, NeverCancelled, absl::MakeSpan(classes).first(count),
                  absl::MakeSpan(features).first(count * kDim))
        .code();
  };
  EXPECT_EQ(code(end - 2, 2), absl::StatusCode::kOk);
  EXPECT_EQ(code(end - 1, 2), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code(end, 1), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code(-1, 1), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(code(std::numeric_limits<int64_t>::min(), 1), absl::StatusCode::kOutOfRange);
}

TEST_P(RowGeneratorTest, TheLastRowsOfAStreamThatEndsInsideATileAreStable) {
  const PlanSpec plan = {
      .class_weights = {{.class_index = 1,
                         .weight = 1,
                         .first_ordinal = std::numeric_limits<int64_t>::max() - 299}}};
  const RowGenerator generator =
      GetParam() == Invariance::kRow
          ? MakeRows(DrawGenerator(SmallSpec()), plan)
          : MakeRows(PlantedGenerator<BatchMeanFault>(SmallSpec()), plan);
  ASSERT_EQ(generator.stream().plan.end_row(), 300);
  const Rows whole = GenerateRows(generator, 0, 300, kDim);
  EXPECT_EQ(GenerateRows(generator, 299, 1, kDim), Slice(whole, 299, 1, kDim));
  EXPECT_EQ(GenerateRows(generator, 250, 50, kDim), Slice(whole, 250, 50, kDim));
}

TEST_P(RowGeneratorTest, ACancelledRangeEnds) {
  std::vector<int32_t> classes(600);
  std::vector<float> features(600 * kDim);
  int calls = 0;
  const auto is_cancelled = [&] { return ++calls > 6; };
  const absl::Status status =
      Generator().Generate(0, is_cancelled, absl::MakeSpan(classes), absl::MakeSpan(features));
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(calls, 7);
}

INSTANTIATE_TEST_SUITE_P(BothModes, RowGeneratorTest,
                         ::testing::Values(Invariance::kRow, Invariance::kAlignedTile),
                         [](const auto& info) {
                           return info.param == Invariance::kRow ? "Row" : "AlignedTile";
                         });

TEST(RowGeneratorSamplesTest, PlansShareTheSamplesOfAClass) {
  PlanSpec one = {.class_weights = {{.class_index = 2, .weight = 7}}};
  PlanSpec other = {
      .class_weights = {{.class_index = 0, .weight = 5}, {.class_index = 2, .weight = 7}},
      .order_seed = 77};
  const auto by_ordinal = [](const PlanSpec& plan, size_t period) {
    const RowGenerator generator = MakeRows(DrawGenerator(SmallSpec()), plan);
    const Rows rows = GenerateRows(generator, 0, period, kDim);
    std::map<int64_t, Rows> samples;
    for (size_t i = 0; i < period; ++i) {
      const Sample sample = generator.stream().plan.At(static_cast<int64_t>(i));
      if (sample.class_index == 2) samples[sample.ordinal] = Slice(rows, i, 1, kDim);
    }
    return samples;
  };
  EXPECT_EQ(by_ordinal(one, 7), by_ordinal(other, 12));
}

TEST(RowGeneratorSamplesTest, ARowIsTheSameInAnyProvenTile) {
  auto program = SamplerProgram::Compile(DrawGenerator(SmallSpec()), kSampler).value();
  const auto rows_with = [&](std::vector<int32_t> tiles) {
    return GenerateRows(
        RowGenerator(program, StreamOf(kSampler, NumericsOf(Invariance::kRow, std::move(tiles)))),
        17, 300, kDim);
  };
  EXPECT_EQ(rows_with({16, 64, 256}), rows_with({16}));
  EXPECT_EQ(rows_with({16, 64, 256}), rows_with({64}));
}

double SecondsOfRows(const RowGenerator& generator, int64_t start) {
  const auto begin = std::chrono::steady_clock::now();
  GenerateRows(generator, start, 512, kDim);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// The fastest of several short rounds, turn by turn, since others share the machine.
TEST(RowGeneratorSamplesTest, FarRowsCostAboutAsMuchAsTheFirst) {
  constexpr int kRounds = 20;
  const RowGenerator generator = MakeRows(DrawGenerator(SmallSpec()));
  double first = std::numeric_limits<double>::infinity(), far = first;
  for (int i = 0; i < kRounds; ++i) {
    first = std::min(first, SecondsOfRows(generator, 0));
    far = std::min(far, SecondsOfRows(generator, kFarRow));
  }
  EXPECT_LT(far, 2 * first);
}

TEST(RowGeneratorSamplesTest, SeedsHaveRowsOfTheirOwn) {
  auto program = SamplerProgram::Compile(DrawGenerator(SmallSpec()), kSampler).value();
  ResolvedStream stream = StreamOf(kSampler, NumericsOf(Invariance::kRow, {16}));
  const Rows first = GenerateRows(RowGenerator(program, stream), 0, 16, kDim);
  stream.seed = 43;
  const Rows second = GenerateRows(RowGenerator(program, stream), 0, 16, kDim);
  EXPECT_EQ(first.class_indices, second.class_indices);
  EXPECT_NE(first.features, second.features);
}

TEST(RowGeneratorSamplesTest, ARoomOfAnotherSizeIsInternal) {
  auto program = SamplerProgram::Compile(DrawGenerator(SmallSpec()), kSampler).value();
  const RowGenerator generator(program, StreamOf(kSampler, NumericsOf(Invariance::kRow, {16})));
  std::vector<int32_t> classes(2);
  std::vector<float> features(2 * kDim - 1);
  EXPECT_EQ(generator.Generate(0, NeverCancelled, absl::MakeSpan(classes), absl::MakeSpan(features))
                .code(),
            absl::StatusCode::kInternal);
}

}  // namespace
}  // namespace tailcast::stream
