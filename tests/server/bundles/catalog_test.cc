#include "server/bundles/catalog.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "core/base/files.h"
#include "core/bundle/bundle.h"
#include "server/rpc/errors.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/fakes/fake_program.h"
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

std::string ReadText(const std::string& path) { return *ReadFile(path); }

// In place, as an operator does; also where the publisher left the file read-only.
void WriteText(const std::string& path, const std::string& text) {
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// The weights with one byte changed; returns what they were.
std::string DamageWeights(const bundle::VersionInfo& version) {
  const std::string path = version.folder + "/" + bundle::kGeneratorFile;
  const std::string sound = ReadText(path);
  std::string damaged = sound;
  damaged[damaged.size() / 2] ^= 1;
  WriteText(path, damaged);
  return sound;
}

// How often `text` occurs in `log`.
int CountOf(const std::string& text, const std::string& log) {
  int count = 0;
  for (size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
  return count;
}

bool HasRetryInfo(const absl::Status& status) {
  return status.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value();
}

// Loads like the real one, but not while `fault` is an error.
class FaultyLoader {
 public:
  explicit FaultyLoader(absl::Status fault) : fault_(std::move(fault)) {}

  BundleLoader loader() {
    return
        [this](const bundle::VersionInfo& version,
               const std::stop_token& stop) -> absl::StatusOr<std::shared_ptr<const ServedBundle>> {
          {
            absl::MutexLock lock(&mu_);
            if (!fault_.ok()) return fault_;
          }
          return LoadBundle(version, stop);
        };
  }
  void Mend() {
    absl::MutexLock lock(&mu_);
    fault_ = absl::OkStatus();
  }

 private:
  absl::Mutex mu_;
  absl::Status fault_ ABSL_GUARDED_BY(mu_);
};

class CatalogTest : public testing::Test {
 protected:
  bundle::VersionInfo Publish(const std::string& name, double variant = 0.0) {
    return bundle::PublishTestBundle(folder_.path(), name, {.variant = variant});
  }

  void Open(CatalogOptions options = {}) {
    options.repository = folder_.path();
    options.poll_interval = absl::Milliseconds(50);
    options.on_readiness = [this](const std::string& name, bool ready) {
      absl::MutexLock lock(&mu_);
      ready_[name] = ready;
    };
    auto catalog = Catalog::Create(std::move(options));
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    catalog_ = *std::move(catalog);
    catalog_->Start();
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
  absl::Status AcquireStatus(const BundleReference& reference) {
    return catalog_->Acquire(reference, std::nullopt).status();
  }
  bool AwaitHandle(const BundleReference& reference) {
    return Await([&] { return AcquireStatus(reference).ok(); });
  }
  // Long enough for several looks.
  static void SleepForLooks() { absl::SleepFor(absl::Milliseconds(300)); }

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
  DamageWeights(bad);
  Open();

  ASSERT_TRUE(AwaitState(Version("b", 1), BundleState::kFailed));
  const auto status = catalog_->Acquire(Version("b", 1), std::nullopt).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(rpc::ErrorReasonOf(status), "BUNDLE_DAMAGED");
  EXPECT_FALSE(HasRetryInfo(status));
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

TEST_F(CatalogTest, LabelsThatCannotBeReadStayAsTheyWereAndAreLoggedOnce) {
  Publish("a", 0.0);
  Publish("a", 1.0);
  ASSERT_TRUE(bundle::Repository::Open(folder_.path())->SetLabel("a", 1, "stable").ok());
  Open();
  ASSERT_EQ(catalog_->Get(Label("a", "stable"))->version.version, 1);
  const std::string path = folder_.File("a/labels.json");
  const std::string sound = ReadText(path);

  testing::internal::CaptureStderr();
  WriteText(path, "{");
  SleepForLooks();

  EXPECT_EQ(CountOf("cannot read what=" + path, testing::internal::GetCapturedStderr()), 1);
  EXPECT_EQ(catalog_->Get(Label("a", "stable"))->version.version, 1);
  EXPECT_EQ(catalog_->Labels("a")->size(), 1);
  std::string moved = sound;
  moved.replace(moved.find("\"version\":1"), 11, "\"version\":2");
  WriteText(path, moved);
  EXPECT_TRUE(Await([&] { return catalog_->Get(Label("a", "stable"))->version.version == 2; }));
}

TEST_F(CatalogTest, AManifestThatCannotBeReadIsLoggedOnceAndReadWhenMended) {
  const std::string path = Publish("a", 0.0).folder + "/" + bundle::kManifestFile;
  const std::string sound = ReadText(path);
  WriteText(path, "{");

  testing::internal::CaptureStderr();
  Open();
  SleepForLooks();

  EXPECT_EQ(CountOf("cannot read what=" + path, testing::internal::GetCapturedStderr()), 1);
  EXPECT_EQ(catalog_->Get(Version("a", 1))->manifest, nullptr);
  WriteText(path, sound);
  EXPECT_TRUE(Await([&] { return catalog_->Get(Version("a", 1))->manifest != nullptr; }));
  EXPECT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
}

TEST_F(CatalogTest, WhileARetryIsPlannedCallersAreToldToWait) {
  Publish("a", 0.0);
  FaultyLoader faulty(absl::ResourceExhaustedError("no memory"));
  Open({.load_retry_delay = absl::Hours(1), .loader = faulty.loader()});
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kFailed));

  const absl::Status status = AcquireStatus(Version("a", 1));

  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rpc::ErrorReasonOf(status), "BUNDLE_LOADING");
  EXPECT_TRUE(HasRetryInfo(status));
  EXPECT_NE(std::string(status.message()).find("bundles/a/versions/1 could not be loaded"),
            std::string::npos);
}

TEST_F(CatalogTest, AFailureThatPassesIsTriedAgainUnasked) {
  Publish("a", 0.0);
  FaultyLoader faulty(absl::ResourceExhaustedError("no memory"));
  Open({.load_retry_delay = absl::Milliseconds(10), .loader = faulty.loader()});
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kFailed));
  faulty.Mend();
  EXPECT_TRUE(AwaitState(Version("a", 1), BundleState::kActive));
}

