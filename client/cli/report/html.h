#ifndef TAILCAST_CLIENT_CLI_REPORT_HTML_H_
#define TAILCAST_CLIENT_CLI_REPORT_HTML_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/report/merged_report.h"

namespace tailcast::report {

// Text for HTML and SVG, in elements and in quoted attributes: & < > " ' are escaped, control
// characters but newline and tab are dropped.
std::string EscapeHtml(absl::string_view text);

// Two decimals by default; a minus sign (U+2212) instead of the hyphen; never "-0".
std::string NumberText(double value, int decimals = 2);
// The same with a plus sign for values above 0.
std::string SignedText(double value, int decimals = 2);
// "14,593".
std::string CountText(int64_t value);
// "83.10 ± 0.21"; with a dash for the deviation of one value.
std::string MomentsText(const Moments& moments, bool is_signed = false);

// One cell of a table, already HTML.
struct Cell {
  std::string html;
  bool is_number = false;
};
Cell TextCell(absl::string_view text);
Cell NumberCell(std::string text);

// A table with a caption, column headers and one header cell in front of each row; scrolls sideways
// on a narrow screen.
class Table {
 public:
  Table(absl::string_view caption, std::vector<std::string> columns);

  // `cells`: the header cell of the row, then one cell per further column. `row_class`: CSS.
  void AddRow(std::vector<Cell> cells, absl::string_view row_class = "");
  std::string Html() const;

 private:
  struct Row {
    std::vector<Cell> cells;
    std::string row_class;
  };

  std::string caption_;
  std::vector<std::string> columns_;
  std::vector<Row> rows_;
};

// A closed, foldable part of the page.
std::string Details(absl::string_view summary, const std::string& html);

}  // namespace tailcast::report

#endif  // TAILCAST_CLIENT_CLI_REPORT_HTML_H_
