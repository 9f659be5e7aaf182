#include "absl/strings/string_view.h"
#include "core/bundle/records.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  const absl::Time time = absl::FromUnixMicros(1'700'000'000'123'456);
  const std::vector<bundle::LabelInfo> labels = {
      {.label = "canary", .version = 12, .update_time = time},
      {.label = "stable", .version = 3, .update_time = absl::UnixEpoch()}};
  return {bundle::SerializePublishRecord(
              {.digest = Sha256Of("x"), .publish_time = time, .tool_version = "0.1.0"})
              .value(),
          bundle::SerializeLabels(labels).value(), bundle::SerializeLabels({}).value()};
}

namespace {

void TestPublishRecord(absl::string_view text) {
  const auto record = bundle::ParsePublishRecord(text, "input");
  if (!record.ok()) {
    FuzzCheck(record.status().code() == absl::StatusCode::kInvalidArgument,
              "faults are the input's");
    return;
  }
  const std::string written = bundle::SerializePublishRecord(*record).value();
  const auto again = bundle::ParsePublishRecord(written, "again");
  FuzzCheck(again.ok() && bundle::SerializePublishRecord(*again).value() == written,
            "a record that was read can be written");
}

void TestLabels(absl::string_view text) {
  const auto labels = bundle::ParseLabels(text, "input");
  if (!labels.ok()) {
    FuzzCheck(labels.status().code() == absl::StatusCode::kInvalidArgument,
              "faults are the input's");
    return;
  }
  for (const bundle::LabelInfo& label : *labels) {
    FuzzCheck(ValidateBundleName(label.label).ok() && label.version >= 1,
              "labels have names and point at versions");
  }
  const std::string written = bundle::SerializeLabels(*labels).value();
  const auto again = bundle::ParseLabels(written, "again");
  FuzzCheck(again.ok() && bundle::SerializeLabels(*again).value() == written,
            "labels that were read can be written");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  tailcast::TestPublishRecord(text);
  tailcast::TestLabels(text);
  return 0;
}
