#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/bundle/bundle.h"
#include "core/bundle/records.h"
#include "core/io/safetensors.h"
#include "core/tensor/tensor_io.h"
#include "core/tensor/torch_status.h"

namespace tailcast::bundle {
namespace {

// The bytes of a weight file, which are what the manifest says.
absl::StatusOr<std::string> ReadCheckedFile(const std::string& path, const FileEntry& entry) {
  absl::StatusOr<std::string> bytes = ReadFile(path, entry.size_bytes);
  if (absl::IsNotFound(bytes.status()) || absl::IsInvalidArgument(bytes.status())) {
    return absl::DataLossError(absl::StrCat(bytes.status().message(), "; the manifest lists ",
                                            entry.size_bytes, " bytes"));
  }
  RETURN_IF_ERROR(bytes.status());
  if (static_cast<int64_t>(bytes->size()) != entry.size_bytes) {
    return absl::DataLossError(absl::StrCat("'", path, "' has ", bytes->size(),
                                            " bytes; the manifest lists ", entry.size_bytes));
  }
  if (const Digest actual = Sha256Of(*bytes); actual != entry.sha256) {
    return absl::DataLossError(absl::StrCat("'", path, "' has SHA-256 ", ToHex(actual),
                                            "; the manifest lists ", ToHex(entry.sha256)));
  }
  return bytes;
}

// The weight files of a version.
struct WeightFiles {
  const std::string& folder;
  const std::function<absl::Status()>& before_file;

  absl::StatusOr<NamedTensors> Read(const std::string& name, const Manifest& manifest) const {
    if (before_file) RETURN_IF_ERROR(before_file());
    const std::string path = absl::StrCat(folder, "/", name);
    ASSIGN_OR_RETURN(std::string bytes, ReadCheckedFile(path, manifest.files.at(name)));
    ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Parse(std::move(bytes), path));
    return ReadTensors(file);
  }
};

absl::Status CheckFeatureSpace(const encoders::TrainedEncoder& encoder, const FeatureSpace& space,
                               const std::string& folder) {
  if (encoder.feature_space() == space.digest()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("'", folder, "/", kEncoderFile, "' has the feature space ",
                   ToHex(encoder.feature_space()), "; the manifest says ", ToHex(space.digest())));
}

absl::Status ReadEncoder(const WeightFiles& files, Bundle& bundle) {
  if (!bundle.manifest.encoder.has_value()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const NamedTensors tensors, files.Read(kEncoderFile, bundle.manifest));
  ASSIGN_OR_RETURN(bundle.encoder,
                   encoders::TrainedEncoder::Create(*bundle.manifest.encoder, tensors,
                                                    absl::StrCat(files.folder, "/", kEncoderFile)));
  return CheckFeatureSpace(*bundle.encoder, bundle.manifest.feature_space, files.folder);
}

absl::Status ReadClassifier(const WeightFiles& files, Bundle& bundle) {
  if (!bundle.manifest.has_classifier) return absl::OkStatus();
  const std::string what = absl::StrCat(files.folder, "/", kClassifierFile);
  ASSIGN_OR_RETURN(const NamedTensors tensors, files.Read(kClassifierFile, bundle.manifest));
  ASSIGN_OR_RETURN(bundle.classifier,
                   classifiers::LinearHead::FromTensors(tensors, absl::StrCat("'", what, "'"),
                                                        bundle.manifest.num_classes(),
                                                        bundle.manifest.feature_space.dimension));
  const NamedTensors known = bundle.classifier->tensors();
  for (const auto& [name, tensor] : tensors) {
    if (known.contains(name)) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("'", what, "': tensor ", Quoted(name), " is not part of a classifier"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const Bundle>> ReadFolder(const WeightFiles& files) {
  const std::string& folder = files.folder;
  const std::string manifest_path = absl::StrCat(folder, "/", kManifestFile);
  ASSIGN_OR_RETURN(const std::string text, ReadFile(manifest_path, kMaxManifestBytes));
  auto bundle = std::make_shared<Bundle>();
  bundle->digest = Sha256Of(text);
  ASSIGN_OR_RETURN(const PublishRecord record, ReadPublishRecord(folder));
  if (record.digest != bundle->digest) {
    return absl::DataLossError(absl::StrCat("'", manifest_path, "' has SHA-256 ",
                                            ToHex(bundle->digest), "; ", kPublishFile, " says ",
                                            ToHex(record.digest)));
  }
  ASSIGN_OR_RETURN(bundle->manifest, ParseManifest(text, absl::StrCat("'", manifest_path, "'")));
  ASSIGN_OR_RETURN(const NamedTensors tensors, files.Read(kGeneratorFile, bundle->manifest));
  ASSIGN_OR_RETURN(bundle->generator,
                   diffusion::Generator::Create(bundle->manifest.generator, tensors,
                                                absl::StrCat(folder, "/", kGeneratorFile)));
  RETURN_IF_ERROR(ReadEncoder(files, *bundle));
  RETURN_IF_ERROR(ReadClassifier(files, *bundle));
  return bundle;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Bundle>> ReadBundle(
    const std::string& folder, const std::function<absl::Status()>& before_file) {
  return CatchTorchErrors(
      [&] { return ReadFolder({.folder = folder, .before_file = before_file}); });
}

}  // namespace tailcast::bundle
