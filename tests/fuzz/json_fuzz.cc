#include "absl/strings/string_view.h"
#include "core/base/json.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  return {
      R"({"s":"a\u00e9\n","i":-12,"d":2.5e-3,"b":true,"il":[1,2],"dl":[0.5],"sl":["x"],"o":{}})",
      R"([[[[1,2],{"a":null}]],18446744073709551615,"\ud83d\ude00"])",
      R"({"i":9223372036854775808})", std::string(100, '[')};
}

namespace {

void ReadEveryMember(const nlohmann::json& value) {
  JsonReader reader(value, "input");
  reader.String("s");
  const int64_t number = reader.Int64("i", -100, 100);
  FuzzCheck(number >= -100 && number <= 100, "integers are in their range");
  reader.Double("d", 0.0, 1.0);
  reader.Bool("b");
  reader.Int64List("il", 0, 9);
  reader.DoubleList("dl");
  reader.StringList("sl");
  FuzzCheck(reader.Object("o").is_object(), "an object is one");
  if (!reader.Finish().ok()) FuzzCheck(!reader.Finish().message().empty(), "errors say why");
}

void TestOne(absl::string_view text) {
  const auto value = ParseJson(text, "input");
  if (!value.ok()) return;
  const auto canonical = CanonicalJson(*value);
  FuzzCheck(canonical.ok(), "what was read can be written");
  const auto again = ParseJson(*canonical, "canonical");
  FuzzCheck(again.ok() && *CanonicalJson(*again) == *canonical, "the canonical form is stable");
  ReadEveryMember(*value);
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
