#ifndef TAILCAST_TESTS_CLIENT_CLI_REPORT_SAMPLE_FIGURES_H_
#define TAILCAST_TESTS_CLIENT_CLI_REPORT_SAMPLE_FIGURES_H_

#include "client/cli/report/run_figures.h"

namespace tailcast::report {

// Figures of a run as retrain writes them, of ten classes, with every member filled. The seed moves
// every accuracy by 0.5 points.
RunFigures SampleFigures(int64_t seed);

}  // namespace tailcast::report

#endif  // TAILCAST_TESTS_CLIENT_CLI_REPORT_SAMPLE_FIGURES_H_
