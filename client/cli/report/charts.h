#ifndef TAILCAST_CLIENT_CLI_REPORT_CHARTS_H_
#define TAILCAST_CLIENT_CLI_REPORT_CHARTS_H_

#include <string>

#include "client/cli/report/merged_report.h"

namespace tailcast::report {

// Pictures of the report as inline SVG or HTML around it. Everything they show stands in a table of
// the page too.

// One row per arm: mean, standard deviation, each seed; a line at stage 1.
std::string AccuracyChart(const MergedReport& report);

// One row per class, most frequent first: stage 1, logit adjustment, LDMLR. Many classes are joined
// to rows of neighbours in rank.
std::string PerClassChart(const MergedReport& report);

// One panel per projected class: training, held-out and generated features.
std::string ScatterCharts(const RunFigures& run);

// One row per set of features: quantiles of the distance to the nearest training row.
std::string DistanceChart(const RunFigures& run);

}  // namespace tailcast::report

#endif  // TAILCAST_CLIENT_CLI_REPORT_CHARTS_H_
