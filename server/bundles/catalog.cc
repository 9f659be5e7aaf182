#include "server/bundles/catalog.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "core/data/class_names.h"
#include "proto/convert/resource_names.h"
#include "server/rpc/errors.h"
#include "server/rpc/limits.h"

namespace tailcast::bundles {
namespace {

using convert::BundleDescription;
using convert::BundleState;

constexpr absl::string_view kAllNames = "-";

}  // namespace

absl::StatusOr<std::unique_ptr<Catalog>> Catalog::Create(CatalogOptions options) {
  ASSIGN_OR_RETURN(bundle::Repository repository, bundle::Repository::Open(options.repository));
  std::unique_ptr<Catalog> catalog(new Catalog(std::move(options), std::move(repository)));
  RETURN_IF_ERROR(catalog->Look());
  return catalog;
}

Catalog::Catalog(CatalogOptions options, bundle::Repository repository)
    : options_(std::move(options)), repository_(std::move(repository)) {}

void Catalog::Start() {
  follower_ = std::thread([this] { FollowRepository(); });
  loader_ = std::thread([this] { LoadVersions(); });
}

Catalog::~Catalog() {
  stop_loading_.request_stop();
  {
    absl::MutexLock lock(&mu_);
    stop_ = true;
  }
  if (follower_.joinable()) follower_.join();
  if (loader_.joinable()) loader_.join();
}

absl::StatusOr<std::shared_ptr<const ServedBundle>> Catalog::Acquire(
    const BundleReference& reference, const std::optional<Digest>& pinned_digest) {
  absl::MutexLock lock(&mu_);
  ASSIGN_OR_RETURN(const int64_t number, FindVersion(reference, pinned_digest));
  Version& version = names_[reference.name].versions[number];
  const std::string resource = VersionResource(reference.name, number);
  if (pinned_digest.has_value() && *pinned_digest != version.info.digest) {
    return rpc::DigestMismatch(resource, *pinned_digest, version.info.digest);
  }
  switch (version.state) {
    case BundleState::kActive:
      version.last_use = ++uses_;
      return version.served;
    case BundleState::kFailed:
      if (version.retry_time == absl::InfiniteFuture()) {
        return rpc::BundleDamaged(resource, version.damaged_file);
      }
      if (const absl::Duration wait = version.retry_time - absl::Now();
          wait > absl::ZeroDuration()) {
        return rpc::BundleLoadFailed(resource, wait);
      }
      RequestLoad(version);
      break;
    case BundleState::kAvailable:
      RequestLoad(version);
      break;
    case BundleState::kLoading:
      break;
  }
  return rpc::BundleLoading(resource, rpc::kRetryWhenLoading);
}

absl::StatusOr<std::vector<BundleDescription>> Catalog::List(const std::string& name,
                                                             const Position& behind,
                                                             size_t count) const {
  absl::MutexLock lock(&mu_);
  const bool all = name == kAllNames;
  if (!all) RETURN_IF_ERROR(FindName(name).status());
  std::vector<BundleDescription> descriptions;
  for (auto entry = names_.lower_bound(all ? behind.name : name); entry != names_.end(); ++entry) {
    const auto& [key, known] = *entry;
    if (!all && key != name) break;
    if (key < behind.name) continue;
    auto version = known.versions.upper_bound(key == behind.name ? behind.version : 0);
    for (; version != known.versions.end(); ++version) {
      if (descriptions.size() == count) return descriptions;
      descriptions.push_back(Describe(known, version->second));
    }
  }
  return descriptions;
}

absl::StatusOr<BundleDescription> Catalog::Get(const BundleReference& reference) const {
  absl::MutexLock lock(&mu_);
  ASSIGN_OR_RETURN(const int64_t number, FindVersion(reference, std::nullopt));
  const Name& name = names_.at(reference.name);
  return Describe(name, name.versions.at(number));
}

absl::StatusOr<std::vector<bundle::LabelInfo>> Catalog::Labels(const std::string& name) const {
  absl::MutexLock lock(&mu_);
  ASSIGN_OR_RETURN(const Name* const entry, FindName(name));
  return entry->labels;
}

absl::StatusOr<const Catalog::Name*> Catalog::FindName(const std::string& name) const {
  const auto entry = names_.find(name);
  if (entry != names_.end()) return &entry->second;
  std::vector<std::string> known;
  for (const auto& [other, unused] : names_) known.push_back(other);
  return rpc::BundleNotFound(
      ParentResource(name),
      known.empty() ? "there is none" : absl::StrCat("there is: ", data::ListNames(known)));
}

absl::StatusOr<int64_t> Catalog::FindVersion(const BundleReference& reference,
                                             const std::optional<Digest>& pinned_digest) const {
  const std::string resource = ResourceOf(reference);
  const auto entry = names_.find(reference.name);
  if (entry == names_.end()) {
    return rpc::BundleNotFound(resource, "no bundle has this name", pinned_digest);
  }
  const Name& name = entry->second;
  int64_t number = reference.version.value_or(0);
  if (reference.label.has_value()) {
    const auto label = std::find_if(name.labels.begin(), name.labels.end(), [&](const auto& info) {
      return info.label == *reference.label;
    });
    if (label == name.labels.end()) {
      return rpc::BundleNotFound(resource, "the bundle has no such label", pinned_digest);
    }
    number = label->version;
  }
  if (name.versions.count(number) != 0) return number;
  return rpc::BundleNotFound(resource,
                             absl::StrCat("its highest version is ", name.versions.rbegin()->first),
                             pinned_digest);
}

Catalog::Version* Catalog::FindSame(const bundle::VersionInfo& info) {
  const auto name = names_.find(info.name);
  if (name == names_.end()) return nullptr;
  const auto version = name->second.versions.find(info.version);
  if (version == name->second.versions.end()) return nullptr;
  return version->second.info.digest == info.digest ? &version->second : nullptr;
}

BundleDescription Catalog::Describe(const Name& name, const Version& version) {
  BundleDescription description;
  description.version = version.info;
  description.state = version.state;
  description.manifest = version.manifest;
  for (const bundle::LabelInfo& label : name.labels) {
    if (label.version == version.info.version) description.labels.push_back(label.label);
  }
  if (version.served != nullptr) description.numerics = {version.served->numerics()};
  return description;
}

}  // namespace tailcast::bundles
