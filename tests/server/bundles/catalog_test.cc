#include "server/bundles/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "server/rpc/errors.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/fakes/published_bundle.h"

namespace tailcast::bundles {
namespace {

using bundle::BundleReference;
using bundle::TestBundleOptions;
using convert::BundleState;

BundleReference Version(const std::string& name, int64_t version) {
  return {.name = name, .version = version, .label = std::nullopt};
}
BundleReference Label(const std::string& name, const std::string& label) {
  return {.name = name, .version = std::nullopt, .label = label};
}

class CatalogTest : public testing::Test {
 protected:
  bundle::VersionInfo Publish(const std::string& name, double variant = 0.0) {
    return bundle::PublishTestBundle(folder_.path(), name, {.variant = variant});
  }

  void Open(BundleLoader loader = LoadBundle) {
    auto catalog = Catalog::Create({.repository = folder_.path(),
                                    .poll_interval = absl::Milliseconds(50),
                                    .loader = std::move(loader),
                                    .on_readiness = [this](const std::string& name, bool ready) {
                                      absl::MutexLock lock(&mu_);
                                      ready_[name] = ready;
                                    }});
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    catalog_ = *std::move(catalog);
  }

  BundleState StateOf(const BundleReference& reference) const {
    const auto description = catalog_->Get(reference);
    EXPECT_TRUE(description.ok()) << description.status();
    return description->state;
  }

  template <typename Condition>
  static bool Await(const Condition& holds) {
    for (int i = 0; i < 500; ++i) {
      if (holds()) return true;
      absl::SleepFor(absl::Milliseconds(20));
    }
    return false;
  }
  bool AwaitState(const BundleReference& reference, BundleState state) const {
    return Await([&] {
      const auto description = catalog_->Get(reference);
      return description.ok() && description->state == state;
    });
  }
  bool Ready(const std::string& name) {
    absl::MutexLock lock(&mu_);
    return ready_[name];
  }

  ScratchFolder folder_;
  absl::Mutex mu_;
  std::map<std::string, bool> ready_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, LoadsTheHighestAndTheLabelledVersionsAtStart) {
  for (const double variant : {0.0, 1.0, 2.0, 3.0}) Publish("a", variant);
  ASSERT_TRUE(bundle::Repository::Open(folder_.path())->SetLabel("a", 2, "stable").ok());
  Open();

  EXPECT_TRUE(AwaitState(Version("a", 4), BundleState::kActive));
  EXPECT_TRUE(AwaitState(Label("a", "stable"), BundleState::kActive));
  EXPECT_EQ(StateOf(Version("a", 1)), BundleState::kAvailable);
  EXPECT_EQ(StateOf(Version("a", 3)), BundleState::kAvailable);
}

TEST_F(CatalogTest, LoadsOtherVersionsAtTheFirstCall) {
  Publish("a", 0.0);
  Publish("a", 1.0);
  Open();
  ASSERT_TRUE(AwaitState(Version("a", 2), BundleState::kActive));

  const auto first = catalog_->Acquire(Version("a", 1), std::nullopt);

  EXPECT_EQ(first.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ErrorReasonOf(first.status()), "BUNDLE_LOADING");
  EXPECT_TRUE(Await([&] { return catalog_->Acquire(Version("a", 1), std::nullopt).ok(); }));
}

TEST_F(CatalogTest, SeesNewVersionsLabelsAndNames) {
  Publish("a", 0.0);
  Open();
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));

  Publish("a", 1.0);
  Publish("b", 0.0);
  EXPECT_TRUE(AwaitState(Version("a", 2), BundleState::kActive));
  EXPECT_TRUE(AwaitState(Version("b", 1), BundleState::kActive));
  const auto repository = bundle::Repository::Open(folder_.path());
  ASSERT_TRUE(repository->SetLabel("a", 1, "stable").ok());
  EXPECT_TRUE(Await([&] { return catalog_->Get(Label("a", "stable")).ok(); }));
  ASSERT_TRUE(repository->SetLabel("a", 2, "stable").ok());
  EXPECT_TRUE(Await([&] { return catalog_->Get(Label("a", "stable"))->version.version == 2; }));
}

