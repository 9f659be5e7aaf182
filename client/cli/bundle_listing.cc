#include "client/cli/bundle_listing.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/library/bundle_catalog.h"
#include "core/base/digest.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/inventory.h"
#include "core/bundle/repository.h"
#include "proto/convert/resource_names.h"
#include "proto/describe/bundle_message.h"

namespace tailcast::cli {
namespace {

constexpr char kStatePrefix[] = "STATE_";

absl::StatusOr<bundle::Manifest> ReadManifest(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", bundle::kManifestFile);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, bundle::kMaxManifestBytes));
  return bundle::ParseManifest(text, absl::StrCat("'", path, "'"));
}

// Of the whole repository, or of one name if it is not empty.
absl::StatusOr<std::vector<bundle::BundleEntry>> TakeInventory(const bundle::Repository& repository,
                                                               const std::string& name) {
  if (name.empty()) return bundle::TakeInventory(repository);
  absl::StatusOr<bundle::BundleEntry> entry = bundle::TakeInventoryOf(repository, name);
  if (absl::IsNotFound(entry.status())) return std::vector<bundle::BundleEntry>();
  RETURN_IF_ERROR(entry.status());
  return std::vector<bundle::BundleEntry>{*std::move(entry)};
}

// Every label that points at the version.
void AddLabels(const absl::StatusOr<std::vector<bundle::LabelInfo>>& labels,
               const std::string& name, int64_t version, ListedBundle& listed) {
  if (!labels.ok()) {
    listed.labels_fault = std::string(labels.status().message());
    return;
  }
  for (const bundle::LabelInfo& label : *labels) {
    if (label.version == version) listed.bundle.add_labels(LabelResource(name, label.label));
  }
}

ListedBundle Describe(const bundle::VersionInfo& version,
                      const absl::StatusOr<std::vector<bundle::LabelInfo>>& labels) {
  ListedBundle listed = {.bundle = DescribeVersion(version)};
  AddLabels(labels, version.name, version.version, listed);
  absl::StatusOr<bundle::Manifest> manifest = ReadManifest(version.folder);
  if (manifest.ok()) {
    DescribeManifest(*manifest, listed.bundle);
    DescribeClasses(*manifest, listed.bundle);
    listed.manifest = *std::move(manifest);
  } else {
    listed.fault = std::string(manifest.status().message());
  }
  return listed;
}

// Of a version whose publish.json cannot be read.
ListedBundle DescribeDamaged(const bundle::BundleEntry& entry,
                             const bundle::VersionEntry& version) {
  ListedBundle listed;
  listed.fault = std::string(version.info.status().message());
  listed.bundle.set_name(VersionResource(entry.name, version.version));
  AddLabels(entry.labels, entry.name, version.version, listed);
  return listed;
}

nlohmann::json SamplerJson(const v1::SamplerSpec& sampler) {
  nlohmann::json json = {
      {"guidance_weights",
       std::vector<double>(sampler.guidance_weights().begin(), sampler.guidance_weights().end())}};
  if (sampler.has_ddim()) {
    json["method"] = "ddim";
    json["steps"] = sampler.ddim().step_count();
    json["eta"] = sampler.ddim().eta();
  } else if (sampler.has_dpm_solver()) {
    json["method"] = "dpmpp_2m";
    json["steps"] = sampler.dpm_solver().step_count();
  } else if (sampler.has_ddpm()) {
    json["method"] = "ddpm";
  }
  return json;
}

nlohmann::json NumericsJson(const v1::Numerics& numerics) {
  return {{"numerics_id", absl::BytesToHexString(numerics.numerics_id())},
          {"facts", std::vector<std::string>(numerics.facts().begin(), numerics.facts().end())},
          {"row_invariant", numerics.invariance() == v1::Numerics::INVARIANCE_ROW},
          {"tile_row_counts", std::vector<int32_t>(numerics.tile_row_counts().begin(),
                                                   numerics.tile_row_counts().end())}};
}

// What only the manifest itself says.
void AddManifest(const bundle::Manifest& manifest, nlohmann::json& json) {
  json["figures"] = manifest.figures;
  json["generator"] = diffusion::ToJson(manifest.generator);
  json["has_classifier"] = manifest.has_classifier;
  json["non_negative"] = manifest.feature_space.non_negative;
  if (!manifest.feature_space.imported_name.empty()) {
    json["feature_space"] = manifest.feature_space.imported_name;
  }
  for (const auto& [name, entry] : manifest.files) {
    json["files"][name] = {{"sha256", ToHex(entry.sha256)}, {"bytes", entry.size_bytes}};
  }
}

}  // namespace

absl::StatusOr<std::vector<ListedBundle>> ListRepository(const std::string& repository,
                                                         const std::string& name) {
  ASSIGN_OR_RETURN(const bundle::Repository opened, bundle::Repository::Open(repository));
  ASSIGN_OR_RETURN(const std::vector<bundle::BundleEntry> entries, TakeInventory(opened, name));
  std::vector<ListedBundle> listed;
  for (const bundle::BundleEntry& entry : entries) {
    if (!entry.fault.ok()) {
      listed.emplace_back().fault = std::string(entry.fault.message());
      listed.back().bundle.set_name(ParentResource(entry.name));
    }
    for (const bundle::VersionEntry& version : entry.versions) {
      listed.push_back(version.info.ok() ? Describe(*version.info, entry.labels)
                                         : DescribeDamaged(entry, version));
    }
  }
  if (!listed.empty() || name.empty()) return listed;
  return absl::NotFoundError(
      absl::StrCat("no bundle '", name, "' in repository '", repository, "'"));
}

absl::StatusOr<std::vector<ListedBundle>> ListServer(const client::FailoverOptions& server,
                                                     const std::string& name) {
  ASSIGN_OR_RETURN(const std::vector<v1::Bundle> bundles, client::BundleCatalog(server).List(name));
  std::vector<ListedBundle> listed;
  for (const v1::Bundle& bundle : bundles) listed.push_back({.bundle = bundle});
  return listed;
}

absl::StatusOr<ListedBundle> FindInRepository(const std::string& repository,
                                              const std::string& reference) {
  ASSIGN_OR_RETURN(const bundle::Repository opened, bundle::Repository::Open(repository));
  ASSIGN_OR_RETURN(const BundleReference parsed, ParseBundleReference(reference));
  ASSIGN_OR_RETURN(const bundle::VersionInfo version, opened.Find(parsed));
  ListedBundle listed = Describe(version, opened.Labels(version.name));
  if (listed.fault.empty()) return listed;
  return absl::DataLossError(listed.fault);
}

absl::StatusOr<ListedBundle> FindOnServer(const client::FailoverOptions& server,
                                          const std::string& reference) {
  ASSIGN_OR_RETURN(const BundleReference parsed, ParseBundleReference(reference));
  ASSIGN_OR_RETURN(v1::Bundle bundle, client::BundleCatalog(server).Get(parsed));
  return ListedBundle{.bundle = std::move(bundle)};
}

std::string ReferenceOf(const v1::Bundle& bundle) { return ReferenceText(bundle.name()); }

std::vector<std::string> LabelsOf(const v1::Bundle& bundle) {
  std::vector<std::string> names;
  for (const std::string& label : bundle.labels()) {
    names.push_back(std::vector<std::string>(absl::StrSplit(label, '/')).back());
  }
  return names;
}

std::string StateOf(const ListedBundle& listed) {
  if (!listed.fault.empty()) return "DAMAGED";
  const v1::Bundle::State state = listed.bundle.state();
  if (state == v1::Bundle::STATE_UNSPECIFIED) return "";
  // A newer server may have states that have no name here.
  if (!v1::Bundle::State_IsValid(state)) return absl::StrCat(static_cast<int>(state));
  return std::string(absl::StripPrefix(v1::Bundle::State_Name(state), kStatePrefix));
}

nlohmann::json ToJson(const ListedBundle& listed) {
  const v1::Bundle& bundle = listed.bundle;
  nlohmann::json json = {
      {"bundle", ReferenceOf(bundle)},
      {"bundle_digest", absl::BytesToHexString(bundle.digest())},
      {"labels", LabelsOf(bundle)},
      {"feature_dimension", bundle.feature_dimension()},
      {"feature_space_digest", absl::BytesToHexString(bundle.feature_space_digest())},
      {"class_count", bundle.class_count()},
      {"default_sampler", SamplerJson(bundle.default_sampler())},
      {"has_encoder", bundle.has_image_format()}};
  if (const std::string state = StateOf(listed); !state.empty()) json["state"] = state;
  if (!listed.fault.empty()) json["fault"] = listed.fault;
  if (!listed.labels_fault.empty()) json["labels_fault"] = listed.labels_fault;
  if (bundle.has_publish_time()) {
    json["publish_time"] =
        absl::FormatTime(absl::RFC3339_sec, absl::FromUnixSeconds(bundle.publish_time().seconds()),
                         absl::UTCTimeZone());
  }
  if (bundle.class_names_size() > 0) {
    json["class_names"] =
        std::vector<std::string>(bundle.class_names().begin(), bundle.class_names().end());
    json["class_counts"] = std::vector<int64_t>(bundle.training_image_counts().begin(),
                                                bundle.training_image_counts().end());
  }
  if (bundle.has_image_format()) {
    json["image"] = {{"height", bundle.image_format().height()},
                     {"width", bundle.image_format().width()},
                     {"channels", bundle.image_format().channel_count()}};
  }
  for (const v1::Numerics& numerics : bundle.numerics()) {
    json["numerics"].push_back(NumericsJson(numerics));
  }
  if (listed.manifest) AddManifest(*listed.manifest, json);
  return json;
}

}  // namespace tailcast::cli
