// How the catalog follows the repository: what one look finds, and whom it tells.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/records.h"
#include "server/bundles/catalog.h"
#include "server/bundles/files_stamp.h"
#include "server/telemetry/logging.h"

namespace tailcast::bundles {
namespace {

using convert::BundleState;

absl::StatusOr<bundle::Manifest> ReadManifest(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, bundle::kMaxManifestBytes));
  return bundle::ParseManifest(text, path);
}

}  // namespace

void Catalog::FollowRepository() {
  while (true) {
    {
      absl::MutexLock lock(&mu_);
      if (mu_.AwaitWithTimeout(absl::Condition(&stop_), options_.poll_interval)) return;
    }
    NoteFault(options_.repository, Look());
  }
}

absl::Status Catalog::Look() {
  ASSIGN_OR_RETURN(Names found, ReadRepository());
  {
    absl::MutexLock lock(&mu_);
    Merge(std::move(found));
  }
  FindMendedFiles();
  {
    ServedBundles dropped;
    absl::MutexLock lock(&mu_);
    RequestLoads();
    dropped = TakeUnused();
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
    NoteFault(absl::StrCat(options_.repository, "/", name, "/", bundle::kLabelsFile),
              labels.status());
    // A fault of the moment neither hides other names nor takes labels away that clients use.
    entry.labels = labels.ok() ? *std::move(labels) : KnownLabels(name);
  }
  return names;
}

std::vector<bundle::LabelInfo> Catalog::KnownLabels(const std::string& name) const {
  absl::MutexLock lock(&mu_);
  const auto known = names_.find(name);
  return known != names_.end() ? known->second.labels : std::vector<bundle::LabelInfo>();
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

// Outside the lock: manifests may be large. They are read once, or again at each look until they
// can be read.
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
    const std::string path = absl::StrCat(info.folder, "/", bundle::kManifestFile);
    absl::StatusOr<bundle::Manifest> manifest = ReadManifest(path);
    NoteFault(path, manifest.status());
    if (!manifest.ok()) continue;
    const auto shared = std::make_shared<const bundle::Manifest>(*std::move(manifest));
    absl::MutexLock lock(&mu_);
    if (Version* const version = FindSame(info)) version->manifest = shared;
  }
}

void Catalog::FindMendedFiles() {
  std::vector<bundle::VersionInfo> failed;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [name, entry] : names_) {
      for (const auto& [number, version] : entry.versions) {
        if (version.state == BundleState::kFailed) failed.push_back(version.info);
      }
    }
  }
  for (const bundle::VersionInfo& info : failed) {
    const std::string files = FilesStamp(info.folder);
    absl::MutexLock lock(&mu_);
    Version* const version = FindSame(info);
    if (version == nullptr || version->state != BundleState::kFailed) continue;
    if (version->failed_files != files) version->retry_time = absl::InfinitePast();
  }
}

void Catalog::NoteFault(const std::string& what, const absl::Status& status) {
  if (status.ok()) {
    faults_.erase(what);
    return;
  }
  const std::string fault = status.ToString();
  if (std::exchange(faults_[what], fault) == fault) return;
  telemetry::Log(telemetry::LogLevel::kWarning, "cannot read", {{"what", what}, {"cause", fault}});
}

void Catalog::ReportReadiness() {
  absl::MutexLock report_lock(&report_mu_);
  std::map<std::string, bool> ready;
  // Names that were reported and are gone.
  for (const std::string& name : reported_) ready[name] = false;
  {
    absl::MutexLock lock(&mu_);
    bool any_serves = names_.empty();
    for (const auto& [name, entry] : names_) {
      ready[name] = std::any_of(entry.versions.begin(), entry.versions.end(), [](const auto& item) {
        return item.second.state == BundleState::kActive;
      });
      any_serves |= ready[name];
    }
    start_is_over_ |= !loading_ && load_requests_.empty();
    ready[""] = start_is_over_ && any_serves;
  }
  for (const auto& [name, is_ready] : ready) {
    if (!name.empty()) reported_.insert(name);
    options_.on_readiness(name, is_ready);
  }
}

}  // namespace tailcast::bundles
