#include "core/training/encoder_file.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/encoders/make_encoder.h"
#include "core/tensor/tensor_io.h"
#include "core/tensor/torch_status.h"
#include "core/training/checkpoint.h"
#include "core/training/file_metadata.h"

namespace tailcast::training {
namespace {

constexpr FileFormat kFormat = {.name = "tailcast.encoder.v1", .writer = "tailcast train encoder"};
constexpr const char* kEncoderPrefix = "encoder";
constexpr const char* kHeadPrefix = "classifier.";

absl::Status CheckFingerprint(const SafetensorsFile& file, const Digest& actual) {
  ASSIGN_OR_RETURN(const std::string expected, file.GetMetadata("encoder_fingerprint"));
  if (ToHex(actual) == expected) return absl::OkStatus();
  return FileFault(file.what(), absl::StrCat("its weights have the fingerprint ", ToHex(actual)),
                   absl::StrCat(Quoted(expected), ", as its metadata says: the file is damaged"));
}

absl::Status ReadNetwork(const SafetensorsFile& file, EncoderFile& result) {
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(file));
  ASSIGN_OR_RETURN(const nlohmann::json spec_json, JsonMetadata(file, "encoder"));
  ASSIGN_OR_RETURN(const encoders::EncoderSpec spec,
                   encoders::EncoderSpecFromJson(
                       spec_json, absl::StrCat("'", file.what(), "', metadata encoder")));
  ASSIGN_OR_RETURN(result.encoder, encoders::TrainedEncoder::Create(
                                       spec, TensorsUnder(kEncoderPrefix, tensors), file.what()));
  RETURN_IF_ERROR(CheckFingerprint(file, result.encoder->fingerprint()));
  ASSIGN_OR_RETURN(result.head, classifiers::LinearHead::FromTensors(
                                    tensors, absl::StrCat("'", file.what(), "'"),
                                    /*num_classes=*/-1, result.encoder->feature_dim()));
  for (const auto& [name, tensor] : tensors) {
    if (!absl::StartsWith(name, absl::StrCat(kEncoderPrefix, ".")) &&
        !absl::StartsWith(name, kHeadPrefix)) {
      return FileFault(file.what(), absl::StrCat("tensor '", name, "' is unknown"),
                       "tensors of the encoder and the classifier");
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<EncoderFile> ParseFile(const SafetensorsFile& file) {
  RETURN_IF_ERROR(CheckFormat(file, kFormat));
  EncoderFile result;
  RETURN_IF_ERROR(ReadNetwork(file, result));
  ASSIGN_OR_RETURN(ClassLists classes, ReadClassLists(file, result.head.weight.size(0)));
  result.class_names = std::move(classes.names);
  result.class_counts = std::move(classes.counts);
  ASSIGN_OR_RETURN(result.dataset, file.GetMetadata("dataset"));
  ASSIGN_OR_RETURN(result.training, JsonMetadata(file, "training"));
  return result;
}

absl::StatusOr<Metadata> MetadataOf(const EncoderFile& file) {
  ASSIGN_OR_RETURN(Metadata metadata, MetadataOf(kFormat, {file.class_names, file.class_counts}));
  ASSIGN_OR_RETURN(metadata["encoder"], CanonicalJson(encoders::ToJson(file.encoder->spec())));
  ASSIGN_OR_RETURN(metadata["training"], CanonicalJson(file.training));
  metadata["encoder_fingerprint"] = ToHex(file.encoder->fingerprint());
  metadata["dataset"] = file.dataset;
  return metadata;
}

}  // namespace

FeatureSpace EncoderFile::space() const {
  return {.encoder = encoder->fingerprint(),
          .imported_name = "",
          .dimension = static_cast<uint32_t>(encoder->feature_dim()),
          .non_negative = encoder->non_negative()};
}

absl::StatusOr<std::string> SerializeEncoderFile(const EncoderFile& file) {
  return CatchTorchErrors([&]() -> absl::StatusOr<std::string> {
    ASSIGN_OR_RETURN(const Metadata metadata, MetadataOf(file));
    NamedTensors tensors = file.head.tensors();
    AddTensors(kEncoderPrefix, file.encoder->tensors(), tensors);
    return SerializeSealedTensors(tensors, metadata);
  });
}

absl::Status WriteEncoderFile(const std::string& path, const EncoderFile& file) {
  ASSIGN_OR_RETURN(const std::string bytes, SerializeEncoderFile(file));
  return WriteFileAtomically(path, bytes);
}

absl::StatusOr<EncoderFile> ParseEncoderFile(const SafetensorsFile& file) {
  return CatchTorchErrors([&] { return ParseFile(file); });
}

absl::StatusOr<EncoderFile> ReadEncoderFile(const std::string& path) {
  ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Read(path));
  return ParseEncoderFile(file);
}

}  // namespace tailcast::training
