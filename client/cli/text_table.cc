#include "client/cli/text_table.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"

namespace tailcast::cli {
namespace {

struct Column {
  size_t width = 0;
  bool is_number = true;
};

bool LooksLikeNumber(const std::string& cell) {
  return !cell.empty() && (absl::ascii_isdigit(cell[0]) || cell[0] == '-' || cell[0] == '+');
}

std::string Pad(const std::string& cell, const Column& column) {
  const std::string blanks(column.width - cell.size(), ' ');
  return column.is_number ? blanks + cell : cell + blanks;
}

}  // namespace

std::string TextTable(const std::vector<std::vector<std::string>>& rows) {
  std::vector<Column> columns;
  for (size_t r = 0; r < rows.size(); ++r) {
    columns.resize(std::max(columns.size(), rows[r].size()));
    for (size_t c = 0; c < rows[r].size(); ++c) {
      columns[c].width = std::max(columns[c].width, rows[r][c].size());
      if (r > 0 && !LooksLikeNumber(rows[r][c])) columns[c].is_number = false;
    }
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (size_t c = 0; c < row.size(); ++c) {
      absl::StrAppend(&line, c > 0 ? "  " : "", Pad(row[c], columns[c]));
    }
    absl::StripTrailingAsciiWhitespace(&line);
    lines.push_back(std::move(line));
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace tailcast::cli
