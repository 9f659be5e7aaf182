#include "core/training/generator_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "core/tensor/tensor_io.h"
#include "core/tensor/torch_status.h"
#include "core/training/file_metadata.h"

namespace tailcast::training {
namespace {

constexpr FileFormat kFormat = {.name = "tailcast.generator.v1",
                                .writer = "tailcast train generator"};
constexpr char kGenerator[] = "generator";
constexpr char kFingerprint[] = "encoder_fingerprint";
constexpr char kImportedName[] = "feature_space";
constexpr char kDataset[] = "dataset";
constexpr char kFigures[] = "figures";

absl::Status ReadSpace(const SafetensorsFile& file, GeneratorFile& result) {
  const bool has_encoder = file.metadata().contains(kFingerprint);
  if (has_encoder == file.metadata().contains(kImportedName)) {
    return FileFault(
        file.what(),
        has_encoder ? "metadata names two feature spaces" : "metadata names no feature space",
        "encoder_fingerprint or feature_space");
  }
  ASSIGN_OR_RETURN(const std::string text,
                   file.GetMetadata(has_encoder ? kFingerprint : kImportedName));
  if (has_encoder) {
    const absl::StatusOr<Digest> digest = DigestFromHex(text);
    if (!digest.ok()) {
      return FileFault(file.what(), absl::StrCat("metadata encoder_fingerprint is ", Quoted(text)),
                       "64 hexadecimal digits");
    }
    result.space.encoder = *digest;
  } else {
    result.space.imported_name = text;
    result.space.encoder = ImportedSpace(text);
  }
  result.space.dimension = static_cast<uint32_t>(result.generator->feature_dim());
  result.space.non_negative = result.generator->spec().non_negative;
  return absl::OkStatus();
}

absl::StatusOr<std::string> Serialize(const GeneratorFile& file) {
  ASSIGN_OR_RETURN(Metadata metadata, MetadataOf(kFormat, {file.class_names, file.class_counts}));
  ASSIGN_OR_RETURN(metadata[kGenerator], CanonicalJson(ToJson(file.generator->spec())));
  metadata[kDataset] = file.dataset;
  ASSIGN_OR_RETURN(metadata[kFigures], CanonicalJson(file.figures));
  if (file.space.imported_name.empty()) {
    metadata[kFingerprint] = ToHex(file.space.encoder);
  } else {
    metadata[kImportedName] = file.space.imported_name;
  }
  return SerializeSealedTensors(file.generator->tensors(), metadata);
}

absl::StatusOr<GeneratorFile> Parse(const SafetensorsFile& file) {
  RETURN_IF_ERROR(CheckFormat(file, kFormat));
  ASSIGN_OR_RETURN(const nlohmann::json spec_json, JsonMetadata(file, kGenerator));
  ASSIGN_OR_RETURN(const diffusion::GeneratorSpec spec,
                   diffusion::GeneratorSpecFromJson(
                       spec_json, absl::StrCat("'", file.what(), "', metadata generator")));
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(file));
  GeneratorFile result;
  ASSIGN_OR_RETURN(result.generator, diffusion::Generator::Create(
                                         spec, tensors, absl::StrCat("'", file.what(), "'")));
  ASSIGN_OR_RETURN(ClassLists classes, ReadClassLists(file, result.generator->num_classes()));
  result.class_names = std::move(classes.names);
  result.class_counts = std::move(classes.counts);
  RETURN_IF_ERROR(ReadSpace(file, result));
  ASSIGN_OR_RETURN(result.dataset, file.GetMetadata(kDataset));
  ASSIGN_OR_RETURN(result.figures, JsonMetadata(file, kFigures));
  return result;
}

}  // namespace

absl::StatusOr<std::string> SerializeGeneratorFile(const GeneratorFile& file) {
  return CatchTorchErrors([&] { return Serialize(file); });
}

absl::Status WriteGeneratorFile(const std::string& path, const GeneratorFile& file) {
  ASSIGN_OR_RETURN(const std::string bytes, SerializeGeneratorFile(file));
  return WriteFileAtomically(path, bytes);
}

absl::StatusOr<GeneratorFile> ParseGeneratorFile(const SafetensorsFile& file) {
  return CatchTorchErrors([&] { return Parse(file); });
}

absl::StatusOr<GeneratorFile> ReadGeneratorFile(const std::string& path) {
  ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Read(path));
  return ParseGeneratorFile(file);
}

}  // namespace tailcast::training
