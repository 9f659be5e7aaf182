// How the catalog follows the repository: the two threads, and what they do.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/bundle.h"
#include "core/tensor/compute_threads.h"
#include "server/bundles/catalog.h"
#include "server/convert/resource_names.h"
#include "server/telemetry/logging.h"

namespace tailcast::bundles {
namespace {

using convert::BundleState;

// A load that failed for a reason that may pass is tried again after this time.
constexpr absl::Duration kRetryLoad = absl::Seconds(30);

std::shared_ptr<const bundle::Manifest> ReadManifest(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", bundle::kManifestFile);
  const absl::StatusOr<std::string> text = ReadFile(path, bundle::kMaxManifestBytes);
  if (!text.ok()) return nullptr;
  absl::StatusOr<bundle::Manifest> manifest = bundle::ParseManifest(*text, path);
  if (!manifest.ok()) return nullptr;
  return std::make_shared<const bundle::Manifest>(*std::move(manifest));
}

// Name of the first file whose digest is wrong; empty if they are all right.
std::string DamagedFile(const std::string& folder) {
  const auto checks = bundle::VerifyBundle(folder);
  if (!checks.ok()) return bundle::kManifestFile;
  for (const bundle::FileCheck& check : *checks) {
    if (!check.ok) return check.file;
  }
  return "";
}

// Waiting does not mend a wrong file.
bool IsFinal(const absl::Status& status) {
  return absl::IsDataLoss(status) || absl::IsInvalidArgument(status);
}

}  // namespace

absl::Status Catalog::Look() {
  ASSIGN_OR_RETURN(Names found, ReadRepository());
  {
    absl::MutexLock lock(&mu_);
    Merge(std::move(found));
    RequestLoads();
  }
  ReadNewManifests();
  ReportReadiness();
  return absl::OkStatus();
}

absl::StatusOr<Catalog::Names> Catalog::ReadRepository() {
  ASSIGN_OR_RETURN(const std::vector<bundle::VersionInfo> versions, repository_.List());
  Names names;
  for (const bundle::VersionInfo& info : versions) {
    names[info.name].versions[info.version].info = info;
  }
  for (auto& [name, entry] : names) {
    absl::StatusOr<std::vector<bundle::LabelInfo>> labels = repository_.Labels(name);
    if (!labels.ok()) {
      // One name's labels shall not hide the others' versions.
      telemetry::Log(
          telemetry::LogLevel::kWarning, "cannot read labels",
          {{"bundle", convert::ParentResource(name)}, {"cause", labels.status().ToString()}});
      continue;
    }
    entry.labels = *std::move(labels);
  }
  return names;
}

void Catalog::Merge(Names found) {
  for (auto& [name, entry] : found) {
    const auto known = names_.find(name);
    if (known == names_.end()) continue;
    for (auto& [number, version] : entry.versions) {
      const auto old = known->second.versions.find(number);
      if (old == known->second.versions.end()) continue;
      if (old->second.info.digest == version.info.digest) version = std::move(old->second);
    }
  }
  names_ = std::move(found);
}

// Outside the lock: manifests may be large, and are read once.
void Catalog::ReadNewManifests() {
  std::vector<bundle::VersionInfo> unread;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [name, entry] : names_) {
      for (const auto& [number, version] : entry.versions) {
        if (version.manifest == nullptr) unread.push_back(version.info);
      }
    }
  }
  for (const bundle::VersionInfo& info : unread) {
    const std::shared_ptr<const bundle::Manifest> manifest = ReadManifest(info.folder);
    absl::MutexLock lock(&mu_);
    if (Version* const version = FindSame(info)) version->manifest = manifest;
  }
}

Catalog::Version* Catalog::FindSame(const bundle::VersionInfo& info) {
  const auto name = names_.find(info.name);
  if (name == names_.end()) return nullptr;
  const auto version = name->second.versions.find(info.version);
  if (version == name->second.versions.end()) return nullptr;
  return version->second.info.digest == info.digest ? &version->second : nullptr;
}

// Highest and labelled versions.
void Catalog::RequestLoads() {
  for (auto& [name, entry] : names_) {
    std::set<int64_t> wanted = {entry.versions.rbegin()->first};
    for (const bundle::LabelInfo& label : entry.labels) wanted.insert(label.version);
    for (const int64_t number : wanted) {
      const auto version = entry.versions.find(number);
      if (version == entry.versions.end()) continue;  // a label that points at nothing
      const bool again = version->second.state == BundleState::kFailed &&
                         absl::Now() >= version->second.retry_time;
      if (again || version->second.state == BundleState::kAvailable) {
        RequestLoad(version->second);
      }
    }
  }
}

void Catalog::RequestLoad(Version& version) {
  version.state = BundleState::kLoading;
  load_requests_.push_back(version.info);
}

void Catalog::NoteFault(const std::string& what, const absl::Status& status) {
  std::string& known = faults_[what];
  const std::string fault = status.ok() ? "" : status.ToString();
  if (std::exchange(known, fault) == fault || fault.empty()) return;
  telemetry::Log(telemetry::LogLevel::kWarning, "cannot read", {{"what", what}, {"cause", fault}});
}

void Catalog::FollowRepository() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      if (mu_.AwaitWithTimeout(absl::Condition(&stop_), options_.poll_interval)) return;
    }
    NoteFault("repository", Look());
  }
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
  auto served = options_.loader(info);
  std::string damaged_file;
  if (!served.ok()) {
    damaged_file = DamagedFile(info.folder);
    telemetry::Log(telemetry::LogLevel::kError, "bundle failed",
                   {{"bundle", convert::VersionResource(info.name, info.version)},
                    {"file", damaged_file},
                    {"cause", served.status().ToString()}});
  }
  absl::MutexLock lock(&mu_);
  loading_ = false;
  Version* const version = FindSame(info);
  if (version == nullptr) return;  // removed or replaced meanwhile
  if (served.ok()) {
    version->state = BundleState::kActive;
    version->served = *std::move(served);
    return;
  }
  version->state = BundleState::kFailed;
  version->damaged_file = std::move(damaged_file);
  version->retry_time =
      IsFinal(served.status()) ? absl::InfiniteFuture() : absl::Now() + kRetryLoad;
}

void Catalog::ReportReadiness() {
  absl::MutexLock report_lock(&report_mu_);
  std::map<std::string, bool> ready;
  // Names that were reported and are gone.
  for (const std::string& name : reported_) ready[name] = false;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [name, entry] : names_) {
      ready[name] = std::any_of(entry.versions.begin(), entry.versions.end(), [](const auto& item) {
        return item.second.state == BundleState::kActive;
      });
    }
    if (!start_reported_ && !loading_ && load_requests_.empty()) {
      start_reported_ = true;
      ready[""] = true;
    }
  }
  for (const auto& [name, is_ready] : ready) {
    if (!name.empty()) reported_.insert(name);
    options_.on_readiness(name, is_ready);
  }
}

}  // namespace tailcast::bundles
