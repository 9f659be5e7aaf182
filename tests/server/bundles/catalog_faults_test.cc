// What goes wrong in a repository, or with a load, and must not take anything else out of service.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <new>

#include "absl/synchronization/notification.h"
#include "core/bundle/records.h"
#include "server/rpc/errors.h"
#include "tests/core/base/unprivileged.h"
#include "tests/server/bundles/catalog_test.h"

namespace tailcast::bundles {
namespace {

std::string RecordOf(const bundle::VersionInfo& version) {
  return version.folder + "/" + bundle::kPublishFile;
}

class CatalogFaultsTest : public CatalogTest {
 protected:
  bundle::Repository repository() const { return bundle::Repository::Open(folder_.path()).value(); }
};

TEST_F(CatalogFaultsTest, ALoadThatThrowsFailsAndIsTriedAgain) {
  Publish("a");
  std::atomic<bool> short_of_memory = true;
  Open({.load_retry_delay = absl::Milliseconds(10),
        .loader = [&short_of_memory](const bundle::VersionInfo& version,
                                     const std::stop_token& stop) {
          if (short_of_memory) throw std::bad_alloc();
          return LoadBundle(version, stop);
        }});
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kFailed));

  short_of_memory = false;

  EXPECT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
}

TEST_F(CatalogFaultsTest, ADamagedRecordTakesNothingOutOfServiceAndIsLoggedOnce) {
  const auto version = Publish("a");
  Open();
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
  const std::string sound = ReadText(RecordOf(version));

  testing::internal::CaptureStderr();
  WriteText(RecordOf(version), "{");
  SleepForLooks();

  EXPECT_EQ(
      CountOf("cannot read what=" + RecordOf(version), testing::internal::GetCapturedStderr()), 1);
  EXPECT_TRUE(catalog_->Acquire(Version("a", 1), version.digest).ok());
  std::filesystem::remove(RecordOf(version));
  SleepForLooks();
  EXPECT_TRUE(AcquireStatus(Version("a", 1)).ok());
  EXPECT_TRUE(Ready("a"));
  std::ofstream(RecordOf(version)) << sound;
  SleepForLooks();
  EXPECT_TRUE(AcquireStatus(Version("a", 1)).ok());
}

TEST_F(CatalogFaultsTest, ANewVersionWithADamagedRecordIsListedAndServesWhenMended) {
  Publish("a", 0.0);
  const auto damaged = Publish("a", 1.0);
  const std::string sound = ReadText(RecordOf(damaged));
  WriteText(RecordOf(damaged), "{");
  Open();

  EXPECT_EQ(StateOf(Version("a", 2)), BundleState::kFailed);
  const absl::Status status = AcquireStatus(Version("a", 2));
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(rpc::ErrorReasonOf(status), "BUNDLE_DAMAGED");
  EXPECT_NE(std::string(status.message()).find(bundle::kPublishFile), std::string::npos);
  EXPECT_TRUE(AwaitHandle(Version("a", 1)));

  WriteText(RecordOf(damaged), sound);

  EXPECT_TRUE(AwaitState(Version("a", 2), BundleState::kActive));
  EXPECT_TRUE(catalog_->Acquire(Version("a", 2), damaged.digest).ok());
}

TEST_F(CatalogFaultsTest, AHalfWrittenVersionIsNone) {
  Publish("a");
  std::filesystem::create_directories(folder_.File("a/7"));
  std::filesystem::create_directories(folder_.File("b/1"));
  Open();
  EXPECT_EQ(catalog_->Get(Version("a", 7)).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(catalog_->List("-", {}, 10)->size(), 1);
  EXPECT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
}

TEST_F(CatalogFaultsTest, AFolderThatMayNotBeReadAtStartHidesNoOther) {
  Publish("a");
  Publish("b");
  OpenToAll(folder_.path());
  const ClosedFolder closed(folder_.File("a"));
  testing::internal::CaptureStderr();
  {
    const Unprivileged reader;
    Open();
  }
  EXPECT_TRUE(AwaitState(Version("b", 1), BundleState::kActive));
  EXPECT_EQ(catalog_->Get(Version("a", 1)).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(CountOf("cannot read what=" + folder_.File("a") + " ",
                    testing::internal::GetCapturedStderr()),
            1);
}

TEST_F(CatalogFaultsTest, AFolderThatMayNotBeReadAnyMoreStaysAsItWasAndFreezesNoOther) {
  Publish("a");
  Publish("b");
  OpenToAll(folder_.path());
  {
    const Unprivileged reader;
    Open();
  }
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
  ASSERT_TRUE(AwaitState(Version("b", 1), BundleState::kActive));

  const ClosedFolder closed(folder_.File("a"));
  ASSERT_TRUE(repository().SetLabel("b", 1, "stable").ok());

  EXPECT_TRUE(Await([&] { return catalog_->Get(Label("b", "stable")).ok(); }));
  EXPECT_TRUE(AcquireStatus(Version("a", 1)).ok());
  EXPECT_TRUE(Ready("a"));
}

TEST_F(CatalogFaultsTest, SoundFilesThatCannotServeAreNotCalledDamaged) {
  Publish("a");
  Open({.loader = [](const bundle::VersionInfo&, const std::stop_token&) {
    return absl::FailedPreconditionError("row 3 of the probe is not finite");
  }});
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kFailed));

  const absl::Status status = AcquireStatus(Version("a", 1));

  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(std::string(status.message()).find("damaged"), std::string::npos) << status;
}

TEST_F(CatalogFaultsTest, UnloadingABundleHoldsNobodyUp) {
  const auto gone = Publish("a");
  Publish("b");
  absl::Notification dying, answered;
  std::atomic<bool> answered_in_time = false;
  const auto die = [&](void*) {
    dying.Notify();
    answered_in_time = answered.WaitForNotificationWithTimeout(absl::Seconds(5));
  };
  Open({.loader = [&die](const bundle::VersionInfo& version, const std::stop_token& stop)
            -> absl::StatusOr<std::shared_ptr<const ServedBundle>> {
    if (version.name != "a") return LoadBundle(version, stop);
    LoadedBundle loaded;
    loaded.version = version;
    loaded.bundle = bundle::ReadBundle(version.folder).value();
    loaded.compile = [last_breath = std::shared_ptr<void>(nullptr, die)](const SamplerSpec&) {
      return absl::UnavailableError("not needed here");
    };
    return std::make_shared<const ServedBundle>(std::move(loaded));
  }});
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));

  std::filesystem::remove_all(folder_.File("a"));
  ASSERT_TRUE(dying.WaitForNotificationWithTimeout(absl::Seconds(10)));
  EXPECT_TRUE(catalog_->Get(Version("b", 1)).ok());
  answered.Notify();

  EXPECT_TRUE(Await([&] { return answered_in_time.load(); }));
}

}  // namespace
}  // namespace tailcast::bundles
