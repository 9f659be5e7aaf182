#include "client/cli/number_flag.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace tailcast::cli {
namespace {

std::string Describe(IntegerRange range) {
  if (range.max == std::numeric_limits<int64_t>::max()) return absl::StrCat(range.min, " or more");
  return absl::StrCat(range.min, " to ", range.max);
}

std::string Describe(NumberRange range) {
  return absl::StrFormat("%g to %s%g", range.min, range.excludes_max ? "below " : "", range.max);
}

std::string OutOfRange(const std::string& text, const std::string& expected) {
  return absl::StrCat("'", text, "' is not accepted; expected ", expected);
}

}  // namespace

// CLI11 alone would read "010" as octal 8, and accept NaN.
CLI::Option* AddIntegerFlag(CLI::App& command, const std::string& name, int64_t& value,
                            IntegerRange range, const std::string& description) {
  const auto check = [range](std::string& text) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(text, &number) || number < range.min || number > range.max) {
      return OutOfRange(text, absl::StrCat("an integer, ", Describe(range)));
    }
    text = absl::StrCat(number);
    return std::string();
  };
  return command.add_option(name, value, absl::StrCat(description, " (", Describe(range), ")"))
      ->transform(CLI::Validator(check, ""))
      ->type_name("N")
      ->capture_default_str();
}

CLI::Option* AddNumberFlag(CLI::App& command, const std::string& name, double& value,
                           NumberRange range, const std::string& description) {
  const auto check = [range](std::string& text) {
    double number = 0;
    if (!absl::SimpleAtod(text, &number) || !std::isfinite(number) || number < range.min ||
        number > range.max || (range.excludes_max && number == range.max)) {
      return OutOfRange(text, absl::StrCat("a number, ", Describe(range)));
    }
    return std::string();
  };
  return command.add_option(name, value, absl::StrCat(description, " (", Describe(range), ")"))
      ->transform(CLI::Validator(check, ""))
      ->type_name("X")
      ->capture_default_str();
}

}  // namespace tailcast::cli