TEST_F(CatalogTest, AFailureOfAnOlderVersionIsTriedAgainWhenAskedFor) {
  const auto old = Publish("a", 0.0);
  Publish("a", 1.0);
  FaultyLoader faulty(absl::ResourceExhaustedError("no memory"));
  Open({.load_retry_delay = absl::Milliseconds(10),
        .loader = [loader = faulty.loader()](const bundle::VersionInfo& version,
                                             const std::stop_token& stop) {
          return version.version == 1 ? loader(version, stop) : LoadBundle(version, stop);
        }});
  ASSERT_TRUE(AwaitState(Version("a", 2), BundleState::kActive));
  EXPECT_EQ(AcquireStatus(Version("a", 1)).code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kFailed));
  faulty.Mend();
  SleepForLooks();
  EXPECT_EQ(StateOf(Version("a", 1)), BundleState::kFailed) << "nobody has asked";
  EXPECT_TRUE(AwaitHandle(Version("a", 1)));
}

TEST_F(CatalogTest, AFileMendedInPlaceIsServedWithoutARestart) {
  const auto old = Publish("a", 0.0);
  const auto highest = Publish("a", 1.0);
  const std::string sound_old = DamageWeights(old);
  const std::string sound_highest = DamageWeights(highest);
  Open();
  ASSERT_TRUE(AwaitState(Version("a", 2), BundleState::kFailed));
  EXPECT_EQ(AcquireStatus(Version("a", 1)).code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kFailed));
  SleepForLooks();
  EXPECT_EQ(AcquireStatus(Version("a", 1)).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(AcquireStatus(Version("a", 2)).code(), absl::StatusCode::kDataLoss);

  WriteText(old.folder + "/" + bundle::kGeneratorFile, sound_old);
  WriteText(highest.folder + "/" + bundle::kGeneratorFile, sound_highest);

  EXPECT_TRUE(AwaitState(Version("a", 2), BundleState::kActive));
  EXPECT_TRUE(AwaitHandle(Version("a", 1)));
}

