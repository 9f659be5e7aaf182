#include "core/metrics/neighbour_distance.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tailcast::metrics {
namespace {

at::Tensor Random(int64_t rows, int64_t columns, uint64_t seed) {
  return at::randn({rows, columns}, at::detail::createCPUGenerator(seed), at::kFloat);
}

// The slow twin.
at::Tensor NearestOneByOne(const at::Tensor& queries, const at::Tensor& references) {
  at::Tensor nearest = at::empty({queries.size(0)});
  for (int64_t i = 0; i < queries.size(0); ++i) {
    nearest[i] = (references - queries[i]).square().sum(1).sqrt().min();
  }
  return nearest;
}

TEST(NearestDistancesTest, AreThoseOfTheSlowTwin) {
  const at::Tensor queries = Random(50, 7, 1), references = Random(30, 7, 2);
  EXPECT_TRUE(at::allclose(NearestDistances(queries, references),
                           NearestOneByOne(queries, references), 1e-5, 1e-6));
}

TEST(NearestDistancesTest, ACopyHasDistanceZeroExactly) {
  const at::Tensor references = 1000 + Random(200, 64, 3);
  EXPECT_TRUE(
      at::equal(NearestDistances(references.slice(0, 10, 60), references), at::zeros({50})));
}

TEST(NearestDistancesTest, BlocksMakeNoDifference) {
  // 3000 references: 1398 queries in a block.
  const at::Tensor queries = Random(3000, 4, 4), references = Random(3000, 4, 5);
  const at::Tensor all = NearestDistances(queries, references);
  EXPECT_TRUE(at::allclose(all.slice(0, 1390, 1405),
                           NearestOneByOne(queries.slice(0, 1390, 1405), references), 1e-5, 1e-6));
  EXPECT_TRUE(at::allclose(all.slice(0, 2990), NearestOneByOne(queries.slice(0, 2990), references),
                           1e-5, 1e-6));
}

TEST(SummarizeDistancesTest, InterpolatesBetweenRanks) {
  const auto summary = SummarizeDistances(at::tensor({4., 1., 3., 2.}, at::kFloat));
  EXPECT_DOUBLE_EQ(summary.minimum, 1);
  EXPECT_DOUBLE_EQ(summary.median, 2.5);
  EXPECT_NEAR(summary.quantile05, 1.15, 1e-12);
  EXPECT_NEAR(summary.quantile95, 3.85, 1e-12);
  EXPECT_EQ(summary.rows, 4);
  EXPECT_DOUBLE_EQ(SummarizeDistances(at::tensor({7.}, at::kFloat)).quantile95, 7);
}

TEST(CompareNeighboursTest, CopiesShowBesideUnseenRows) {
  const at::Tensor training = Random(400, 8, 6);
  const auto report = CompareNeighbours(training, training.slice(0, 0, 100), Random(100, 8, 7));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->generated.median, 0);
  EXPECT_GT(report->held_out.median, 0.5);
}

TEST(CompareNeighboursTest, DimensionsCountByTheirDeviation) {
  at::Tensor training = Random(500, 2, 8);
  const at::Tensor scale = at::tensor({1000., 0.001}, at::kFloat);
  const at::Tensor generated = Random(50, 2, 9), held_out = Random(60, 2, 10);
  const auto plain = CompareNeighbours(training, generated, held_out);
  const auto scaled = CompareNeighbours(training * scale, generated * scale, held_out * scale);
  EXPECT_NEAR(scaled->generated.median, plain->generated.median, 1e-4);
  EXPECT_NEAR(scaled->held_out.quantile95, plain->held_out.quantile95, 1e-4);
}

TEST(CompareNeighboursTest, ADimensionThatNeverVariesIsLeftAsItIs) {
  at::Tensor training = at::zeros({3, 2});
  const auto report = CompareNeighbours(training, at::full({1, 2}, 3.f), at::zeros({1, 2}));
  EXPECT_NEAR(report->generated.median, std::sqrt(18), 1e-5);
}

TEST(CompareNeighboursTest, ARowThatIsNotFiniteIsNamed) {
  const at::Tensor rows = at::ones({4, 3});
  at::Tensor wrong = rows.clone();
  wrong[2][1] = std::nanf("");
  EXPECT_EQ(CompareNeighbours(rows, wrong, rows).status().message(),
            "generated features: row 2, column 1 is nan; expected finite numbers");
  EXPECT_EQ(CompareNeighbours(wrong, rows, rows).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(CompareNeighbours(rows, rows, wrong).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(CompareNeighboursTest, EmptySetsAndOtherDimensionsAreRefused) {
  const auto code = [](const at::Tensor& a, const at::Tensor& b, const at::Tensor& c) {
    return CompareNeighbours(a, b, c).status().code();
  };
  const at::Tensor rows = at::ones({2, 3});
  EXPECT_EQ(code(rows, rows, rows), absl::StatusCode::kOk);
  EXPECT_EQ(code(at::ones({0, 3}), rows, rows), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(rows, at::ones({0, 3}), rows), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(rows, rows, at::ones({2, 4})), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tailcast::metrics
