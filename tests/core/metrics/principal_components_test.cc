#include "core/metrics/principal_components.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tailcast::metrics {
namespace {

using ::testing::HasSubstr;

at::Tensor Random(int64_t rows, int64_t columns) {
  const auto rng = at::detail::createCPUGenerator(/*seed=*/1);
  return at::mm(at::randn({rows, columns}, rng), at::randn({columns, columns}, rng)) + 5;
}

TEST(PrincipalComponentsTest, AreTheRightSingularVectorsOfTheCentredRows) {
  const at::Tensor features = Random(100, 6);
  const auto fit = FitPrincipalComponents(features, 3);
  ASSERT_TRUE(fit.ok()) << fit.status();
  const at::Tensor centred = features.to(at::kDouble) - features.to(at::kDouble).mean(0);
  const auto [left, singular, right] = at::linalg_svd(centred, /*full_matrices=*/false);
  for (int64_t p = 0; p < 3; ++p) {
    const double cosine =
        (fit->axes.select(1, p).to(at::kDouble) * right[p]).sum().abs().item<double>();
    EXPECT_NEAR(cosine, 1, 1e-5) << p;
  }
  const at::Tensor shares = singular.square() / singular.square().sum();
  EXPECT_TRUE(at::allclose(fit->explained_variance, shares.slice(0, 0, 3), 1e-8, 1e-10));
}

TEST(PrincipalComponentsTest, AxesAreOrthonormalWithAPositiveLargestEntry) {
  const auto fit = FitPrincipalComponents(Random(50, 8), 8);
  EXPECT_TRUE(at::allclose(at::mm(fit->axes.t(), fit->axes), at::eye(8), 1e-4, 1e-5));
  for (int64_t p = 0; p < 8; ++p) {
    const at::Tensor axis = fit->axes.select(1, p);
    EXPECT_EQ(axis.max().item<float>(), axis.abs().max().item<float>());
  }
  EXPECT_NEAR(fit->explained_variance.sum().item<double>(), 1, 1e-9);
}

TEST(PrincipalComponentsTest, FindsALine) {
  const at::Tensor along = at::arange(-5, 6).to(at::kFloat).unsqueeze(1);  // [11, 1]
  const at::Tensor features = along * at::tensor({3., -4.}, at::kFloat) + 1;
  const auto fit = FitPrincipalComponents(features, 2);
  EXPECT_NEAR(fit->axes[0][0].item<float>(), -0.6, 1e-6);
  EXPECT_NEAR(fit->axes[1][0].item<float>(), 0.8, 1e-6);
  EXPECT_NEAR(fit->explained_variance[0].item<double>(), 1, 1e-9);
  const at::Tensor projected = fit->Project(features);
  EXPECT_NEAR(projected[0][0].item<float>(), 25, 1e-4);
  EXPECT_NEAR(projected[5][0].item<float>(), 0, 1e-5);
  EXPECT_NEAR(projected[0][1].item<float>(), 0, 1e-4);
}

TEST(PrincipalComponentsTest, RowsThatDoNotVaryHaveSharesOfZero) {
  const auto fit = FitPrincipalComponents(at::ones({4, 3}), 2);
  ASSERT_TRUE(fit.ok());
  EXPECT_TRUE(at::equal(fit->explained_variance, at::zeros({2}, at::kDouble)));
  EXPECT_TRUE(at::equal(fit->Project(at::ones({4, 3})), at::zeros({4, 2})));
}

TEST(PrincipalComponentsTest, TooFewRowsTooManyComponentsAndNanAreRefused) {
  const auto error = [](const at::Tensor& features, int64_t components) {
    const auto fit = FitPrincipalComponents(features, components);
    EXPECT_EQ(fit.status().code(), absl::StatusCode::kInvalidArgument);
    return std::string(fit.status().message());
  };
  EXPECT_THAT(error(at::ones({1, 3}), 1), HasSubstr("1 rows; expected 2"));
  EXPECT_THAT(error(at::ones({5, 3}), 0), HasSubstr("is 0; expected 1 to 3"));
  EXPECT_THAT(error(at::ones({5, 3}), 4), HasSubstr("is 4; expected 1 to 3"));
  EXPECT_THAT(error(at::full({5, 3}, std::nanf("")), 1), HasSubstr("row 0, column 0"));
}

}  // namespace
}  // namespace tailcast::metrics
