#include "client/cli/report/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/cli/report/arm_names.h"
#include "tests/client/cli/report/sample_figures.h"

namespace tailcast::report {
namespace {

using testing::HasSubstr;
using testing::Not;

MergedReport Sample(int seeds) {
  ReportInputs inputs;
  for (int seed = 0; seed < seeds; ++seed) inputs.runs.push_back(SampleFigures(seed));
  inputs.ablations = {{"ldmlr_cbdm", SampleFigures(0)}};
  return *Merge(std::move(inputs));
}

// Every element that is opened is closed, in order; void elements and comments aside.
std::vector<std::string> Unbalanced(const std::string& html) {
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != std::string::npos; at = html.find('<', at + 1)) {
    const size_t end = html.find('>', at);
    const std::string tag = html.substr(at + 1, end - at - 1);
    if (tag.empty() || tag[0] == '!' || tag.back() == '/') continue;
    const std::string name = tag.substr(tag[0] == '/', tag.find_first_of(" \n") - (tag[0] == '/'));
    if (name == "meta") continue;
    if (tag[0] != '/') {
      open.push_back(name);
    } else if (!open.empty() && open.back() == name) {
      open.pop_back();
    } else {
      open.push_back(tag);
      return open;
    }
  }
  return open;
}

TEST(PageTest, NeedsNothingFromOutside) {
  const std::string page = RenderPage(Sample(3));
  EXPECT_THAT(page, Not(HasSubstr("http")));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("<link")));
  EXPECT_THAT(page, Not(HasSubstr("url(")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
  EXPECT_THAT(page, Not(HasSubstr("src=")));
}

TEST(PageTest, IsWellFormed) {
  EXPECT_THAT(Unbalanced(RenderPage(Sample(3))), testing::IsEmpty());
  EXPECT_THAT(Unbalanced(RenderPage(Sample(1))), testing::IsEmpty());
}

TEST(PageTest, ShowsEveryArmWithItsFigures) {
  const std::string page = RenderPage(Sample(3));
  for (const char* label : {"Stage 1", "Logit adjustment", "Balanced softmax", "Class Gaussians",
                            "LDMLR, data-free", "LDMLR, CBDM"}) {
    EXPECT_THAT(page, HasSubstr(label));
  }
  EXPECT_THAT(page, HasSubstr("79.00 <span class=\"deviation\">\u00b1 0.50"));
  EXPECT_THAT(page, HasSubstr("seed 0 alone"));
}

TEST(PageTest, SaysThatOneSeedHasNoSpread) {
  const std::string page = RenderPage(Sample(1));
  EXPECT_THAT(page, HasSubstr("one seed, so its spread is not known"));
  EXPECT_THAT(page, HasSubstr("<span class=\"deviation\">\u00b1 \u2013</span>"));
  EXPECT_THAT(page, Not(HasSubstr("\u00b1 0.00")));
}

TEST(PageTest, SaysWhenAControlIsBetter) {
  ReportInputs inputs;
  inputs.runs = {SampleFigures(0), SampleFigures(1)};
  for (RunFigures& run : inputs.runs) run.arms[kClassGaussian].accuracy += 5;
  const std::string page = RenderPage(*Merge(std::move(inputs)));
  EXPECT_THAT(page, HasSubstr("the best control (Class Gaussians"));
  EXPECT_THAT(page, HasSubstr("LDMLR differs from that control by \u22123.00 points"));
}

// What stands between the first `from` of the page and the next `to`.
std::string Between(const std::string& page, const std::string& from, const std::string& to) {
  const size_t begin = page.find(from);
  if (begin == std::string::npos) return "";
  return page.substr(begin, page.find(to, begin) - begin);
}

size_t CountOf(const std::string& text, const std::string& page) {
  size_t count = 0;
  for (size_t at = page.find(text); at != std::string::npos; at = page.find(text, at + 1)) ++count;
  return count;
}

TEST(PageTest, ShowsTheDifferenceToEachControlPairedBySeed) {
  ReportInputs inputs;
  inputs.runs = {SampleFigures(0), SampleFigures(1)};
  inputs.runs[1].arms[kLdmlr].accuracy += 2;
  const std::string page = RenderPage(*Merge(std::move(inputs)));
  const std::string table =
      Between(page, "<caption>LDMLR minus the arm of the row, paired by seed", "</table>");
  for (const char* label : {"Stage 1", "Logit adjustment", "Balanced softmax", "Class Gaussians"}) {
    EXPECT_THAT(table, HasSubstr(label));
  }
  // 62 against 61 % on the rarest class, evenly rising to no difference on the most frequent.
  EXPECT_THAT(Between(table, "Balanced softmax", "</tr>"), HasSubstr("+0.50, +2.50"));
  // Of each run: 110 images gained, 100 lost.
  EXPECT_THAT(Between(table, "Logit adjustment", "</tr>"), HasSubstr("220, 200"));
}

TEST(PageTest, ShowsHowFarGeneratedAndHeldOutRowsAreFromTrainingRows) {
  ReportInputs inputs;
  inputs.runs = {SampleFigures(0)};
  inputs.runs[0].distances["few/generated"].copies = 7;
  const std::string page = RenderPage(*Merge(std::move(inputs)));
  const std::string table =
      Between(page, "<caption>Quantiles of the distance to the nearest training row", "</table>");
  EXPECT_THAT(table, HasSubstr("Near copies</th>"));
  EXPECT_EQ(CountOf("<tr>", table), 1 + 6) << "training, held-out and generated of all and few";
  EXPECT_EQ(CountOf(">7</td>", table), 1);
  EXPECT_THAT(table, HasSubstr(">3.60</td>")) << "median of held-out rows";
  EXPECT_THAT(table, HasSubstr(">3.40</td>")) << "median of generated rows";
}

TEST(PageTest, ShowsRealAndGeneratedFeaturesOfTailClasses) {
  const std::string page = RenderPage(Sample(1));
  for (const char* text : {"T-shirt/top, 59 training rows", "Trouser, 98 training rows",
                           "Pullover, 164 training rows"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
  const std::string panel = Between(page, "Features of class Trouser", "</svg>");
  EXPECT_EQ(CountOf("hollow held-out", panel), 100);
  EXPECT_EQ(CountOf("generated\"", panel), 200);
  EXPECT_EQ(CountOf("training\"", panel), 60);
}

TEST(PageTest, EscapesWhatComesFromFiles) {
  ReportInputs inputs;
  inputs.runs = {SampleFigures(0)};
  RunFigures& run = inputs.runs[0];
  const std::string evil = "<script>alert('x')</script>\"";
  run.dataset = run.bundle = run.plan = run.command = evil;
  run.class_names[0] = run.class_names[9] = evil;
  run.choices[evil] = evil;
  run.versions[evil] = evil;
  run.streams[evil] = run.streams["0"];
  inputs.steps = {{evil, 1, evil}};
  const std::string page = RenderPage(*Merge(std::move(inputs)));
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(Unbalanced(page), testing::IsEmpty());
}

TEST(PageTest, NamesWhatMadeTheRows) {
  const std::string page = RenderPage(Sample(3));
  for (const char* text : {"fashion-mnist-lt@1", "fashion-mnist-lt@3", "each=500, one period",
                           "1a2b3c4d5e6f", "tailcast retrain --server"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
  EXPECT_THAT(page, HasSubstr(SampleFigures(0).address));
  EXPECT_THAT(page, HasSubstr(SampleFigures(2).bundle_digest));
}

TEST(PageTest, ManyClassesShareRowsOfTheChart) {
  RunFigures run = SampleFigures(0);
  const int64_t classes = 1000;
  run.class_names.assign(classes, "name");
  run.class_counts.assign(classes, 7);
  for (auto& [name, arm] : run.arms) arm.per_class.assign(classes, 50);
  ReportInputs inputs;
  inputs.runs = {run};
  const std::string page = RenderPage(*Merge(std::move(inputs)));
  EXPECT_THAT(page, HasSubstr("ranks 1\u201325"));
  EXPECT_THAT(page, HasSubstr("ranks 976\u20131000"));
}

TEST(PageTest, ManagesWithoutControlsAndFeatures) {
  RunFigures run = SampleFigures(0);
  run.arms = {{kLdmlr, run.arms[kLdmlr]}};
  run.projection.clear();
  run.distances.clear();
  run.paired.clear();
  ReportInputs inputs;
  inputs.runs = {run};
  EXPECT_THAT(Unbalanced(RenderPage(*Merge(std::move(inputs)))), testing::IsEmpty());
}

}  // namespace
}  // namespace tailcast::report