TEST_F(CatalogTest, IsNotReadyWhileEveryBundleHasFailed) {
  Publish("a", 0.0);
  Publish("b", 0.0);
  FaultyLoader faulty(absl::ResourceExhaustedError("no memory"));
  Open({.load_retry_delay = absl::Milliseconds(10), .loader = faulty.loader()});
  ASSERT_TRUE(AwaitState(Version("a", 1), BundleState::kFailed));
  ASSERT_TRUE(AwaitState(Version("b", 1), BundleState::kFailed));
  SleepForLooks();
  EXPECT_FALSE(Ready(""));
  faulty.Mend();
  EXPECT_TRUE(Await([&] { return Ready("") && Ready("a"); }));
}

TEST_F(CatalogTest, OfOlderVersionsThoseAskedForLastStayLoaded) {
  for (const double variant : {0.0, 1.0, 2.0, 3.0, 4.0}) Publish("a", variant);
  ASSERT_TRUE(bundle::Repository::Open(folder_.path())->SetLabel("a", 1, "stable").ok());
  Open({.max_loaded_versions = 2});
  ASSERT_TRUE(AwaitHandle(Version("a", 2)));
  ASSERT_TRUE(AwaitHandle(Version("a", 3)));
  const auto handle = *catalog_->Acquire(Version("a", 2), std::nullopt);

  ASSERT_TRUE(AwaitHandle(Version("a", 4)));

  EXPECT_EQ(StateOf(Version("a", 3)), BundleState::kAvailable);
  EXPECT_EQ(StateOf(Version("a", 2)), BundleState::kActive);
  ASSERT_TRUE(AwaitHandle(Version("a", 3)));
  EXPECT_EQ(StateOf(Version("a", 2)), BundleState::kAvailable);
  EXPECT_EQ(StateOf(Version("a", 1)), BundleState::kActive) << "it has a label";
  EXPECT_EQ(StateOf(Version("a", 5)), BundleState::kActive) << "it is the highest";
  EXPECT_TRUE(handle->CompileProgram({.num_steps = 3}).ok()) << "a handle outlives the drop";
}

TEST_F(CatalogTest, ALoadInProgressIsGivenUpAtTheEnd) {
  Publish("a", 0.0);
  absl::Notification loading;
  Open({.loader = [&loading](const bundle::VersionInfo& version, const std::stop_token& stop)
            -> absl::StatusOr<std::shared_ptr<const ServedBundle>> {
    loading.Notify();
    while (!stop.stop_requested()) absl::SleepFor(absl::Milliseconds(1));
    return LoadBundle(version, stop);
  }});
  loading.WaitForNotification();
  testing::internal::CaptureStderr();
  catalog_.reset();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "") << "nothing has failed";
}

TEST_F(CatalogTest, AProofEndsBeforeTheNextStepOnceItIsToldToStop) {
  const auto version = Publish("a", 0.0);
  auto program = std::make_shared<const engine::FakeProgram>(
      engine::FakeProgram::Options{.feature_dim = 12, .step_time = absl::Milliseconds(20)});
  LoadedBundle loaded = {.version = version,
                         .bundle = bundle::ReadBundle(version.folder).value(),
                         .numerics = {},
                         .compile = [program](const SamplerSpec&) { return program; }};
  std::stop_source stop;
  std::thread stopper([&] {
    program->AwaitTiles(3);
    stop.request_stop();
  });
  const auto proven = ProveBundle(std::move(loaded), stop.get_token());
  stopper.join();
  EXPECT_EQ(proven.status().code(), absl::StatusCode::kCancelled);
  EXPECT_LE(program->tiles(), 4);
}

TEST_F(CatalogTest, IsReadyOnceWhatItLoadsAtStartIsLoaded) {
  Publish("a", 0.0);
  absl::Notification may_load;
  Open({.loader = [&may_load](const bundle::VersionInfo& version, const std::stop_token& stop) {
    may_load.WaitForNotification();
    return LoadBundle(version, stop);
  }});
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
