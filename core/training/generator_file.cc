#include "core/training/generator_file.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "core/tensor/tensor_io.h"
#include "core/tensor/torch_status.h"

namespace tailcast::training {
namespace {

constexpr char kFormatName[] = "tailcast.generator.v1";
constexpr char kFormat[] = "format";
constexpr char kGenerator[] = "generator";
constexpr char kFingerprint[] = "encoder_fingerprint";
constexpr char kImportedName[] = "feature_space";
constexpr char kClassNames[] = "class_names";
constexpr char kClassCounts[] = "class_counts";
constexpr char kDataset[] = "dataset";
constexpr char kFigures[] = "figures";

absl::Status Fault(const std::string& path, absl::string_view fault, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("'", path, "': ", fault, "; expected ", expected));
}

absl::StatusOr<nlohmann::json> JsonMember(const SafetensorsFile& file, const char* key) {
  ASSIGN_OR_RETURN(const std::string text, file.GetMetadata(key));
  return ParseJson(text, absl::StrCat("'", file.what(), "', metadata ", key));
}

absl::Status CheckFormat(const SafetensorsFile& file) {
  const auto found = file.metadata().find(kFormat);
  if (found != file.metadata().end() && found->second == kFormatName) return absl::OkStatus();
  const std::string fault = found == file.metadata().end()
                                ? std::string("metadata has no format")
                                : absl::StrCat("metadata format is ", Quoted(found->second));
  return Fault(file.what(), fault,
               absl::StrCat("'", kFormatName, "', a file of 'tailcast train generator'"));
}

absl::Status ReadClasses(const SafetensorsFile& file, GeneratorFile& result) {
  nlohmann::json classes;
  ASSIGN_OR_RETURN(classes[kClassNames], JsonMember(file, kClassNames));
  ASSIGN_OR_RETURN(classes[kClassCounts], JsonMember(file, kClassCounts));
  JsonReader reader(classes, absl::StrCat("'", file.what(), "', metadata"));
  result.class_names = reader.StringList(kClassNames);
  result.class_counts = reader.Int64List(kClassCounts, 0, std::numeric_limits<int64_t>::max());
  RETURN_IF_ERROR(reader.Finish());
  const auto num_classes = static_cast<size_t>(result.generator->num_classes());
  if (result.class_names.size() == num_classes && result.class_counts.size() == num_classes) {
    return absl::OkStatus();
  }
  return Fault(file.what(),
               absl::StrCat(result.class_names.size(), " class names and ",
                            result.class_counts.size(), " class counts"),
               absl::StrCat(num_classes, " of each, as the generator has classes"));
}

absl::Status ReadSpace(const SafetensorsFile& file, GeneratorFile& result) {
  const bool has_encoder = file.metadata().contains(kFingerprint);
  if (has_encoder == file.metadata().contains(kImportedName)) {
    return Fault(
        file.what(),
        has_encoder ? "metadata names two feature spaces" : "metadata names no feature space",
        "encoder_fingerprint or feature_space");
  }
  ASSIGN_OR_RETURN(const std::string text,
                   file.GetMetadata(has_encoder ? kFingerprint : kImportedName));
  if (has_encoder) {
    const absl::StatusOr<Digest> digest = DigestFromHex(text);
    if (!digest.ok()) {
      return Fault(file.what(), absl::StrCat("metadata encoder_fingerprint is ", Quoted(text)),
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
  Metadata metadata{{kFormat, kFormatName}, {kDataset, file.dataset}};
  ASSIGN_OR_RETURN(metadata[kGenerator], CanonicalJson(ToJson(file.generator->spec())));
  ASSIGN_OR_RETURN(metadata[kClassNames], CanonicalJson(file.class_names));
  ASSIGN_OR_RETURN(metadata[kClassCounts], CanonicalJson(file.class_counts));
  ASSIGN_OR_RETURN(metadata[kFigures], CanonicalJson(file.figures));
  if (file.space.imported_name.empty()) {
    metadata[kFingerprint] = ToHex(file.space.encoder);
  } else {
    metadata[kImportedName] = file.space.imported_name;
  }
  return SerializeTensors(file.generator->tensors(), metadata);
}

absl::StatusOr<GeneratorFile> Parse(const SafetensorsFile& file) {
  RETURN_IF_ERROR(CheckFormat(file));
  ASSIGN_OR_RETURN(const nlohmann::json spec_json, JsonMember(file, kGenerator));
  ASSIGN_OR_RETURN(const diffusion::GeneratorSpec spec,
                   diffusion::GeneratorSpecFromJson(
                       spec_json, absl::StrCat("'", file.what(), "', metadata generator")));
  ASSIGN_OR_RETURN(const NamedTensors tensors, ReadTensors(file));
  GeneratorFile result;
  ASSIGN_OR_RETURN(result.generator, diffusion::Generator::Create(
                                         spec, tensors, absl::StrCat("'", file.what(), "'")));
  RETURN_IF_ERROR(ReadClasses(file, result));
  RETURN_IF_ERROR(ReadSpace(file, result));
  ASSIGN_OR_RETURN(result.dataset, file.GetMetadata(kDataset));
  ASSIGN_OR_RETURN(result.figures, JsonMember(file, kFigures));
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
