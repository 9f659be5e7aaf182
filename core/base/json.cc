#include "core/base/json.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/quoted.h"

namespace tailcast {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;
constexpr size_t kMaxShownBytes = 200;

// JSON text of one value without members, in ASCII.
std::string AsciiText(const json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
}

std::string AsciiText(const std::string& text) {
  return AsciiText(json(text.substr(0, kMaxShownBytes)));
}

// Appends the JSON text of a value; of a large one only enough to fill a message.
void AppendText(const json& value, std::string& text) {
  if (value.is_string()) {
    text += AsciiText(value.get_ref<const std::string&>());
  } else if (!value.is_structured()) {
    text += AsciiText(value);
  } else {
    text += value.is_array() ? '[' : '{';
    const char* separator = "";
    for (const auto& [name, member] : value.items()) {
      if (text.size() > kMaxShownBytes) return;
      text += std::exchange(separator, ",");
      if (value.is_object()) text += AsciiText(name) + ":";
      AppendText(member, text);
    }
    text += value.is_array() ? ']' : '}';
  }
}

// A value for a message: short, and free of bytes that a terminal or a log would stumble over.
std::string ValueText(const json& value) {
  std::string text;
  AppendText(value, text);
  if (text.size() > kMaxShownBytes) text.replace(kMaxShownBytes, std::string::npos, "...");
  return text;
}

// Sees the parser's events to refuse what JSON leaves open: names that occur twice, deep nesting.
class StrictEvents {
 public:
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    using Event = json::parse_event_t;
    if (!error_.empty()) return false;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= kMaxDepth) SetError(absl::StrCat("nesting above ", kMaxDepth, " levels"));
      names_.emplace_back();
    } else if (event == Event::object_end || event == Event::array_end) {
      if (!names_.empty()) names_.pop_back();
    } else if (event == Event::key && !names_.empty()) {
      const auto& name = parsed.get_ref<const std::string&>();
      if (!names_.back().insert(name).second) {
        SetError(absl::StrCat("member ", Quoted(name), " occurs twice"));
      }
    }
    return error_.empty();
  }

  const std::string& error() const { return error_; }

 private:
  void SetError(std::string error) {
    if (error_.empty()) error_ = std::move(error);
  }

  std::vector<std::set<std::string>> names_;
  std::string error_;
};

// The library's message without its "[json.exception...] "; it quotes the text that it read.
std::string ReasonOf(const json::exception& error) {
  std::string text = error.what();
  if (const size_t bracket = text.find("] "); bracket != std::string::npos) {
    text.erase(0, bracket + 2);
  }
  if (text.size() > kMaxShownBytes) text.replace(kMaxShownBytes, std::string::npos, "...");
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

bool IsFinite(const json& value) {
  if (value.is_number_float()) return std::isfinite(value.get<double>());
  if (!value.is_structured()) return !value.is_discarded() && !value.is_binary();
  return std::all_of(value.begin(), value.end(), IsFinite);
}

bool FitsInt64(const json& value, int64_t min, int64_t max) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX}) return false;
  return value.get<int64_t>() >= min && value.get<int64_t>() <= max;
}

bool IsFiniteNumber(const json& value) {
  return value.is_number() && std::isfinite(value.get<double>());
}

const json& EmptyObject() {
  static const auto& object = *new json(json::object());
  return object;
}

bool IsString(const json& value) { return value.is_string(); }

template <typename Test>
bool IsListOf(const json& value, Test test) {
  return value.is_array() && std::all_of(value.begin(), value.end(), test);
}

}  // namespace

