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
