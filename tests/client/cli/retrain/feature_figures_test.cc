#include "client/cli/retrain/feature_figures.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/cli/retrain/sample_trainer.h"

namespace tailcast::retrain {
namespace {

using testing::Each;
using testing::IsEmpty;
using testing::Key;
using testing::Le;
using testing::SizeIs;
using testing::UnorderedElementsAre;

std::vector<int64_t> EachClass(int64_t rows) { return std::vector<int64_t>(kSampleClasses, rows); }

TEST(AddDistancesTest, CopiesOfTrainingRowsShow) {
  const TrainerData data = SampleTrainer();
  report::RunFigures figures;
  ASSERT_TRUE(AddDistances(data, data.training, figures).ok());
  const report::DistanceFigures& generated = figures.distances.at("all/generated");
  EXPECT_EQ(generated.rows, data.training.size());
  EXPECT_EQ(generated.copies, generated.rows);
  EXPECT_THAT(generated.quantiles, Each(Le(1e-3)));
}

TEST(AddDistancesTest, FreshRowsLieAsFarAsHeldOutRows) {
  const TrainerData data = SampleTrainer();
  report::RunFigures figures;
  ASSERT_TRUE(AddDistances(data, SampleRows(EachClass(300), 5), figures).ok());
  EXPECT_THAT(figures.distances,
              UnorderedElementsAre(Key("all/training"), Key("all/held_out"), Key("all/generated"),
                                   Key("few/training"), Key("few/held_out"), Key("few/generated")));
  const auto median = [&](const char* set) { return figures.distances.at(set).quantiles[2]; };
  EXPECT_NEAR(median("all/generated") / median("all/held_out"), 1, 0.1);
  EXPECT_EQ(figures.distances.at("all/generated").copies, 0);
  EXPECT_EQ(figures.distances.at("few/held_out").rows, 2 * 60);
  EXPECT_EQ(figures.distances.at("few/training").rows, 16 + 8);
}

TEST(AddDistancesTest, ATrainingRowIsNotItsOwnNeighbour) {
  const TrainerData data = SampleTrainer();
  report::RunFigures figures;
  ASSERT_TRUE(AddDistances(data, data.validation, figures).ok());
  EXPECT_GT(figures.distances.at("all/training").quantiles[0], 0.1);
  EXPECT_EQ(figures.distances.at("all/training").copies, 0);
}

TEST(AddDistancesTest, QuantilesAscend) {
  const TrainerData data = SampleTrainer();
  report::RunFigures figures;
  ASSERT_TRUE(AddDistances(data, data.validation, figures).ok());
  for (const auto& [name, distances] : figures.distances) {
    EXPECT_TRUE(std::is_sorted(distances.quantiles.begin(), distances.quantiles.end())) << name;
  }
}

TEST(AddDistancesTest, LargeSetsAreThinned) {
  const TrainerData data = SampleTrainer();
  report::RunFigures figures;
  ASSERT_TRUE(AddDistances(data, SampleRows(EachClass(1000), 5), figures).ok());
  EXPECT_LE(figures.distances.at("all/generated").rows, 1000);
  EXPECT_GE(figures.distances.at("all/generated").rows, 500);
}

TEST(AddProjectionTest, ShowsTheFewClassesInEverySet) {
  const TrainerData data = SampleTrainer();
  report::RunFigures figures;
  ASSERT_TRUE(AddProjection(data, SampleRows(EachClass(100), 5), figures).ok());
  EXPECT_THAT(figures.projection, UnorderedElementsAre(Key("4"), Key("5")));
  const report::ProjectedClass& rarest = figures.projection.at("5");
  EXPECT_THAT(rarest.training.x, SizeIs(8));
  EXPECT_THAT(rarest.held_out.x, SizeIs(60));
  EXPECT_THAT(rarest.generated.y, SizeIs(100));
  ASSERT_THAT(figures.explained_shares, SizeIs(2));
  EXPECT_GE(figures.explained_shares[0], figures.explained_shares[1]);
}

TEST(AddProjectionTest, TooFewRowsGiveNoPicture) {
  TrainerData data = SampleTrainer();
  data.class_counts = {400, 180, 80, 36, 1, 1};
  data.training = SampleRows(data.class_counts, 1);
  report::RunFigures figures;
  ASSERT_TRUE(AddProjection(data, data.validation, figures).ok());
  EXPECT_THAT(figures.projection, IsEmpty());
}

}  // namespace
}  // namespace tailcast::retrain