TEST_F(CatalogTest, AHandleOutlivesItsVersion) {
  Publish("a", 0.0);
  const auto second = Publish("a", 1.0);
  Open();
  ASSERT_TRUE(AwaitState(Version("a", 2), BundleState::kActive));
  const auto handle = catalog_->Acquire(Version("a", 2), std::nullopt);
  ASSERT_TRUE(handle.ok());

  std::filesystem::remove_all(second.folder);

  EXPECT_TRUE(Await([&] { return !catalog_->Get(Version("a", 2)).ok(); }));
  const auto gone = catalog_->Acquire(Version("a", 2), second.digest);
  EXPECT_EQ(rpc::ErrorReasonOf(gone.status()), "BUNDLE_NOT_FOUND");
  EXPECT_EQ((*handle)->bundle().digest, second.digest);
}

TEST_F(CatalogTest, ADamagedFileFailsTheVersionAndNamesTheFile) {
  const auto good = Publish("a", 0.0);
  const auto bad = Publish("b", 0.0);
  const std::string weights = bad.folder + "/" + bundle::kGeneratorFile;
  std::filesystem::permissions(weights, std::filesystem::perms::owner_all);
  {
    std::fstream file(weights, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(200);
    file.put('\x7f');
    file.put('\x3f');
  }
  Open();

  ASSERT_TRUE(AwaitState(Version("b", 1), BundleState::kFailed));
  const auto status = catalog_->Acquire(Version("b", 1), std::nullopt).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(rpc::ErrorReasonOf(status), "BUNDLE_DAMAGED");
  EXPECT_NE(std::string(status.message()).find(bundle::kGeneratorFile), std::string::npos);
  EXPECT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
  EXPECT_TRUE(Await([&] { return Ready("") && Ready("a"); }));
  EXPECT_FALSE(Ready("b"));
}

TEST_F(CatalogTest, DamagedLabelsOfOneNameHideNothingElse) {
  Publish("a", 0.0);
  Publish("b", 0.0);
  std::ofstream(folder_.File("a/labels.json")) << "{";
  Open();
  EXPECT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
  EXPECT_TRUE(AwaitState(Version("b", 1), BundleState::kActive));
}

TEST_F(CatalogTest, IsReadyOnceWhatItLoadsAtStartIsLoaded) {
  Publish("a", 0.0);
  absl::Notification may_load;
  Open([&may_load](const bundle::VersionInfo& version) {
    may_load.WaitForNotification();
    return LoadBundle(version);
  });
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kLoading));
  absl::SleepFor(absl::Milliseconds(150));
  EXPECT_FALSE(Ready(""));
  EXPECT_FALSE(Ready("a"));

  may_load.Notify();

  EXPECT_TRUE(Await([&] { return Ready("") && Ready("a"); }));
}

TEST_F(CatalogTest, AnEmptyRepositoryIsReady) {
  Open();
  EXPECT_TRUE(Ready(""));
  EXPECT_TRUE(catalog_->List("-")->empty());
}

TEST_F(CatalogTest, APinnedDigestMustMatch) {
  const auto version = Publish("a", 0.0);
  Open();
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
  EXPECT_TRUE(catalog_->Acquire(Version("a", 1), version.digest).ok());
  Digest other = version.digest;
  other[0] ^= 1;
  EXPECT_EQ(rpc::ErrorReasonOf(catalog_->Acquire(Version("a", 1), other).status()),
            "BUNDLE_DIGEST_MISMATCH");
}

TEST_F(CatalogTest, AMissingRepositoryIsAnError) {
  CatalogOptions options;
  options.repository = folder_.File("missing");
  EXPECT_EQ(Catalog::Create(std::move(options)).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(CatalogTest, SamplersAreCompiledOnceAndForgottenInTheEnd) {
  Publish("a", 0.0);
  Open();
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
  const auto served = *catalog_->Acquire(Version("a", 1), std::nullopt);
  SamplerSpec sampler = served->manifest().default_sampler;
  const auto by_default = served->FindProgram(sampler);
  ASSERT_NE(by_default, nullptr);
  EXPECT_EQ(*served->CompileProgram(sampler), by_default);
  for (int32_t steps = 5; steps < 13; ++steps) {
    sampler.num_steps = steps;
    EXPECT_EQ(served->FindProgram(sampler), nullptr);
    const auto compiled = served->CompileProgram(sampler);
    ASSERT_TRUE(compiled.ok());
    EXPECT_EQ(served->FindProgram(sampler), *compiled);
  }
  EXPECT_EQ(served->FindProgram(served->manifest().default_sampler), nullptr);
}

}  // namespace
}  // namespace tailcast::bundles