absl::StatusOr<json> ParseJson(absl::string_view text, absl::string_view what) {
  StrictEvents events;
  try {
    json value = json::parse(text.begin(), text.end(), std::ref(events));
    if (events.error().empty()) return value;
  } catch (const json::exception& error) {
    if (events.error().empty()) {
      return absl::InvalidArgumentError(absl::StrCat(what, " is not JSON: ", ReasonOf(error)));
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is JSON that is not accepted: ", events.error()));
}

absl::StatusOr<std::string> CanonicalJson(const json& value) {
  if (!IsFinite(value)) {
    return absl::InvalidArgumentError("a number in JSON is not finite; expected finite numbers");
  }
  try {
    return value.dump(/*indent=*/-1);
  } catch (const json::exception& error) {
    return absl::InvalidArgumentError(absl::StrCat("cannot write JSON: ", ReasonOf(error)));
  }
}

JsonReader::JsonReader(const json& object, std::string what)
    : object_(object.is_object() ? object : EmptyObject()), what_(std::move(what)) {
  if (object.is_object()) return;
  status_ = absl::InvalidArgumentError(
      absl::StrCat(what_, " is a JSON ", object.type_name(), "; expected an object"));
}

void JsonReader::Fail(const char* member, const json* value, const std::string& expected) {
  if (!status_.ok()) return;
  const std::string shown = value == nullptr ? "is missing" : "is " + ValueText(*value);
  status_ = absl::InvalidArgumentError(
      absl::StrCat(what_, ": member '", member, "' ", shown, "; expected ", expected));
}

const json* JsonReader::Member(const char* member, const char* expected) {
  read_.push_back(member);
  const auto found = object_.find(member);
  if (found != object_.end()) return &*found;
  Fail(member, nullptr, expected);
  return nullptr;
}

std::string JsonReader::String(const char* member) {
  const char* expected = "a string";
  const json* value = Member(member, expected);
  if (value == nullptr) return "";
  if (value->is_string()) return value->get<std::string>();
  Fail(member, value, expected);
  return "";
}

int64_t JsonReader::Int64(const char* member, int64_t min, int64_t max) {
  const std::string expected = absl::StrCat("an integer in [", min, ", ", max, "]");
  const json* value = Member(member, expected.c_str());
  if (value == nullptr) return min;
  if (FitsInt64(*value, min, max)) return value->get<int64_t>();
  Fail(member, value, expected);
  return min;
}

double JsonReader::Double(const char* member, double min, double max) {
  const std::string expected = absl::StrCat("a number in [", min, ", ", max, "]");
  const json* value = Member(member, expected.c_str());
  if (value == nullptr) return min;
  if (IsFiniteNumber(*value) && value->get<double>() >= min && value->get<double>() <= max) {
    return value->get<double>();
  }
  Fail(member, value, expected);
  return min;
}

bool JsonReader::Bool(const char* member) {
  const char* expected = "true or false";
  const json* value = Member(member, expected);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  Fail(member, value, expected);
  return false;
}

std::vector<int64_t> JsonReader::Int64List(const char* member, int64_t min, int64_t max) {
  const std::string expected = absl::StrCat("a list of integers in [", min, ", ", max, "]");
  const json* value = Member(member, expected.c_str());
  if (value == nullptr) return {};
  const auto fits = [=](const json& element) { return FitsInt64(element, min, max); };
  if (IsListOf(*value, fits)) return value->get<std::vector<int64_t>>();
  Fail(member, value, expected);
  return {};
}

std::vector<double> JsonReader::DoubleList(const char* member) {
  const char* expected = "a list of finite numbers";
  const json* value = Member(member, expected);
  if (value == nullptr) return {};
  if (IsListOf(*value, IsFiniteNumber)) return value->get<std::vector<double>>();
  Fail(member, value, expected);
  return {};
}

std::vector<std::string> JsonReader::StringList(const char* member) {
  const char* expected = "a list of strings";
  const json* value = Member(member, expected);
  if (value == nullptr) return {};
  if (IsListOf(*value, IsString)) return value->get<std::vector<std::string>>();
  Fail(member, value, expected);
  return {};
}

json JsonReader::Object(const char* member) {
  const char* expected = "an object";
  const json* value = Member(member, expected);
  if (value == nullptr) return json::object();
  if (value->is_object()) return *value;
  Fail(member, value, expected);
  return json::object();
}

bool JsonReader::Has(const char* member) const { return object_.contains(member); }

absl::Status JsonReader::Finish() const {
  if (!status_.ok()) return status_;
  for (const auto& [name, value] : object_.items()) {
    if (std::find(read_.begin(), read_.end(), name) != read_.end()) continue;
    return absl::InvalidArgumentError(absl::StrCat(what_, ": unknown member ", Quoted(name),
                                                   "; expected only ", absl::StrJoin(read_, ", ")));
  }
  return absl::OkStatus();
}

}  // namespace tailcast
