#include "client/cli/report/page.h"

#include "absl/strings/str_cat.h"
#include "client/cli/report/html.h"
#include "client/cli/report/page_sections.h"
#include "client/cli/report/style.h"

namespace tailcast::report {

std::string RenderPage(const MergedReport& report) {
  const std::string title = absl::StrCat("Tailcast on ", EscapeHtml(report.dataset));
  std::string html = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
      title, "</title>\n<style>", kStyleSheet, "</style>\n</head>\n<body>\n<header>\n<h1>", title,
      "</h1>\n");
  absl::StrAppend(&html, ResultSection(report), "</header>\n<main>\n", ArmsSection(report),
                  DifferencesSection(report), FeaturesSection(report));
  absl::StrAppend(&html, DistancesSection(report), ChoicesSection(report),
                  ProvenanceSection(report), "</main>\n</body>\n</html>\n");
  return html;
}

}  // namespace tailcast::report
