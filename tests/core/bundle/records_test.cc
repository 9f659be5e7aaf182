#include "core/bundle/records.h"

#include "core/base/files.h"
#include "core/bundle/manifest.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/base/scratch_folder.h"

namespace tailcast::bundle {
namespace {

using ::testing::HasSubstr;

const absl::Time kTime = absl::FromUnixMicros(1'700'000'000'123'456);

// Both forms are those of stored repositories: a change here makes them unreadable.

TEST(RecordsTest, TheFormOfAPublishRecordIsFixed) {
  const PublishRecord record = {
      .digest = Sha256Of(""), .publish_time = kTime, .tool_version = "0.1.0"};
  const std::string text = SerializePublishRecord(record).value();
  EXPECT_EQ(text, R"({"digest":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",)"
                  R"("format":"tailcast.publish.v1","publish_time":"2023-11-14T22:13:20.123456Z",)"
                  R"("tool_version":"0.1.0"})");
  const PublishRecord read = ParsePublishRecord(text, "publish.json").value();
  EXPECT_EQ(read.digest, record.digest);
  EXPECT_EQ(read.publish_time, kTime);
  EXPECT_EQ(read.tool_version, "0.1.0");
}

TEST(RecordsTest, TheFormOfLabelsIsFixed) {
  const std::string text =
      SerializeLabels({{.label = "stable", .version = 3, .update_time = kTime},
                       {.label = "canary", .version = 12, .update_time = absl::UnixEpoch()}})
          .value();
  EXPECT_EQ(text, R"({"format":"tailcast.labels.v1","labels":{)"
                  R"("canary":{"update_time":"1970-01-01T00:00:00Z","version":12},)"
                  R"("stable":{"update_time":"2023-11-14T22:13:20.123456Z","version":3}}})");
  const std::vector<LabelInfo> labels = ParseLabels(text, "labels.json").value();
  ASSERT_EQ(labels.size(), 2);
  EXPECT_EQ(labels[0].label, "canary");
  EXPECT_EQ(labels[1].version, 3);
  EXPECT_EQ(labels[1].update_time, kTime);
}

TEST(RecordsTest, EveryTruncationIsRefusedByName) {
  const std::string record =
      SerializePublishRecord(
          {.digest = Sha256Of(""), .publish_time = kTime, .tool_version = "0.1.0"})
          .value();
  for (size_t size = 0; size < record.size(); ++size) {
    const auto parsed =
        ParsePublishRecord(absl::string_view(record).substr(0, size), "'/r/a/1/publish.json'");
    ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    ASSERT_THAT(std::string(parsed.status().message()), HasSubstr("/r/a/1/publish.json"));
  }
}

// Spaces after a record mean nothing, so they make one of any size.
TEST(RecordsTest, RecordsAboveTheLimitAreRefused) {
  const ScratchFolder folder;
  const auto write = [&](const char* file, std::string text, int64_t size) {
    text.resize(static_cast<size_t>(size), ' ');
    ASSERT_TRUE(WriteFileAtomically(folder.File(file), text).ok());
  };
  const std::string record =
      SerializePublishRecord(
          {.digest = Sha256Of(""), .publish_time = kTime, .tool_version = "0.1.0"})
          .value();
  const std::string labels =
      SerializeLabels({{.label = "stable", .version = 3, .update_time = kTime}}).value();
  write(kPublishFile, record, kMaxRecordBytes);
  write(kLabelsFile, labels, kMaxRecordBytes);
  EXPECT_TRUE(ReadPublishRecord(folder.path()).ok());
  EXPECT_EQ(ReadLabels(folder.path())->size(), 1u);

  write(kPublishFile, record, kMaxRecordBytes + 1);
  write(kLabelsFile, labels, kMaxRecordBytes + 1);
  for (const absl::Status& status :
       {ReadPublishRecord(folder.path()).status(), ReadLabels(folder.path()).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(".json' is too large; expected at most 16777216 bytes"));
  }
}

TEST(RecordsTest, ABundleHasAThousandLabelsAndNoMore) {
  std::vector<LabelInfo> labels;
  for (size_t i = 0; i < kMaxLabels; ++i) {
    labels.push_back({.label = std::to_string(i), .version = 1, .update_time = kTime});
  }
  std::string text = SerializeLabels(labels).value();
  EXPECT_EQ(ParseLabels(text, "labels.json")->size(), kMaxLabels);

  const size_t first = text.find("\"0\":");
  text.insert(first, R"("a":{"update_time":"2025-01-31T12:00:00Z","version":1},)");
  labels.push_back({.label = "a", .version = 1, .update_time = kTime});
  for (const absl::Status& status :
       {SerializeLabels(labels).status(), ParseLabels(text, "labels.json").status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(status.message(), "labels.json: 1001 labels; expected at most 1000");
  }
}

}  // namespace
}  // namespace tailcast::bundle
