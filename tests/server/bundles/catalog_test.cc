#include "tests/server/bundles/catalog_test.h"

#include <thread>

#include "absl/synchronization/notification.h"
#include "server/rpc/errors.h"
#include "tests/fakes/fake_program.h"

namespace tailcast::bundles {
namespace {

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
  LoadedBundle loaded;
  loaded.version = version;
  loaded.bundle = bundle::ReadBundle(version.folder).value();
  loaded.compile = [program](const SamplerSpec&) { return program; };
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
  EXPECT_TRUE(catalog_->List("-", {}, 10)->empty());
}

TEST_F(CatalogTest, ListsSoManyVersionsBehindAnyOther) {
  double variant = 0.0;
  for (const char* const name : {"a", "b", "b", "b", "c"}) {
    Publish(name, ++variant);
  }
  Open();
  const auto listed = [this](const std::string& name, const Catalog::Position& behind,
                             size_t count) {
    std::string text;
    const auto items = catalog_->List(name, behind, count).value();
    for (const convert::BundleDescription& item : items) {
      text += item.version.name + std::to_string(item.version.version) + " ";
    }
    return text;
  };
  EXPECT_EQ(listed("-", {}, 10), "a1 b1 b2 b3 c1 ");
  EXPECT_EQ(listed("-", {}, 5), "a1 b1 b2 b3 c1 ");
  EXPECT_EQ(listed("-", {}, 4), "a1 b1 b2 b3 ");
  EXPECT_EQ(listed("-", {.name = "b", .version = 1}, 2), "b2 b3 ");
  EXPECT_EQ(listed("-", {.name = "b", .version = 3}, 2), "c1 ");
  EXPECT_EQ(listed("-", {.name = "aa", .version = 7}, 1), "b1 ") << "it may be gone by now";
  EXPECT_EQ(listed("-", {.name = "c", .version = 1}, 1), "");
  EXPECT_EQ(listed("b", {}, 10), "b1 b2 b3 ");
  EXPECT_EQ(listed("b", {.name = "b", .version = 2}, 10), "b3 ");
  EXPECT_EQ(listed("b", {.name = "c", .version = 0}, 10), "");
  EXPECT_EQ(catalog_->List("d", {}, 10).status().code(), absl::StatusCode::kNotFound);
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
