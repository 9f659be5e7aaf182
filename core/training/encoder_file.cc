#include "core/training/encoder_file.h"

#include <limits>
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

namespace tailcast::training {
namespace {

constexpr const char* kFormat = "tailcast.encoder.v1";
constexpr const char* kEncoderPrefix = "encoder";
constexpr const char* kHeadPrefix = "classifier.";

absl::Status Fault(const std::string& path, absl::string_view fault, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("'", path, "': ", fault, "; expected ", expected));
}

// The metadata's value, parsed.
absl::StatusOr<nlohmann::json> JsonMetadata(const SafetensorsFile& file, const std::string& key) {
  ASSIGN_OR_RETURN(const std::string text, file.GetMetadata(key));
  return ParseJson(text, absl::StrCat("'", file.what(), "', metadata ", key));
}

absl::Status CheckFormat(const SafetensorsFile& file) {
  ASSIGN_OR_RETURN(const std::string format, file.GetMetadata("format"));
  if (format == kFormat) return absl::OkStatus();
  return Fault(file.what(), absl::StrCat("metadata format is ", Quoted(format)), kFormat);
}

absl::Status CheckFingerprint(const SafetensorsFile& file, const Digest& actual) {
  ASSIGN_OR_RETURN(const std::string expected, file.GetMetadata("encoder_fingerprint"));
  if (ToHex(actual) == expected) return absl::OkStatus();
  return Fault(file.what(), absl::StrCat("its weights have the fingerprint ", ToHex(actual)),
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
  ASSIGN_OR_RETURN(result.head, classifiers::LinearHead::FromTensors(tensors, file.what()));
  for (const auto& [name, tensor] : tensors) {
    if (!absl::StartsWith(name, absl::StrCat(kEncoderPrefix, ".")) &&
        !absl::StartsWith(name, kHeadPrefix)) {
      return Fault(file.what(), absl::StrCat("tensor '", name, "' is unknown"),
                   "tensors of the encoder and the classifier");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadClasses(const SafetensorsFile& file, EncoderFile& result) {
  nlohmann::json classes;
  ASSIGN_OR_RETURN(classes["class_names"], JsonMetadata(file, "class_names"));
  ASSIGN_OR_RETURN(classes["class_counts"], JsonMetadata(file, "class_counts"));
  JsonReader reader(classes, absl::StrCat("'", file.what(), "', metadata"));
  result.class_names = reader.StringList("class_names");
  result.class_counts = reader.Int64List("class_counts", 0, std::numeric_limits<int64_t>::max());
  return reader.Finish();
}

absl::Status CheckSizes(const EncoderFile& file, const std::string& path) {
  const auto num_classes = static_cast<int64_t>(file.class_names.size());
  if (static_cast<int64_t>(file.class_counts.size()) != num_classes) {
    return Fault(path, absl::StrCat("class_counts has ", file.class_counts.size(), " entries"),
                 absl::StrCat(num_classes, ", one for each class name"));
  }
  if (file.head.weight.size(0) != num_classes ||
      file.head.weight.size(1) != file.encoder->feature_dim()) {
    return Fault(path,
                 absl::StrCat("classifier.weight has shape [", file.head.weight.size(0), ", ",
                              file.head.weight.size(1), "]"),
                 absl::StrCat("[", num_classes, ", ", file.encoder->feature_dim(), "]"));
  }
  return absl::OkStatus();
}

absl::StatusOr<EncoderFile> ParseFile(const SafetensorsFile& file) {
  RETURN_IF_ERROR(CheckFormat(file));
  EncoderFile result;
  RETURN_IF_ERROR(ReadNetwork(file, result));
  RETURN_IF_ERROR(ReadClasses(file, result));
  ASSIGN_OR_RETURN(result.dataset, file.GetMetadata("dataset"));
  ASSIGN_OR_RETURN(result.training, JsonMetadata(file, "training"));
  RETURN_IF_ERROR(CheckSizes(result, file.what()));
  return result;
}

absl::StatusOr<Metadata> MetadataOf(const EncoderFile& file) {
  ASSIGN_OR_RETURN(const std::string spec, CanonicalJson(encoders::ToJson(file.encoder->spec())));
  ASSIGN_OR_RETURN(const std::string names, CanonicalJson(file.class_names));
  ASSIGN_OR_RETURN(const std::string counts, CanonicalJson(file.class_counts));
  ASSIGN_OR_RETURN(const std::string training, CanonicalJson(file.training));
  return Metadata{{"format", kFormat},
                  {"encoder", spec},
                  {"encoder_fingerprint", ToHex(file.encoder->fingerprint())},
                  {"class_names", names},
                  {"class_counts", counts},
                  {"dataset", file.dataset},
                  {"training", training}};
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
    return SerializeTensors(tensors, metadata);
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
