#include "client/cli/report/charts.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/report/arm_names.h"
#include "client/cli/report/html.h"
#include "client/cli/report/svg.h"

namespace tailcast::report {
namespace {

// Narrow enough for a phone to show text at a readable size.
constexpr double kWidth = 440;
constexpr double kLabelWidth = 118;
constexpr double kRightEdge = 388;
constexpr double kTop = 26;
constexpr double kAxisHeight = 34;
constexpr int kTickCount = 5;
constexpr size_t kMaxLabelCharacters = 17;
// Rows of the chart by class; above, neighbours in rank share a row.
constexpr size_t kMaxClassRows = 40;

// Cuts between characters, not inside one (UTF-8 continuation bytes are 10xxxxxx).
std::string Shortened(const std::string& label) {
  size_t characters = 0;
  for (size_t i = 0; i < label.size(); ++i) {
    if ((static_cast<unsigned char>(label[i]) & 0xC0) == 0x80) continue;
    if (++characters > kMaxLabelCharacters) return label.substr(0, i) + "\u2026";
  }
  return label;
}

// Vertical grid lines with their values below, and the axis' name.
void AddAxis(const LinearScale& scale, double bottom, const std::string& name, Svg& svg) {
  for (const double tick : scale.Ticks(kTickCount)) {
    svg.Line({scale(tick), kTop - 8}, {scale(tick), bottom}, "grid");
    svg.Text({scale(tick), bottom + 14}, absl::StrCat(tick), "axis middle");
  }
  svg.Text({(kLabelWidth + kRightEdge) / 2, bottom + 29}, name, "axis middle");
}

struct Extent {
  double low = 0, high = 1;
};

Extent AccuracyExtent(const MergedReport& report) {
  Extent extent = {100, 0};
  for (const ArmSummary& arm : report.arms) {
    const double deviation = arm.accuracy.deviation.value_or(0);
    for (const double value : arm.accuracy.values) {
      extent.low = std::min({extent.low, value, arm.accuracy.mean - deviation});
      extent.high = std::max({extent.high, value, arm.accuracy.mean + deviation});
    }
  }
  const double margin = std::max(0.5, (extent.high - extent.low) * 0.08);
  return {extent.low - margin, extent.high + margin};
}

bool IsLdmlr(const std::string& name) { return name.rfind(kLdmlr, 0) == 0; }

void AddArmRow(const ArmSummary& arm, const LinearScale& scale, double y, Svg& svg) {
  const std::string color = IsLdmlr(arm.name) ? "ours" : "other";
  const double mean = arm.accuracy.mean;
  svg.Text({kLabelWidth - 8, y + 4}, ArmLabel(arm.name), "label end");
  if (const auto deviation = arm.accuracy.deviation) {
    svg.Line({scale(mean - *deviation), y}, {scale(mean + *deviation), y},
             absl::StrCat("bar ", color));
  }
  for (size_t i = 0; i < arm.accuracy.values.size() && arm.seeds.size() > 1; ++i) {
    svg.AddMark(Svg::Mark::kCircle, {scale(arm.accuracy.values[i]), y}, 2.5,
                absl::StrCat("hollow ", color),
                absl::StrCat("seed ", arm.seeds[i], ": ", NumberText(arm.accuracy.values[i])));
  }
  svg.AddMark(IsLdmlr(arm.name) ? Svg::Mark::kDiamond : Svg::Mark::kCircle, {scale(mean), y}, 4.5,
              color, absl::StrCat(ArmLabel(arm.name), ": ", NumberText(mean)));
  svg.Text({kWidth - 2, y + 4}, NumberText(mean, 1), "value end");
}

// A row of the chart by class: one class, or neighbours in rank.
struct ClassRow {
  std::string label, count;
  std::vector<size_t> classes;
};

std::vector<ClassRow> ClassRows(const RunFigures& run) {
  std::vector<size_t> order(run.class_counts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return run.class_counts[a] > run.class_counts[b]; });
  const size_t per_row = (order.size() + kMaxClassRows - 1) / kMaxClassRows;
  std::vector<ClassRow> rows;
  for (size_t begin = 0; begin < order.size(); begin += per_row) {
    const size_t end = std::min(order.size(), begin + per_row);
    ClassRow row = {.label = Shortened(run.class_names[order[begin]]),
                    .count = CountText(run.class_counts[order[begin]]),
                    .classes = {order.begin() + begin, order.begin() + end}};
    if (per_row > 1) {
      row.label = absl::StrCat("ranks ", begin + 1, "\u2013", end);
      row.count = CountText(run.class_counts[order[end - 1]]);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

double MeanOver(const ArmSummary& arm, const std::vector<size_t>& classes) {
  double sum = 0;
  for (const size_t k : classes) sum += arm.per_class[k];
  return sum / static_cast<double>(classes.size());
}

// How an arm is drawn in the chart by class.
struct Series {
  const char* arm;
  Svg::Mark mark;
  const char* css_class;
};
constexpr Series kSeries[] = {{kStage1, Svg::Mark::kCircle, "hollow other"},
                              {kLogitAdjustment, Svg::Mark::kSquare, "control"},
                              {kLdmlr, Svg::Mark::kDiamond, "ours"}};

void AddLegend(const MergedReport& report, Svg& svg) {
  double x = 8;
  for (const Series& series : kSeries) {
    if (report.Arm(series.arm) == nullptr) continue;
    svg.AddMark(series.mark, {x, 9}, 4, series.css_class);
    svg.Text({x + 9, 13}, ArmLabel(series.arm), "label");
    x += 28 + 7 * static_cast<double>(ArmLabel(series.arm).size());
  }
  svg.Text({kWidth - 2, 13}, "rows", "axis end");
}

void AddClassRow(const MergedReport& report, const ClassRow& row, const LinearScale& scale,
                 double y, Svg& svg) {
  svg.Text({kLabelWidth - 8, y + 4}, row.label, "label end");
  svg.Text({kWidth - 2, y + 4}, row.count, "axis end");
  const ArmSummary* stage1 = report.Arm(kStage1);
  if (stage1 != nullptr) {
    svg.Line({scale(MeanOver(*stage1, row.classes)), y},
             {scale(MeanOver(*report.Arm(kLdmlr), row.classes)), y}, "link");
  }
  for (const Series& series : kSeries) {
    const ArmSummary* arm = report.Arm(series.arm);
    if (arm == nullptr) continue;
    const double value = MeanOver(*arm, row.classes);
    svg.AddMark(series.mark, {scale(value), y}, 4, series.css_class,
                absl::StrCat(row.label, ", ", ArmLabel(series.arm), ": ", NumberText(value, 1)));
  }
}

double LowestClassAccuracy(const MergedReport& report) {
  double lowest = 100;
  for (const Series& series : kSeries) {
    const ArmSummary* arm = report.Arm(series.arm);
    if (arm == nullptr) continue;
    lowest = std::min(lowest, *std::min_element(arm->per_class.begin(), arm->per_class.end()));
  }
  return lowest;
}

Extent PointExtent(const RunFigures& run, std::vector<double> Points::*axis) {
  Extent extent = {1e300, -1e300};
  for (const auto& [name, projected] : run.projection) {
    for (const Points* points : {&projected.training, &projected.held_out, &projected.generated}) {
      for (const double value : points->*axis) {
        extent = {std::min(extent.low, value), std::max(extent.high, value)};
      }
    }
  }
  return extent;
}

void AddPoints(const Points& points, const LinearScale& x, const LinearScale& y, Series series,
               Svg& svg) {
  constexpr double kSize = 2.4;
  for (size_t i = 0; i < points.x.size(); ++i) {
    svg.AddMark(series.mark, {x(points.x[i]), y(points.y[i])}, kSize, series.css_class);
  }
}

}  // namespace

std::string AccuracyChart(const MergedReport& report) {
  constexpr double kRowHeight = 28;
  const Extent extent = AccuracyExtent(report);
  const double bottom = kTop + kRowHeight * static_cast<double>(report.arms.size());
  const LinearScale scale(extent.low, extent.high, kLabelWidth, kRightEdge);
  Svg svg(
      kWidth, bottom + kAxisHeight, "Test accuracy by arm",
      "Mean, standard deviation and single seeds of each arm; the table of arms has the numbers");
  AddAxis(scale, bottom, "test accuracy, % (the axis does not begin at 0)", svg);
  if (const ArmSummary* stage1 = report.Arm(kStage1)) {
    const double x = scale(stage1->accuracy.mean);
    svg.Line({x, kTop - 8}, {x, bottom}, "reference");
  }
  double y = kTop + kRowHeight / 2;
  for (const ArmSummary& arm : report.arms) {
    AddArmRow(arm, scale, y, svg);
    y += kRowHeight;
  }
  return svg.Html();
}

std::string PerClassChart(const MergedReport& report) {
  constexpr double kRoomyRow = 24, kTightRow = 14;
  constexpr size_t kRoomyRows = 20;
  const std::vector<ClassRow> rows = ClassRows(report.first());
  const double row_height = rows.size() > kRoomyRows ? kTightRow : kRoomyRow;
  const double bottom = kTop + row_height * static_cast<double>(rows.size());
  const LinearScale scale(std::max(0.0, LowestClassAccuracy(report) - 4), 100, kLabelWidth,
                          kRightEdge);
  Svg svg(kWidth, bottom + kAxisHeight, "Test accuracy by class",
          "Classes from most to least frequent; the table by class has the numbers");
  AddAxis(scale, bottom, "test accuracy, %", svg);
  AddLegend(report, svg);
  double y = kTop + row_height / 2;
  for (const ClassRow& row : rows) {
    AddClassRow(report, row, scale, y, svg);
    y += row_height;
  }
  return svg.Html();
}

std::string ScatterCharts(const RunFigures& run) {
  constexpr double kSide = 220, kMargin = 8;
  const Extent across = PointExtent(run, &Points::x), along = PointExtent(run, &Points::y);
  const LinearScale x(across.low, across.high, kMargin, kSide - kMargin);
  const LinearScale y(along.low, along.high, kSide - kMargin, kMargin);
  std::string html = "<div class=\"panels\">\n";
  for (const auto& [name, projected] : run.projection) {
    const size_t k = static_cast<size_t>(std::stoll(name));
    Svg svg(kSide, kSide, absl::StrCat("Features of class ", run.class_names[k]),
            "Training, held-out and generated features on two principal components");
    svg.Box({0.5, 0.5}, kSide - 1, kSide - 1, "frame");
    AddPoints(projected.generated, x, y, {kLdmlr, Svg::Mark::kCircle, "generated"}, svg);
    AddPoints(projected.held_out, x, y, {kLdmlr, Svg::Mark::kSquare, "hollow held-out"}, svg);
    AddPoints(projected.training, x, y, {kLdmlr, Svg::Mark::kDiamond, "training"}, svg);
    absl::StrAppend(&html, "<figure>", svg.Html(), "<figcaption>", EscapeHtml(run.class_names[k]),
                    ", ", CountText(run.class_counts[k]), " training rows</figcaption></figure>\n");
  }
  return html + "</div>\n";
}

std::string DistanceChart(const RunFigures& run) {
  constexpr double kRowHeight = 26;
  double highest = 0;
  for (const auto& [name, figures] : run.distances) {
    highest = std::max(highest, figures.quantiles.back());
  }
  const LinearScale scale(0, highest, kLabelWidth, kRightEdge);
  const double bottom = kTop + kRowHeight * static_cast<double>(run.distances.size());
  Svg svg(kWidth, bottom + kAxisHeight, "Distance to the nearest training row",
          "Quantiles per set of features; the table of distances has the numbers");
  AddAxis(scale, bottom, "distance in standardized features", svg);
  double y = kTop + kRowHeight / 2;
  for (const DistanceSet& set : kDistanceSets) {
    const auto found = run.distances.find(set.key);
    if (found == run.distances.end()) continue;
    const DistanceFigures& figures = found->second;
    const std::string color = set.is_generated ? "ours" : "other";
    svg.Text({kLabelWidth - 8, y + 4}, set.label, "label end");
    svg.Line({scale(figures.quantiles[0]), y}, {scale(figures.quantiles[4]), y},
             absl::StrCat("bar ", color));
    svg.Line({scale(figures.quantiles[1]), y}, {scale(figures.quantiles[3]), y},
             absl::StrCat("box ", color));
    svg.AddMark(Svg::Mark::kCircle, {scale(figures.quantiles[2]), y}, 3.5,
                absl::StrCat("median ", color));
    svg.Text({kWidth - 2, y + 4}, NumberText(figures.quantiles[2], 1), "value end");
    y += kRowHeight;
  }
  return svg.Html();
}

}  // namespace tailcast::report
