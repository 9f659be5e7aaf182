#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/report/arm_names.h"
#include "client/cli/report/charts.h"
#include "client/cli/report/html.h"
#include "client/cli/report/page_sections.h"

namespace tailcast::report {
namespace {

std::string SeedsText(const std::vector<int64_t>& seeds) {
  return absl::StrCat(seeds.size() == 1 ? "seed " : "seeds ", absl::StrJoin(seeds, ", "));
}

const Difference* Find(const MergedReport& report, absl::string_view from) {
  for (const Difference& difference : report.differences) {
    if (difference.from == from) return &difference;
  }
  return nullptr;
}

// The control with the highest mean accuracy; null if there is none.
const Difference* BestControl(const MergedReport& report) {
  const Difference* best = nullptr;
  for (const char* name : kControls) {
    const Difference* candidate = Find(report, name);
    if (candidate == nullptr) continue;
    if (best == nullptr || candidate->accuracy.mean < best->accuracy.mean) best = candidate;
  }
  return best;
}

// How a difference compares with its own spread.
std::string SpreadText(const Moments& difference) {
  if (!difference.deviation) return "one seed, so its spread is not known";
  const bool clear = std::abs(difference.mean) > *difference.deviation;
  return clear ? "larger than its standard deviation over the seeds"
               : "within its standard deviation over the seeds";
}

std::string Tile(absl::string_view name, const std::string& value, absl::string_view note) {
  return absl::StrCat("<div><dt>", EscapeHtml(name), "</dt><dd>", value, "</dd><dd class=\"note\">",
                      EscapeHtml(note), "</dd></div>\n");
}

std::string Tiles(const MergedReport& report) {
  const ArmSummary& ldmlr = *report.Arm(kLdmlr);
  std::string tiles = absl::StrCat("<dl class=\"tiles\">\n",
                                   Tile("LDMLR, test accuracy", MomentsText(ldmlr.accuracy) + " %",
                                        absl::StrCat("mean of ", SeedsText(ldmlr.seeds))));
  if (const Difference* stage1 = Find(report, kStage1)) {
    absl::StrAppend(&tiles,
                    Tile("against stage 1", MomentsText(stage1->accuracy, /*is_signed=*/true),
                         "points overall"),
                    Tile("against stage 1, few classes",
                         MomentsText(stage1->few, /*is_signed=*/true), "points"));
  }
  if (const Difference* control = BestControl(report)) {
    absl::StrAppend(
        &tiles, Tile("against the best control", MomentsText(control->accuracy, /*is_signed=*/true),
                     absl::StrCat("points; ", ArmLabel(control->from), ", ",
                                  SpreadText(control->accuracy))));
  }
  return tiles + "</dl>\n";
}

// What balancing explains without a generator, said in words that hold whoever is better.
std::string Verdict(const MergedReport& report) {
  const ArmSummary* stage1 = report.Arm(kStage1);
  const Difference* control = BestControl(report);
  if (stage1 == nullptr || control == nullptr) return "";
  const double balanced = report.Arm(control->from)->accuracy.mean;
  return absl::StrCat(
      "<p>Stage 1 has ", NumberText(stage1->accuracy.mean),
      " % of the test images right, the best control (", ArmLabel(control->from),
      ", which balances the classes without a diffusion model) ", NumberText(balanced),
      " %, LDMLR ", NumberText(report.Arm(kLdmlr)->accuracy.mean),
      " %. So balancing without one gives ", SignedText(balanced - stage1->accuracy.mean),
      " points; LDMLR differs from that control by ", SignedText(control->accuracy.mean),
      " points, ", SpreadText(control->accuracy), ".</p>\n");
}

std::string ArmHeader(const ArmSummary& arm, bool is_single) {
  std::string html = EscapeHtml(ArmLabel(arm.name));
  if (is_single)
    absl::StrAppend(&html, "<span class=\"tag\">", SeedsText(arm.seeds), " alone</span>");
  for (const ArmText& text : kArmTexts) {
    if (arm.name == text.name) {
      absl::StrAppend(&html, "<span class=\"what\">", EscapeHtml(text.description), "</span>");
    }
  }
  return html;
}

std::string GroupText(const std::vector<int64_t>& group) {
  return absl::StrCat(group.size(), group.size() == 1 ? " class" : " classes");
}

// Class indices, most frequent first.
std::vector<size_t> ByCount(const std::vector<int64_t>& counts) {
  std::vector<size_t> order(counts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return counts[a] > counts[b]; });
  return order;
}

std::string ClassTable(const MergedReport& report) {
  const RunFigures& run = report.first();
  std::vector<std::string> columns = {"Class", "Training images"};
  for (const ArmSummary& arm : report.arms) columns.push_back(ArmLabel(arm.name));
  Table table("Test accuracy by class in percent, mean over the seeds; most frequent class first",
              columns);
  for (const size_t k : ByCount(run.class_counts)) {
    std::vector<Cell> cells = {TextCell(run.class_names[k]),
                               NumberCell(CountText(run.class_counts[k]))};
    for (const ArmSummary& arm : report.arms) {
      cells.push_back(NumberCell(NumberText(arm.per_class[k], 1)));
    }
    table.AddRow(std::move(cells));
  }
  return table.Html();
}

}  // namespace

