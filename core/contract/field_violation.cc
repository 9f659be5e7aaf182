#include "core/contract/field_violation.h"

#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

namespace tailcast {
namespace {

constexpr char kPayloadUrl[] = "tailcast.dev/field_violations";

// Splits "stream.seed is -1; ..." or "stream.seed: ..." after its first word.
FieldViolation FromMessage(absl::string_view message) {
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(message, absl::MaxSplits(' ', 1));
  return {.field = std::string(absl::StripSuffix(parts.first, ":")),
          .description = std::string(parts.second)};
}

}  // namespace

absl::Status FieldViolationsError(const std::vector<FieldViolation>& violations) {
  const auto append_text = [](std::string* out, const FieldViolation& violation) {
    absl::StrAppend(out, violation.field, " ", violation.description);
  };
  absl::Status status = absl::InvalidArgumentError(absl::StrJoin(violations, "; ", append_text));
  nlohmann::json list = nlohmann::json::array();
  for (const FieldViolation& violation : violations) {
    list.push_back({violation.field, violation.description});
  }
  // Text that is not UTF-8 may be quoted from a request.
  using ErrorHandler = nlohmann::json::error_handler_t;
  status.SetPayload(kPayloadUrl, absl::Cord(list.dump(-1, ' ', false, ErrorHandler::replace)));
  return status;
}

std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  if (!payload.has_value()) return {FromMessage(status.message())};
  const auto list = nlohmann::json::parse(std::string(*payload), nullptr, /*exceptions=*/false);
  std::vector<FieldViolation> violations;
  for (const auto& entry : list) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_string() || !entry[1].is_string()) {
      return {FromMessage(status.message())};  // written by something else under our key
    }
    violations.push_back({entry[0].get<std::string>(), entry[1].get<std::string>()});
  }
  if (violations.empty()) return {FromMessage(status.message())};
  return violations;
}

}  // namespace tailcast
