#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/report/arm_names.h"
#include "client/cli/report/charts.h"
#include "client/cli/report/html.h"
#include "client/cli/report/page_sections.h"

namespace tailcast::report {
namespace {

// A mark with its meaning, as a legend beside the panels shows it.
std::string Key(const char* shape, const char* css_class, const char* text) {
  return absl::StrCat("<span class=\"key\"><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\">", shape,
                      " class=\"", css_class, "\"/></svg>", text, "</span>");
}

std::string DistanceTable(const RunFigures& run) {
  std::vector<std::string> columns = {"Features", "Rows"};
  for (const double share : kQuantileShares) {
    columns.push_back(absl::StrCat(NumberText(100 * share, 0), " %"));
  }
  columns.push_back("Near copies");
  Table table("Quantiles of the distance to the nearest training row", columns);
  for (const DistanceSet& set : kDistanceSets) {
    const auto found = run.distances.find(set.key);
    if (found == run.distances.end()) continue;
    const DistanceFigures& distances = found->second;
    std::vector<Cell> cells = {TextCell(set.label), NumberCell(CountText(distances.rows))};
    for (const double quantile : distances.quantiles) {
      cells.push_back(NumberCell(NumberText(quantile)));
    }
    cells.push_back(NumberCell(CountText(distances.copies)));
    table.AddRow(std::move(cells));
  }
  return table.Html();
}

// What each run chose; columns are the choices of the first.
std::string ChoiceTable(const MergedReport& report) {
  std::vector<std::string> columns = {"Run"};
  for (const auto& [name, unused] : report.first().choices) columns.push_back(name);
  Table table("Chosen on validation data", columns);
  const auto add_run = [&](const std::string& name, const RunFigures& run) {
    std::vector<Cell> cells = {TextCell(name)};
    for (const auto& [choice, unused] : report.first().choices) {
      const auto found = run.choices.find(choice);
      cells.push_back(TextCell(found == run.choices.end() ? "" : found->second));
    }
    table.AddRow(std::move(cells));
  };
  for (const RunFigures& run : report.runs) add_run(absl::StrCat("seed ", run.seed), run);
  for (const auto& [name, run] : report.ablations) add_run(ArmLabel(name), run);
  return table.Html();
}

std::string CandidateTable(const MergedReport& report) {
  std::vector<std::string> columns = {"Seed and guidance"};
  for (const double shift : report.first().bias_shifts) {
    columns.push_back(absl::StrCat("bias shift ", shift));
  }
  Table table("Validation accuracy in percent of every candidate", columns);
  for (const RunFigures& run : report.runs) {
    for (const auto& [guidance, stream] : run.streams) {
      if (stream.validation_accuracy.empty()) continue;
      std::vector<Cell> cells = {
          TextCell(absl::StrCat("seed ", run.seed, ", guidance ", guidance))};
      for (const double accuracy : stream.validation_accuracy) {
        cells.push_back(NumberCell(NumberText(accuracy)));
      }
      table.AddRow(std::move(cells));
    }
  }
  return Details("Every candidate", table.Html());
}

using Facts = std::vector<std::pair<std::string, std::string>>;

std::string FactList(const Facts& facts) {
  std::string html = "<dl class=\"facts\">\n";
  for (const auto& [name, value] : facts) {
    absl::StrAppend(&html, "<dt>", EscapeHtml(name), "</dt><dd><code>", EscapeHtml(value),
                    "</code></dd>\n");
  }
  return html + "</dl>\n";
}

std::string RunFacts(const std::string& title, const RunFigures& run) {
  Facts facts = {{"bundle", run.bundle},
                 {"bundle digest", run.bundle_digest},
                 {"address", run.address},
                 {"recipe", run.recipe},
                 {"plan", run.plan},
                 {"sampler", run.sampler},
                 {"feature space", run.feature_space_digest},
                 {"rows streamed", CountText(run.rows_streamed)}};
  for (const auto& [name, value] : run.versions) facts.push_back({name, value});
  return absl::StrCat("<h3>", EscapeHtml(title), "</h3>\n", FactList(facts));
}

std::string StepTable(const MergedReport& report) {
  Table table("Seconds of each step", {"Step", "Seconds"});
  for (const Step& step : report.steps) {
    if (step.seconds) table.AddRow({TextCell(step.name), NumberCell(NumberText(*step.seconds, 1))});
  }
  if (!report.steps.empty()) return Details("Seconds of each step", table.Html());
  for (const RunFigures& run : report.runs) {
    for (const auto& [part, seconds] : run.seconds) {
      table.AddRow({TextCell(absl::StrCat("retrain, seed ", run.seed, ": ", part)),
                    NumberCell(NumberText(seconds, 1))});
    }
  }
  return Details("Seconds of each step", table.Html());
}

std::string CommandLines(const MergedReport& report) {
  std::string commands;
  for (const Step& step : report.steps) {
    if (!step.command.empty()) absl::StrAppend(&commands, step.command, "\n");
  }
  if (commands.empty()) {
    for (const RunFigures& run : report.runs) absl::StrAppend(&commands, run.command, "\n");
    for (const auto& [name, run] : report.ablations) absl::StrAppend(&commands, run.command, "\n");
  }
  return absl::StrCat("<h3>Commands</h3>\n<pre>", EscapeHtml(commands), "</pre>\n");
}

}  // namespace

std::string FeaturesSection(const MergedReport& report) {
  const RunFigures& run = report.first();
  if (run.projection.empty()) return "";
  double share = 0;
  for (const double explained : run.explained_shares) share += explained;
  return absl::StrCat(
      "<section><h2>Real and generated features of the few classes</h2>\n<p>Seed ", run.seed,
      ". Two principal components of these classes' training features (",
      NumberText(100 * share, 0),
      " % of their variance); the same axes in each panel. Held-out features are those of "
      "validation images, which the encoder has not seen.</p>\n<p>",
      Key("<rect x=\"2.5\" y=\"2.5\" width=\"7\" height=\"7\" transform=\"rotate(45 6 6)\"",
          "training", "training"),
      Key("<rect x=\"2\" y=\"2\" width=\"8\" height=\"8\"", "held-out", "held out"),
      Key("<circle cx=\"6\" cy=\"6\" r=\"4\"", "generated", "generated"), "</p>\n",
      ScatterCharts(run), "</section>\n");
}

std::string DistancesSection(const MergedReport& report) {
  const RunFigures& run = report.first();
  if (run.distances.empty()) return "";
  return absl::StrCat(
      "<section><h2>Are generated rows copies?</h2>\n<p>Seed ", run.seed,
      ". A copied training row would lie at distance 0, far to the left of where training rows lie "
      "from each other; held-out real rows show how far features of new images are. A near copy is "
      "nearer than ",
      NumberText(100 * kCopyShare, 0), " % of the median distance between training rows.</p>\n",
      DistanceChart(run),
      "<p>Thin line: 5 to 95 % of the rows; thick line: 25 to 75 %; dot and number: the "
      "median.</p>\n",
      DistanceTable(run), "</section>\n");
}

std::string ChoicesSection(const MergedReport& report) {
  return absl::StrCat("<section><h2>What was chosen</h2>\n", ChoiceTable(report),
                      CandidateTable(report), "</section>\n");
}

std::string ProvenanceSection(const MergedReport& report) {
  std::string others;
  for (size_t i = 1; i < report.runs.size(); ++i) {
    absl::StrAppend(&others, RunFacts(absl::StrCat("Seed ", report.runs[i].seed), report.runs[i]));
  }
  for (const auto& [name, run] : report.ablations) {
    absl::StrAppend(&others, RunFacts(absl::StrCat(ArmLabel(name), ", seed ", run.seed), run));
  }
  return absl::StrCat(
      "<section><h2>What made it</h2>\n<p>An address names the streamed rows to the last bit: "
      "asked "
      "again with the same bundle, plan, sampler and seed, a server with the same arithmetic sends "
      "the same bytes.</p>\n",
      RunFacts(absl::StrCat("Seed ", report.first().seed), report.first()),
      others.empty() ? "" : Details("The other runs", others), CommandLines(report),
      StepTable(report), "</section>\n");
}

}  // namespace tailcast::report
