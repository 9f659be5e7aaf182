#ifndef TAILCAST_CLIENT_CLI_REPORT_PAGE_SECTIONS_H_
#define TAILCAST_CLIENT_CLI_REPORT_PAGE_SECTIONS_H_

#include <string>

#include "client/cli/report/merged_report.h"

namespace tailcast::report {

// Parts of the page, each an HTML section; empty where a report has nothing for it.
std::string ResultSection(const MergedReport& report);
std::string ArmsSection(const MergedReport& report);
std::string DifferencesSection(const MergedReport& report);
std::string FeaturesSection(const MergedReport& report);
std::string DistancesSection(const MergedReport& report);
std::string ChoicesSection(const MergedReport& report);
std::string ProvenanceSection(const MergedReport& report);

}  // namespace tailcast::report

#endif  // TAILCAST_CLIENT_CLI_REPORT_PAGE_SECTIONS_H_
