#include "client/cli/report/html.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tailcast::report {
namespace {

constexpr char kMinusSign[] = "\u2212";
constexpr char kDash[] = "\u2013";

// Numbers that print as zero have no sign.
bool PrintsAsZero(absl::string_view digits) {
  return digits.find_first_not_of("-0.") == absl::string_view::npos;
}

std::string CellHtml(const Cell& cell, bool is_header) {
  const absl::string_view tag = is_header ? "th scope=\"row\"" : "td";
  return absl::StrCat("<", tag, cell.is_number ? " class=\"number\"" : "", ">", cell.html, "</",
                      is_header ? "th" : "td", ">");
}

}  // namespace

std::string EscapeHtml(absl::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default: {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= ' ' || c == '\n' || c == '\t') escaped += c;
      }
    }
  }
  return escaped;
}

std::string NumberText(double value, int decimals) {
  const std::string digits = absl::StrFormat("%.*f", decimals, value);
  if (digits.front() != '-') return digits;
  const std::string unsigned_digits = digits.substr(1);
  return PrintsAsZero(unsigned_digits) ? unsigned_digits
                                       : absl::StrCat(kMinusSign, unsigned_digits);
}

std::string SignedText(double value, int decimals) {
  const std::string text = NumberText(value, decimals);
  return value > 0 && !PrintsAsZero(text) ? absl::StrCat("+", text) : text;
}

std::string CountText(int64_t value) {
  std::string text = absl::StrCat(value);
  const size_t first_digit = value < 0 ? 1 : 0;
  for (size_t end = text.size(); end > first_digit + 3;) {
    end -= 3;
    text.insert(end, 1, ',');
  }
  return text;
}

std::string MomentsText(const Moments& moments, bool is_signed) {
  const std::string mean = is_signed ? SignedText(moments.mean) : NumberText(moments.mean);
  const std::string deviation = moments.deviation ? NumberText(*moments.deviation) : kDash;
  return absl::StrCat(mean, " <span class=\"deviation\">\u00b1 ", deviation, "</span>");
}

Cell TextCell(absl::string_view text) { return {.html = EscapeHtml(text)}; }

Cell NumberCell(std::string text) { return {.html = std::move(text), .is_number = true}; }

Table::Table(absl::string_view caption, std::vector<std::string> columns)
    : caption_(caption), columns_(std::move(columns)) {}

void Table::AddRow(std::vector<Cell> cells, absl::string_view row_class) {
  rows_.push_back({std::move(cells), std::string(row_class)});
}

std::string Table::Html() const {
  std::string html = absl::StrCat(
      "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"", EscapeHtml(caption_),
      "\"><table>\n<caption>", EscapeHtml(caption_), "</caption>\n<thead><tr>");
  for (size_t i = 0; i < columns_.size(); ++i) {
    const bool is_number =
        !rows_.empty() && i < rows_[0].cells.size() && rows_[0].cells[i].is_number;
    absl::StrAppend(&html, "<th scope=\"col\"", is_number ? " class=\"number\"" : "", ">",
                    EscapeHtml(columns_[i]), "</th>");
  }
  absl::StrAppend(&html, "</tr></thead>\n<tbody>\n");
  for (const Row& row : rows_) {
    absl::StrAppend(&html, "<tr",
                    row.row_class.empty() ? "" : absl::StrCat(" class=\"", row.row_class, "\""),
                    ">");
    for (size_t i = 0; i < row.cells.size(); ++i) {
      absl::StrAppend(&html, CellHtml(row.cells[i], /*is_header=*/i == 0));
    }
    absl::StrAppend(&html, "</tr>\n");
  }
  return html + "</tbody></table></div>\n";
}

std::string Details(absl::string_view summary, const std::string& html) {
  return absl::StrCat("<details><summary>", EscapeHtml(summary), "</summary>\n", html,
                      "</details>\n");
}

}  // namespace tailcast::report
