#include "core/contract/balance_rule.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"

namespace tailcast {
namespace {

absl::Status WrongRule(absl::string_view rule, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("plan ", Quoted(rule), " is wrong; expected ", expected));
}

absl::StatusOr<int64_t> ParseRows(absl::string_view rule, absl::string_view text) {
  int64_t rows = 0;
  if (absl::SimpleAtoi(text, &rows) && rows >= 0) return rows;
  return WrongRule(rule, absl::StrCat("a whole number of rows, not ", Quoted(text)));
}

// Round half to even, independent of the processor's rounding mode.
double RoundHalfEven(double value) {
  const double floor = std::floor(value), rest = value - floor;
  const bool odd = std::fmod(floor, 2.0) != 0.0;
  return rest > 0.5 || (rest == 0.5 && odd) ? floor + 1.0 : floor;
}

using Weights = std::vector<int64_t>;

absl::StatusOr<Weights> BalanceTo(absl::string_view rule, absl::string_view text,
                                  const std::vector<int64_t>& counts) {
  ASSIGN_OR_RETURN(const int64_t target, ParseRows(rule, text));
  Weights weights;
  for (const int64_t count : counts) weights.push_back(std::max<int64_t>(0, target - count));
  return weights;
}

absl::StatusOr<Weights> Ratio(absl::string_view rule, absl::string_view text,
                              const std::vector<int64_t>& counts) {
  double ratio = 0.0;
  if (!absl::SimpleAtod(text, &ratio) || !std::isfinite(ratio) || ratio < 0.0) {
    return WrongRule(rule, absl::StrCat("a finite ratio of at least 0, not ", Quoted(text)));
  }
  Weights weights;
  for (const int64_t count : counts) {
    const double rows = RoundHalfEven(ratio * static_cast<double>(count));
    // One above the limit stands for all that is too much.
    weights.push_back(rows > static_cast<double>(kMaxPeriod) ? kMaxPeriod + 1
                                                             : static_cast<int64_t>(rows));
  }
  return weights;
}

absl::StatusOr<Weights> Each(absl::string_view rule, absl::string_view text,
                             const std::vector<int64_t>& counts) {
  ASSIGN_OR_RETURN(const int64_t rows, ParseRows(rule, text));
  return Weights(counts.size(), rows);
}

absl::StatusOr<Weights> Counts(absl::string_view rule, absl::string_view text,
                               const std::vector<int64_t>& counts) {
  Weights weights;
  for (const absl::string_view part : absl::StrSplit(text, ',')) {
    ASSIGN_OR_RETURN(const int64_t rows, ParseRows(rule, part));
    weights.push_back(rows);
  }
  if (weights.size() == counts.size()) return weights;
  return WrongRule(rule,
                   absl::StrCat(counts.size(), " counts, one per class, not ", weights.size()));
}

absl::StatusOr<Weights> WeightsOfRule(absl::string_view rule, const std::vector<int64_t>& counts) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(rule, absl::MaxSplits('=', 1));
  if (parts.first == "balance-to") return BalanceTo(rule, parts.second, counts);
  if (parts.first == "ratio") return Ratio(rule, parts.second, counts);
  if (parts.first == "each") return Each(rule, parts.second, counts);
  if (parts.first == "counts") return Counts(rule, parts.second, counts);
  return WrongRule(rule, "balance-to=N, ratio=R, each=N or counts=A,B,...");
}

absl::StatusOr<PlanSpec> PlanOfWeights(const Weights& weights, const std::vector<int64_t>& counts,
                                       absl::string_view rule) {
  PlanSpec spec;
  int64_t period = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    if (counts[i] < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("plan ", Quoted(rule), " asks for ", weights[i], " rows of class ", i,
                       ", which has no training rows; expected 0 rows of it"));
    }
    period = std::min(weights[i], kMaxPeriod + 1) + period;
    if (period > kMaxPeriod) {
      return WrongRule(rule, absl::StrCat("at most ", kMaxPeriod, " rows in all"));
    }
    spec.class_weights.push_back({.class_index = static_cast<int32_t>(i), .weight = weights[i]});
  }
  if (period == 0) return WrongRule(rule, "a plan of at least one row, not of 0 rows");
  RETURN_IF_ERROR(Plan::Create(spec).status());
  return spec;
}

absl::Status ValidateCounts(const std::vector<int64_t>& counts) {
  if (counts.empty()) {
    return absl::InvalidArgumentError("class counts are empty; expected one per class");
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] >= 0) continue;
    return absl::InvalidArgumentError(absl::StrCat("the count of class ", i, " is ", counts[i],
                                                   "; expected at least 0 training rows"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PlanSpec> PlanFromRule(absl::string_view rule, const std::vector<int64_t>& counts) {
  RETURN_IF_ERROR(ValidateCounts(counts));
  ASSIGN_OR_RETURN(const Weights weights, WeightsOfRule(rule, counts));
  return PlanOfWeights(weights, counts, rule);
}

absl::Status CheckBalanceRule(absl::string_view rule) {
  const auto commas = static_cast<size_t>(std::count(rule.begin(), rule.end(), ','));
  return WeightsOfRule(rule, std::vector<int64_t>(commas + 1, 1)).status();
}

absl::StatusOr<PlanSpec> PlanOfClasses(const std::vector<int32_t>& classes, int64_t rows_per_class,
                                       const std::vector<int64_t>& counts) {
  RETURN_IF_ERROR(ValidateCounts(counts));
  if (rows_per_class < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("the number of rows per class is ", rows_per_class, "; expected at least 1"));
  }
  Weights weights(counts.size(), 0);
  for (const int32_t class_index : classes) {
    if (class_index < 0 || class_index >= static_cast<int64_t>(counts.size())) {
      return absl::InvalidArgumentError(absl::StrCat("class ", class_index,
                                                     " is out of range; expected [0, ",
                                                     counts.size() - 1, "], K = ", counts.size()));
    }
    int64_t& weight = weights[static_cast<size_t>(class_index)];
    if (weight != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("class ", class_index, " is named twice; expected each class once"));
    }
    weight = rows_per_class;
  }
  return PlanOfWeights(weights, counts, absl::StrCat(rows_per_class, " rows of each class named"));
}

}  // namespace tailcast