std::string ResultSection(const MergedReport& report) {
  const RunFigures& run = report.first();
  const auto [low, high] = std::minmax_element(run.class_counts.begin(), run.class_counts.end());
  const int64_t rows =
      std::accumulate(run.class_counts.begin(), run.class_counts.end(), int64_t{0});
  std::string lead = absl::StrCat(
      "<p class=\"lead\">Features generated for the rare classes of a long-tailed training set: ",
      run.class_counts.size(), " classes, ", CountText(rows), " training images, from ",
      CountText(*high), " down to ", CountText(*low), " a class. Options were chosen on ",
      CountText(run.validation_rows), " validation images; the ");
  absl::StrAppend(&lead, CountText(run.test_rows),
                  " test images were opened once, after every choice was made.</p>\n");
  return absl::StrCat(lead, Tiles(report), Verdict(report));
}

std::string ArmsSection(const MergedReport& report) {
  Table table("Test accuracy in percent: mean \u00b1 standard deviation over the seeds",
              {"Arm", "All classes", "Many", "Medium", "Few"});
  for (const ArmSummary& arm : report.arms) {
    const bool is_single = arm.seeds.size() < report.runs.size();
    table.AddRow({{.html = ArmHeader(arm, is_single)},
                  NumberCell(MomentsText(arm.accuracy)),
                  NumberCell(MomentsText(arm.many)),
                  NumberCell(MomentsText(arm.medium)),
                  NumberCell(MomentsText(arm.few))},
                 arm.name == kLdmlr ? "ours" : "");
  }
  const ClassGroups& groups = report.first().groups;
  std::string text =
      absl::StrCat("<p>Groups by rank of the class count: many = the ", GroupText(groups.many),
                   " with most training images, medium = the next ", GroupText(groups.medium),
                   ", few = the last ", GroupText(groups.few), ".");
  if (report.runs.size() > 1) {
    absl::StrAppend(&text,
                    " A seed changes encoder, generator and stream; the split of the data"
                    " stays. Deviations are those of a sample of ",
                    report.runs.size(), ".");
  }
  return absl::StrCat("<section><h2>Accuracy by arm and by class</h2>\n", text, "</p>\n",
                      table.Html(), "<div class=\"charts\">\n", AccuracyChart(report),
                      PerClassChart(report), "</div>\n",
                      Details("All arms by class", ClassTable(report)), "</section>\n");
}

std::string DifferencesSection(const MergedReport& report) {
  if (report.differences.empty()) return "";
  Table table("LDMLR minus the arm of the row, paired by seed, percentage points",
              {"Against", "All classes", "Many", "Medium", "Few", "All classes, by seed",
               "Test images gained, lost"});
  for (const Difference& difference : report.differences) {
    std::vector<std::string> values;
    for (const double value : difference.accuracy.values) values.push_back(SignedText(value));
    table.AddRow(
        {TextCell(ArmLabel(difference.from)), NumberCell(MomentsText(difference.accuracy, true)),
         NumberCell(MomentsText(difference.many, true)),
         NumberCell(MomentsText(difference.medium, true)),
         NumberCell(MomentsText(difference.few, true)), NumberCell(absl::StrJoin(values, ", ")),
         NumberCell(absl::StrCat(CountText(difference.gained), ", ", CountText(difference.lost)))});
  }
  return absl::StrCat(
      "<section><h2>LDMLR against each control</h2>\n<p>The controls balance the classes without a "
      "generator, tuned on the same validation images. Gained: test images that LDMLR alone has "
      "right; lost: those that it alone has wrong; over all seeds.</p>\n",
      table.Html(), "</section>\n");
}

}  // namespace tailcast::report
