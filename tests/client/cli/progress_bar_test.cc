#include "client/cli/progress_bar.h"

#include <gtest/gtest.h>

#include <sstream>

#include "gmock/gmock.h"

namespace tailcast::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ProgressBarTest : public ::testing::Test {
 protected:
  ProgressBar Make(bool is_terminal, bool quiet = false) {
    return ProgressBar({.output = &output_,
                        .is_terminal = is_terminal,
                        .quiet = quiet,
                        .stop_requested = [this] { return stop_; },
                        .now = [this] { return now_; }});
  }

  std::ostringstream output_;
  absl::Time now_ = absl::FromUnixSeconds(1000);
  bool stop_ = false;
};

TEST_F(ProgressBarTest, PrintsFirstAndLastLineOfShortWork) {
  ProgressBar bar = Make(/*is_terminal=*/false);
  bar.Begin("encode", "images", 0, 300);
  for (int done = 100; done <= 300; done += 100) {
    now_ += absl::Milliseconds(500);
    bar.Advance(done, {});
  }
  bar.End();
  EXPECT_EQ(output_.str(),
            "encode: 0 of 300 images (0 %)\n"
            "encode: 300 of 300 images (100 %), 200 images/s\n");
}

TEST_F(ProgressBarTest, PrintsALineEveryFiveSecondsWithRateFiguresAndTimeLeft) {
  ProgressBar bar = Make(/*is_terminal=*/false);
  bar.Begin("train", "steps", 0, 1000);
  now_ += absl::Milliseconds(4999);
  bar.Advance(250, {{"loss", 0.5}});
  EXPECT_THAT(output_.str(), Not(HasSubstr("250")));
  now_ += absl::Milliseconds(1);
  bar.Advance(250, {{"loss", 0.5}});
  EXPECT_THAT(output_.str(),
              HasSubstr("train: 250 of 1000 steps (25 %), 50 steps/s, loss 0.5, 0:15 left\n"));
}

TEST_F(ProgressBarTest, RateLeavesOutWhatAnEarlierRunDid) {
  ProgressBar bar = Make(/*is_terminal=*/false);
  bar.Begin("train", "steps", 900, 1000);
  now_ += absl::Seconds(10);
  bar.Advance(950, {});
  EXPECT_THAT(output_.str(), HasSubstr("950 of 1000 steps (95 %), 5 steps/s, 0:10 left"));
}

TEST_F(ProgressBarTest, DrawsOverOneLineOnATerminal) {
  ProgressBar bar = Make(/*is_terminal=*/true);
  bar.Begin("train", "steps", 0, 4);
  now_ += absl::Seconds(1);
  bar.Advance(2, {});
  bar.Advance(3, {});  // too soon to be drawn
  EXPECT_THAT(output_.str(), HasSubstr("\r\x1b[Ktrain [############............]  50 % 2/4 steps"));
  EXPECT_THAT(output_.str(), Not(HasSubstr("3/4")));
  EXPECT_THAT(output_.str(), Not(HasSubstr("\n")));
  bar.End();
  EXPECT_THAT(output_.str(), HasSubstr("3/4 steps"));
  EXPECT_EQ(output_.str().back(), '\n');
}

TEST_F(ProgressBarTest, QuietPrintsNothing) {
  for (const bool is_terminal : {false, true}) {
    ProgressBar bar = Make(is_terminal, /*quiet=*/true);
    bar.Begin("train", "steps", 0, 10);
    now_ += absl::Minutes(1);
    bar.Advance(5, {{"loss", 1.0}});
    bar.End();
  }
  EXPECT_EQ(output_.str(), "");
}

TEST_F(ProgressBarTest, WorkWithoutUnitsAndLongTimesAreShown) {
  ProgressBar bar = Make(/*is_terminal=*/false);
  bar.Begin("empty", "rows", 0, 0);
  bar.Begin("long", "rows", 0, 7201);
  now_ += absl::Seconds(10);
  bar.Advance(10, {});
  EXPECT_THAT(output_.str(), HasSubstr("empty: 0 of 0 rows (0 %)\n"));
  EXPECT_THAT(output_.str(), HasSubstr("1:59:51 left"));
}

TEST_F(ProgressBarTest, PassesTheWishToStopOn) {
  ProgressBar bar = Make(/*is_terminal=*/false);
  EXPECT_FALSE(bar.stop_requested());
  stop_ = true;
  EXPECT_TRUE(bar.stop_requested());
}

}  // namespace
}  // namespace tailcast::cli
