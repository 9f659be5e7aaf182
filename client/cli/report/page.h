#ifndef TAILCAST_CLIENT_CLI_REPORT_PAGE_H_
#define TAILCAST_CLIENT_CLI_REPORT_PAGE_H_

#include <string>

#include "client/cli/report/merged_report.h"

namespace tailcast::report {

// The report as one HTML document that needs nothing beside it: no script, no file, no network.
std::string RenderPage(const MergedReport& report);

}  // namespace tailcast::report

#endif  // TAILCAST_CLIENT_CLI_REPORT_PAGE_H_
