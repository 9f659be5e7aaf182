#include "core/bundle/inventory.h"

#include <filesystem>

#include "core/base/files.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/base/unprivileged.h"
#include "tests/core/bundle/contents.h"

namespace tailcast::bundle {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

class InventoryTest : public ::testing::Test {
 protected:
  std::vector<BundleEntry> Take() const { return TakeInventory(repository_).value(); }

  void Publish(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE(repository_.Publish(name, BytesAsContents(bytes), kNow).ok());
  }

  ScratchFolder scratch_;
  const Repository repository_ = Repository::Open(scratch_.path()).value();
};

TEST_F(InventoryTest, HoldsEveryVersionAndLabelByName) {
  Publish("b", "1");
  Publish("a", "1");
  Publish("a", "2");
  ASSERT_TRUE(repository_.SetLabel("a", 2, "stable").ok());
  const std::vector<BundleEntry> entries = Take();
  ASSERT_EQ(entries.size(), 2);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[0].folder, scratch_.File("a"));
  ASSERT_EQ(entries[0].versions.size(), 2);
  EXPECT_EQ(entries[0].versions[1].version, 2);
  EXPECT_EQ(entries[0].versions[1].folder, scratch_.File("a/2"));
  EXPECT_EQ(entries[0].versions[1].info->publish_time, kNow);
  ASSERT_EQ(entries[0].labels->size(), 1);
  EXPECT_EQ((*entries[0].labels)[0].version, 2);
  EXPECT_THAT(*entries[1].labels, IsEmpty());
}

TEST_F(InventoryTest, NumberedFoldersStayInItWhateverTheyHold) {
  Publish("a", "1");
  Publish("a", "2");
  ASSERT_TRUE(RemoveAll(scratch_.File("a/1/manifest.json")).ok());
  ASSERT_TRUE(WriteFileAtomically(scratch_.File("a/2/publish.json"), "{").ok());
  std::filesystem::create_directories(scratch_.File("a/10"));
  std::filesystem::create_directories(scratch_.File("a/.staging-1-2"));
  std::filesystem::create_directories(scratch_.File("a/04"));
  ASSERT_TRUE(WriteFileAtomically(scratch_.File("a/11"), "a file").ok());
  const std::vector<BundleEntry> entries = Take();
  ASSERT_EQ(entries.size(), 1);
  const std::vector<VersionEntry>& versions = entries[0].versions;
  ASSERT_EQ(versions.size(), 3);
  EXPECT_TRUE(versions[0].info.ok()) << "what its record says is known without the manifest";
  EXPECT_EQ(versions[1].info.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(versions[1].info.status().message()),
              HasSubstr(scratch_.File("a/2/publish.json")));
  EXPECT_FALSE(versions[0].complete);
  EXPECT_TRUE(versions[1].complete) << "damaged, but there";
  EXPECT_FALSE(versions[2].complete);
  EXPECT_EQ(versions[2].version, 10);
  EXPECT_EQ(versions[2].info.status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(InventoryTest, AFolderThatMayNotBeReadIsNamedAndHidesNoOther) {
  Publish("a", "1");
  Publish("b", "1");
  OpenToAll(scratch_.path());
  const ClosedFolder closed(scratch_.File("a"));
  const Unprivileged reader;
  const std::vector<BundleEntry> entries = Take();
  ASSERT_EQ(entries.size(), 2);
  EXPECT_EQ(entries[0].fault.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(entries[0].fault.message()), HasSubstr(scratch_.File("a")));
  EXPECT_TRUE(entries[1].fault.ok());
  EXPECT_EQ(entries[1].versions.size(), 1);
  EXPECT_EQ(TakeInventoryOf(repository_, "a").status(), entries[0].fault);
  EXPECT_EQ(TakeInventoryOf(repository_, "c").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(InventoryTest, DamagedLabelsHideNoVersion) {
  Publish("a", "1");
  ASSERT_TRUE(WriteFileAtomically(scratch_.File("a/labels.json"), "garbage").ok());
  const std::vector<BundleEntry> entries = Take();
  ASSERT_EQ(entries.size(), 1);
  EXPECT_EQ(entries[0].versions.size(), 1);
  EXPECT_EQ(entries[0].labels.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(entries[0].labels.status().message()),
              HasSubstr(scratch_.File("a/labels.json")));
}

}  // namespace
}  // namespace tailcast::bundle
