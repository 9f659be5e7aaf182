#include "client/cli/bundle_listing.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "client/library/bundle_catalog.h"
#include "core/base/digest.h"
#include "core/base/files.h"
#include "core/base/status_macros.h"
#include "core/bundle/inventory.h"
#include "core/bundle/repository.h"
#include "proto/convert/contract_proto.h"

namespace tailcast::cli {
namespace {

constexpr char kStatePrefix[] = "STATE_";

absl::StatusOr<bundle::Manifest> ReadManifest(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", bundle::kManifestFile);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, bundle::kMaxManifestBytes));
  return bundle::ParseManifest(text, absl::StrCat("'", path, "'"));
}

void DescribeManifest(const bundle::Manifest& manifest, v1::Bundle& bundle) {
  bundle.set_feature_dimension(static_cast<int32_t>(manifest.feature_space.dimension));
  bundle.set_feature_space_digest(ToBytes(manifest.feature_space.digest()));
  bundle.set_class_count(static_cast<int32_t>(manifest.class_names.size()));
  bundle.mutable_training_image_counts()->Assign(manifest.class_counts.begin(),
                                                 manifest.class_counts.end());
  for (const std::string& name : manifest.class_names) bundle.add_class_names(name);
  *bundle.mutable_default_sampler() = ToProto(manifest.default_sampler);
  if (!manifest.encoder) return;
  const ImageInput& input = manifest.encoder->input;
  bundle.mutable_image_format()->set_height(static_cast<int32_t>(input.height));
  bundle.mutable_image_format()->set_width(static_cast<int32_t>(input.width));
  bundle.mutable_image_format()->set_channel_count(static_cast<int32_t>(input.channels()));
}

// The part that does not need the version's own files.
ListedBundle DescribeLabels(const std::string& name, int64_t version,
                            const absl::StatusOr<std::vector<bundle::LabelInfo>>& labels) {
  ListedBundle listed;
  listed.bundle.set_name(absl::StrCat("bundles/", name, "/versions/", version));
  if (!labels.ok()) {
    listed.labels_fault = std::string(labels.status().message());
    return listed;
  }
  for (const bundle::LabelInfo& label : *labels) {
    if (label.version != version) continue;
    listed.bundle.add_labels(absl::StrCat("bundles/", name, "/labels/", label.label));
  }
  return listed;
}

ListedBundle Describe(const bundle::VersionInfo& version,
                      const absl::StatusOr<std::vector<bundle::LabelInfo>>& labels) {
  ListedBundle listed = DescribeLabels(version.name, version.version, labels);
  v1::Bundle& bundle = listed.bundle;
  bundle.set_digest(ToBytes(version.digest));
  bundle.mutable_publish_time()->set_seconds(absl::ToUnixSeconds(version.publish_time));
  absl::StatusOr<bundle::Manifest> manifest = ReadManifest(version.folder);
  if (manifest.ok()) {
    DescribeManifest(*manifest, bundle);
    listed.manifest = *std::move(manifest);
  } else {
    listed.fault = std::string(manifest.status().message());
  }
  return listed;
}

std::string HexOf(const std::string& bytes) {
  const absl::StatusOr<Digest> digest = DigestFromBytes(bytes);
  return digest.ok() ? ToHex(*digest) : "";
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
  return {{"numerics_id", HexOf(numerics.numerics_id())},
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
  ASSIGN_OR_RETURN(const std::vector<bundle::BundleEntry> entries, bundle::TakeInventory(opened));
  std::vector<ListedBundle> listed;
  for (const bundle::BundleEntry& entry : entries) {
    if (!name.empty() && entry.name != name) continue;
    for (const bundle::VersionEntry& version : entry.versions) {
      if (version.info.ok()) {
        listed.push_back(Describe(*version.info, entry.labels));
      } else {
        listed.push_back(DescribeLabels(entry.name, version.version, entry.labels));
        listed.back().fault = std::string(version.info.status().message());
      }
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
  ASSIGN_OR_RETURN(const bundle::BundleReference parsed, bundle::ParseReference(reference));
  ASSIGN_OR_RETURN(const bundle::VersionInfo version, opened.Find(parsed));
  ListedBundle listed = Describe(version, opened.Labels(version.name));
  if (listed.fault.empty()) return listed;
  return absl::DataLossError(listed.fault);
}

absl::StatusOr<ListedBundle> FindOnServer(const client::FailoverOptions& server,
                                          const std::string& reference) {
  ASSIGN_OR_RETURN(const client::BundleReference parsed, client::ParseBundleReference(reference));
  ASSIGN_OR_RETURN(v1::Bundle bundle, client::BundleCatalog(server).Get(parsed));
  return ListedBundle{.bundle = std::move(bundle)};
}

std::string ReferenceOf(const v1::Bundle& bundle) {
  const auto version = client::ParseVersionName(bundle.name());
  return version.ok() ? absl::StrCat(version->first, "@", version->second) : bundle.name();
}

std::vector<std::string> LabelsOf(const v1::Bundle& bundle) {
  std::vector<std::string> names;
  for (const std::string& label : bundle.labels()) {
    names.push_back(std::vector<std::string>(absl::StrSplit(label, '/')).back());
  }
  return names;
}

std::string StateOf(const ListedBundle& listed) {
  if (!listed.fault.empty()) return "DAMAGED";
  if (listed.bundle.state() == v1::Bundle::STATE_UNSPECIFIED) return "";
  return v1::Bundle::State_Name(listed.bundle.state()).substr(sizeof(kStatePrefix) - 1);
}

nlohmann::json ToJson(const ListedBundle& listed) {
  const v1::Bundle& bundle = listed.bundle;
  nlohmann::json json = {{"bundle", ReferenceOf(bundle)},
                         {"bundle_digest", HexOf(bundle.digest())},
                         {"labels", LabelsOf(bundle)},
                         {"feature_dimension", bundle.feature_dimension()},
                         {"feature_space_digest", HexOf(bundle.feature_space_digest())},
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
