#include "core/metrics/neighbour_distance.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
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

TEST(DistancesToOtherRowsTest, LeaveOutTheRowItself) {
  const at::Tensor rows = Random(40, 5, 6);
  const at::Tensor indices = at::tensor({0, 7, 39, 7}, at::kLong);
  const at::Tensor distances = DistancesToOtherRows(rows, indices);
  for (int64_t i = 0; i < indices.size(0); ++i) {
    const auto own = indices[i].item<int64_t>();
    const at::Tensor others = at::cat({rows.slice(0, 0, own), rows.slice(0, own + 1)});
    EXPECT_FLOAT_EQ(distances[i].item<float>(),
                    NearestOneByOne(rows.slice(0, own, own + 1), others).item<float>());
  }
}

TEST(DistancesToOtherRowsTest, ATwinHasDistanceZeroAndALonelyRowNone) {
  const at::Tensor row = Random(1, 5, 7);
  EXPECT_EQ(DistancesToOtherRows(row.repeat({2, 1}), at::tensor({1}, at::kLong)).item<float>(), 0);
  EXPECT_TRUE(std::isinf(DistancesToOtherRows(row, at::tensor({0}, at::kLong)).item<float>()));
}

TEST(DistancesToOtherRowsTest, BlocksMakeNoDifference) {
  const at::Tensor rows = Random(3000, 4, 8);
  const at::Tensor all = DistancesToOtherRows(rows, at::arange(3000));
  const at::Tensor some = at::tensor({1397, 1398, 2999}, at::kLong);
  EXPECT_TRUE(at::equal(all.index_select(0, some), DistancesToOtherRows(rows, some)));
}

}  // namespace
}  // namespace tailcast::metrics
