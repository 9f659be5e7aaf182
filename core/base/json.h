#ifndef TAILCAST_CORE_BASE_JSON_H_
#define TAILCAST_CORE_BASE_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"

namespace tailcast {

// INVALID_ARGUMENT, naming `what` (a file, say) and the position, if `text` is not JSON. Nesting
// above 64 levels is refused.
absl::StatusOr<nlohmann::json> ParseJson(absl::string_view text, absl::string_view what);

// Sorted keys, no spaces, UTF-8: the form of which digests are taken. INVALID_ARGUMENT for text
// that is not UTF-8 and for numbers that are not finite.
absl::StatusOr<std::string> CanonicalJson(const nlohmann::json& value);

// Reads the members of one JSON object and remembers the first error, so that a parser reads as a
// list of its fields. Every error names `what`, the member, the value and what was expected.
//   JsonReader reader(json, "manifest.json");
//   options.width = reader.Int64("width", /*min=*/1, /*max=*/4096);
//   RETURN_IF_ERROR(reader.Finish());
class JsonReader {
 public:
  // `object` must outlive the reader.
  JsonReader(const nlohmann::json& object, std::string what);
  JsonReader(nlohmann::json&& object, std::string what) = delete;

  std::string String(const char* member);
  int64_t Int64(const char* member, int64_t min, int64_t max);
  double Double(const char* member, double min, double max);
  bool Bool(const char* member);
  std::vector<int64_t> Int64List(const char* member, int64_t min, int64_t max);
  std::vector<double> DoubleList(const char* member);
  std::vector<std::string> StringList(const char* member);
  // The member as it is; an empty object after an error.
  nlohmann::json Object(const char* member);
  bool Has(const char* member) const;

  // The first error. Unknown members are an error too: they would be silently ignored settings.
  absl::Status Finish() const;

 private:
  const nlohmann::json* Member(const char* member, const char* expected);
  void Fail(const char* member, const nlohmann::json* value, const std::string& expected);

  const nlohmann::json& object_;
  std::string what_;
  std::vector<std::string> read_;
  absl::Status status_;
};

}  // namespace tailcast

#endif  // TAILCAST_CORE_BASE_JSON_H_
