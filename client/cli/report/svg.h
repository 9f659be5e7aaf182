#ifndef TAILCAST_CLIENT_CLI_REPORT_SVG_H_
#define TAILCAST_CLIENT_CLI_REPORT_SVG_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace tailcast::report {

// From values to coordinates. A domain of no extent maps to the middle.
class LinearScale {
 public:
  LinearScale(double low, double high, double from, double to);
  double operator()(double value) const;
  // Round values inside the domain, at most `count` + 1.
  std::vector<double> Ticks(int count) const;

 private:
  double low_, high_, from_, to_;
};

// An inline SVG picture: elements in order of painting, colours by CSS class, so that one picture
// serves the light and the dark page. Text is escaped here.
class Svg {
 public:
  struct Point {
    double x, y;
  };
  enum class Mark { kCircle, kSquare, kDiamond };

  // `title` and `description` are read out in place of the picture.
  Svg(double width, double height, absl::string_view title, absl::string_view description);

  void Line(Point from, Point to, absl::string_view css_class);
  // `size`: half the extent. `tooltip` may be empty.
  void AddMark(Mark mark, Point center, double size, absl::string_view css_class,
               absl::string_view tooltip = "");
  void Box(Point corner, double width, double height, absl::string_view css_class);
  // The class decides the anchor too ("start" is the default).
  void Text(Point at, absl::string_view text, absl::string_view css_class);

  std::string Html() const;

 private:
  std::string head_, body_;
};

}  // namespace tailcast::report

#endif  // TAILCAST_CLIENT_CLI_REPORT_SVG_H_
