// What the catalog loads, one version at a time, and what it drops again.
#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "core/bundle/bundle.h"
#include "core/tensor/compute_threads.h"
#include "core/tensor/torch_status.h"
#include "proto/convert/resource_names.h"
#include "server/bundles/catalog.h"
#include "server/bundles/files_stamp.h"
#include "server/telemetry/logging.h"

namespace tailcast::bundles {
namespace {

using convert::BundleState;

// Name of the first file whose digest is wrong; empty if they are all right.
std::string DamagedFile(const std::string& folder, const std::stop_token& stop) {
  const auto before_file = [&stop] {
    return stop.stop_requested() ? absl::CancelledError("told to stop") : absl::OkStatus();
  };
  const auto checks = CatchTorchErrors([&] { return bundle::VerifyBundle(folder, before_file); });
  if (!checks.ok()) return bundle::kManifestFile;
  for (const bundle::FileCheck& check : *checks) {
    if (!check.ok) return check.file;
  }
  return "";
}

// Waiting does not mend a wrong file, nor a generator whose rows are not to be served.
bool IsFinal(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsInvalidArgument(status) ||
         absl::IsFailedPrecondition(status);
}

}  // namespace

bool Catalog::Name::Keeps(int64_t version) const {
  return version == versions.rbegin()->first ||
         std::any_of(labels.begin(), labels.end(),
                     [&](const bundle::LabelInfo& label) { return label.version == version; });
}

void Catalog::RequestLoads() {
  for (auto& [name, entry] : names_) {
    for (auto& [number, version] : entry.versions) {
      if (!entry.Keeps(number)) continue;
      const bool again = version.state == BundleState::kFailed && absl::Now() >= version.retry_time;
      if (again || version.state == BundleState::kAvailable) RequestLoad(version);
    }
  }
}

void Catalog::RequestLoad(Version& version) {
  version.state = BundleState::kLoading;
  load_requests_.push_back(version.info);
}

void Catalog::LoadVersions() {
  UseOneComputeThread();
  const auto woken = [this]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return stop_ || !load_requests_.empty();
  };
  while (true) {
    bundle::VersionInfo info;
    {
      absl::MutexLock lock(&mu_);
      mu_.Await(absl::Condition(&woken));
      if (stop_) return;
      info = std::move(load_requests_.front());
      load_requests_.pop_front();
      loading_ = true;
    }
    LoadOne(info);
    ReportReadiness();
  }
}

void Catalog::LoadOne(const bundle::VersionInfo& info) {
  // Before the load: files that are mended while it runs are seen to differ.
  std::string files = FilesStamp(info.folder);
  // Loading is where memory runs short first.
  auto served = CatchTorchErrors([&] { return options_.loader(info, stop_loading_.get_token()); });
  if (stop_loading_.stop_requested()) return;
  if (!served.ok()) return NoteFailure(info, served.status(), std::move(files));
  ServedBundles dropped;
  absl::MutexLock lock(&mu_);
  loading_ = false;
  Version* const version = FindSame(info);
  if (version == nullptr) return;  // removed or replaced meanwhile
  version->state = BundleState::kActive;
  version->served = *std::move(served);
  version->last_use = ++uses_;
  dropped = TakeUnused();
}

void Catalog::NoteFailure(const bundle::VersionInfo& info, const absl::Status& cause,
                          std::string failed_files) {
  std::string damaged_file =
      IsFinal(cause) ? DamagedFile(info.folder, stop_loading_.get_token()) : "";
  telemetry::Log(telemetry::LogLevel::kError, "bundle failed",
                 {{"bundle", VersionResource(info.name, info.version)},
                  {"file", damaged_file},
                  {"cause", cause.ToString()}});
  absl::MutexLock lock(&mu_);
  loading_ = false;
  Version* const version = FindSame(info);
  if (version == nullptr) return;
  version->state = BundleState::kFailed;
  version->damaged_file = std::move(damaged_file);
  version->failed_files = std::move(failed_files);
  version->retry_time =
      IsFinal(cause) ? absl::InfiniteFuture() : absl::Now() + options_.load_retry_delay;
}

Catalog::ServedBundles Catalog::TakeUnused() {
  std::vector<Version*> others;
  for (auto& [name, entry] : names_) {
    for (auto& [number, version] : entry.versions) {
      if (version.state == BundleState::kActive && !entry.Keeps(number)) others.push_back(&version);
    }
  }
  std::sort(others.begin(), others.end(),
            [](const Version* a, const Version* b) { return a->last_use > b->last_use; });
  ServedBundles taken;
  for (auto i = static_cast<size_t>(options_.max_loaded_versions); i < others.size(); ++i) {
    Version& version = *others[i];
    version.state = BundleState::kAvailable;
    taken.push_back(std::exchange(version.served, nullptr));
    telemetry::Log(telemetry::LogLevel::kInfo, "bundle dropped",
                   {{"bundle", VersionResource(version.info.name, version.info.version)}});
  }
  return taken;
}

}  // namespace tailcast::bundles
