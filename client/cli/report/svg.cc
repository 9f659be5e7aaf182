#include "client/cli/report/svg.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/report/html.h"

namespace tailcast::report {
namespace {

// A tenth of a unit is finer than a pixel.
std::string Coordinate(double value) { return absl::StrFormat("%.1f", value); }

// 1, 2 or 5 times a power of ten, so that about `count` steps cover `extent`.
double RoundStep(double extent, int count) {
  const double rough = extent / count;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (rough <= factor * power * (1 + 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string Tooltip(absl::string_view text) {
  return text.empty() ? "" : absl::StrCat("<title>", EscapeHtml(text), "</title>");
}

}  // namespace

LinearScale::LinearScale(double low, double high, double from, double to)
    : low_(low), high_(high), from_(from), to_(to) {}

double LinearScale::operator()(double value) const {
  if (!(high_ > low_)) return (from_ + to_) / 2;
  return from_ + (value - low_) / (high_ - low_) * (to_ - from_);
}

std::vector<double> LinearScale::Ticks(int count) const {
  std::vector<double> ticks;
  if (!(high_ > low_)) return ticks;
  const double step = RoundStep(high_ - low_, count);
  const double tolerance = step * 1e-6;
  const double first = std::ceil((low_ - tolerance) / step);
  // At the ends of what a double can hold, steps may vanish: the count bounds the loop too.
  for (int i = 0; i <= count && (first + i) * step <= high_ + tolerance; ++i) {
    ticks.push_back((first + i) * step + 0.0);  // no -0
  }
  return ticks;
}

Svg::Svg(double width, double height, absl::string_view title, absl::string_view description)
    : head_(absl::StrCat("<svg viewBox=\"0 0 ", Coordinate(width), " ", Coordinate(height),
                         "\" role=\"img\" aria-label=\"", EscapeHtml(title), ". ",
                         EscapeHtml(description), "\">\n")) {}

void Svg::Line(Point from, Point to, absl::string_view css_class) {
  absl::StrAppend(&body_, "<line class=\"", css_class, "\" x1=\"", Coordinate(from.x), "\" y1=\"",
                  Coordinate(from.y), "\" x2=\"", Coordinate(to.x), "\" y2=\"", Coordinate(to.y));
  absl::StrAppend(&body_, "\"/>\n");
}

void Svg::AddMark(Mark mark, Point center, double size, absl::string_view css_class,
                  absl::string_view tooltip) {
  const std::string x = Coordinate(center.x), y = Coordinate(center.y);
  if (mark == Mark::kCircle) {
    absl::StrAppend(&body_, "<circle class=\"", css_class, "\" cx=\"", x, "\" cy=\"", y, "\" r=\"",
                    Coordinate(size));
    absl::StrAppend(&body_, "\">", Tooltip(tooltip), "</circle>\n");
    return;
  }
  // A square, turned by 45 degrees for the diamond.
  absl::StrAppend(&body_, "<rect class=\"", css_class, "\" x=\"", Coordinate(center.x - size),
                  "\" y=\"", Coordinate(center.y - size), "\" width=\"", Coordinate(2 * size));
  absl::StrAppend(&body_, "\" height=\"", Coordinate(2 * size), "\"");
  if (mark == Mark::kDiamond) {
    absl::StrAppend(&body_, " transform=\"rotate(45 ", x, " ", y, ")\"");
  }
  absl::StrAppend(&body_, ">", Tooltip(tooltip), "</rect>\n");
}

void Svg::Box(Point corner, double width, double height, absl::string_view css_class) {
  absl::StrAppend(&body_, "<rect class=\"", css_class, "\" x=\"", Coordinate(corner.x), "\" y=\"",
                  Coordinate(corner.y), "\" width=\"", Coordinate(width), "\" height=\"");
  absl::StrAppend(&body_, Coordinate(height), "\" rx=\"2\"/>\n");
}

void Svg::Text(Point at, absl::string_view text, absl::string_view css_class) {
  absl::StrAppend(&body_, "<text class=\"", css_class, "\" x=\"", Coordinate(at.x), "\" y=\"",
                  Coordinate(at.y), "\">", EscapeHtml(text), "</text>\n");
}

std::string Svg::Html() const { return absl::StrCat(head_, body_, "</svg>\n"); }

}  // namespace tailcast::report
