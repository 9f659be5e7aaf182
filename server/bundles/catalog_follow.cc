// How the catalog follows the repository: what one look finds, and whom it tells.
#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/inventory.h"
#include "core/bundle/records.h"
#include "core/bundle/version_folders.h"
#include "core/tensor/torch_status.h"
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
    NoteFault(options_.repository, CatchTorchErrors([this] { return Look(); }));
  }
}

absl::Status Catalog::Look() {
  ASSIGN_OR_RETURN(Names names, ReadRepository());
  {
    // What is over dies after the lock: unloading takes time, and calls wait for it.
    absl::MutexLock lock(&mu_);
    names = Merge(std::move(names));
  }
  names.clear();
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
  ASSIGN_OR_RETURN(const std::vector<std::string> folders, bundle::BundleNames(repository_.root()));
  Names names;
  for (const std::string& name : folders) {
    const auto entry = bundle::TakeInventoryOf(repository_, name);
    if (absl::IsNotFound(entry.status())) continue;  // removed since it was listed
    NoteFault(absl::StrCat(repository_.root(), "/", name), entry.status());
    if (entry.ok()) {
      names[name] = ToName(*entry);
    } else {
      names[name].listed = false;
    }
  }
  return names;
}

Catalog::Name Catalog::ToName(const bundle::BundleEntry& entry) {
  Name name;
  for (const bundle::VersionEntry& found : entry.versions) {
    NoteFault(absl::StrCat(found.folder, "/", bundle::kPublishFile), found.info.status());
    Version& version = name.versions[found.version];
    if (found.complete && found.info.ok()) {
      version.info = *found.info;
      continue;
    }
    version.info = {.name = entry.name, .version = found.version, .folder = found.folder};
    version.finding = found.complete ? Finding::kDamaged : Finding::kHalfWritten;
    version.state = BundleState::kFailed;
    version.damaged_file = bundle::kPublishFile;
    version.failed_files = FilesStamp(found.folder);
  }
  NoteFault(absl::StrCat(entry.folder, "/", bundle::kLabelsFile), entry.labels.status());
  // A fault of the moment neither hides other names nor takes labels away that clients use.
  name.labels = entry.labels.ok() ? *entry.labels : KnownLabels(entry.name);
  return name;
}

std::vector<bundle::LabelInfo> Catalog::KnownLabels(const std::string& name) const {
  absl::MutexLock lock(&mu_);
  const auto known = names_.find(name);
  return known != names_.end() ? known->second.labels : std::vector<bundle::LabelInfo>();
}

Catalog::Names Catalog::Merge(Names found) {
  for (auto entry = found.begin(); entry != found.end();) {
    Name& name = entry->second;
    const auto known = names_.find(entry->first);
    if (known != names_.end()) KeepKnown(known->second, name);
    std::erase_if(name.versions,
                  [](const auto& item) { return item.second.finding == Finding::kHalfWritten; });
    entry = name.versions.empty() ? found.erase(entry) : std::next(entry);
  }
  names_.swap(found);
  return found;
}

void Catalog::KeepKnown(Name& known, Name& found) {
  if (!found.listed) {
    found = std::move(known);
    return;
  }
  for (auto& [number, version] : found.versions) {
    const auto old = known.versions.find(number);
    if (old == known.versions.end()) continue;
    const bool same = old->second.info.digest == version.info.digest;
    if (same || version.finding != Finding::kSound) version = std::move(old->second);
  }
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
