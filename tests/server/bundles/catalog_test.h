#ifndef TAILCAST_TESTS_SERVER_BUNDLES_CATALOG_TEST_H_
#define TAILCAST_TESTS_SERVER_BUNDLES_CATALOG_TEST_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "core/base/files.h"
#include "core/bundle/bundle.h"
#include "server/bundles/catalog.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/fakes/published_bundle.h"

namespace tailcast::bundles {

using convert::BundleState;

inline BundleReference Version(const std::string& name, int64_t version) {
  return {.name = name, .version = version, .label = std::nullopt};
}
inline BundleReference Label(const std::string& name, const std::string& label) {
  return {.name = name, .version = std::nullopt, .label = label};
}

inline std::string ReadText(const std::string& path) { return *ReadFile(path); }

// In place, as an operator does; also where the publisher left the file read-only.
inline void WriteText(const std::string& path, const std::string& text) {
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

// The weights with one byte changed; returns what they were.
inline std::string DamageWeights(const bundle::VersionInfo& version) {
  const std::string path = version.folder + "/" + bundle::kGeneratorFile;
  const std::string sound = ReadText(path);
  std::string damaged = sound;
  damaged[damaged.size() / 2] ^= 1;
  WriteText(path, damaged);
  return sound;
}

// How often `text` occurs in `log`.
inline int CountOf(const std::string& text, const std::string& log) {
  int count = 0;
  for (size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++count;
  return count;
}

inline bool HasRetryInfo(const absl::Status& status) {
  return status.GetPayload("type.googleapis.com/google.rpc.RetryInfo").has_value();
}

// A catalog of a repository in a scratch folder.
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

}  // namespace tailcast::bundles

#endif  // TAILCAST_TESTS_SERVER_BUNDLES_CATALOG_TEST_H_
