#include "core/bundle/manifest.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/json.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/contract/plan.h"
#include "core/data/class_names.h"

namespace tailcast::bundle {
namespace {

using nlohmann::json;

constexpr char kFormat[] = "tailcast.bundle.v1";
constexpr int64_t kMaxDimension = 1 << 20;
// Rows of one class: what a double still counts exactly.
constexpr int64_t kMaxClassCount = int64_t{1} << 53;

absl::Status Contradiction(const std::string& what, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(what, ": ", text));
}

json FeatureSpaceToJson(const FeatureSpace& space) {
  return {{"encoder", ToHex(space.encoder)},
          {"imported_name", space.imported_name},
          {"dimension", space.dimension},
          {"non_negative", space.non_negative}};
}

absl::StatusOr<FeatureSpace> FeatureSpaceFromJson(const json& value, const std::string& what) {
  JsonReader reader(value, what);
  const std::string encoder = reader.String("encoder");
  FeatureSpace space;
  space.imported_name = reader.String("imported_name");
  space.dimension = static_cast<uint32_t>(reader.Int64("dimension", 1, kMaxDimension));
  space.non_negative = reader.Bool("non_negative");
  RETURN_IF_ERROR(reader.Finish());
  const absl::StatusOr<Digest> digest = DigestFromHex(encoder);
  if (!digest.ok() || ToHex(*digest) != encoder) {
    return Contradiction(what, absl::StrCat("member 'encoder' is ", Quoted(encoder),
                                            "; expected 64 lower-case hexadecimal digits"));
  }
  space.encoder = *digest;
  return space;
}

json SamplerToJson(const SamplerSpec& spec) {
  return {{"method", std::string(SamplerMethodName(spec.method))},
          {"step_count", spec.num_steps},
          {"spacing", "trailing"},
          {"eta", spec.eta},
          {"guidance_weights", spec.guidance_weights}};
}

absl::StatusOr<SamplerSpec> SamplerFromJson(const json& value, const std::string& what) {
  JsonReader reader(value, what);
  const std::string method = reader.String("method");
  const std::string spacing = reader.String("spacing");
  SamplerSpec spec;
  spec.num_steps = static_cast<int32_t>(reader.Int64("step_count", 1, kMaxSamplerSteps));
  spec.eta = reader.Double("eta", 0.0, 1.0);
  spec.guidance_weights = reader.DoubleList("guidance_weights");
  RETURN_IF_ERROR(reader.Finish());
  if (spacing != "trailing") {
    return Contradiction(
        what, absl::StrCat("member 'spacing' is ", Quoted(spacing), "; expected 'trailing'"));
  }
  const auto known = SamplerMethodFromName(method);
  if (!known.ok()) {
    return Contradiction(what, absl::StrCat("member 'method': ", known.status().message()));
  }
  spec.method = *known;
  return Canonical(std::move(spec));
}

absl::StatusOr<std::map<std::string, FileEntry>> FilesFromJson(const json& value,
                                                               const std::string& what) {
  std::map<std::string, FileEntry> files;
  for (const auto& [name, entry] : value.items()) {
    const std::string file = absl::StrCat(what, ".", Quoted(name));
    JsonReader reader(entry, file);
    const std::string sha256 = reader.String("sha256");
    const int64_t size_bytes = reader.Int64("size_bytes", 1, kMaxFileBytes);
    RETURN_IF_ERROR(reader.Finish());
    const absl::StatusOr<Digest> digest = DigestFromHex(sha256);
    if (!digest.ok()) {
      return Contradiction(file, digest.status().message());
    }
    files[name] = {.sha256 = *digest, .size_bytes = size_bytes};
  }
  return files;
}

// JSON text with 0 for every number outside of strings.
std::string WithoutNumbers(absl::string_view text) {
  std::string shape;
  bool in_string = false;
  for (size_t i = 0; i < text.size();) {
    if (!in_string && (absl::ascii_isdigit(text[i]) || text[i] == '-')) {
      shape.push_back('0');
      i = std::min(text.find_first_not_of("0123456789+-.eE", i), text.size());
      continue;
    }
    if (text[i] == '"') in_string = !in_string;
    const size_t taken = in_string && text[i] == '\\' ? 2 : 1;  // an escape stays whole
    absl::StrAppend(&shape, text.substr(i, taken));
    i += taken;
  }
  return shape;
}

// Parts whose parsers have their own folders. An absent encoder has no member.
absl::Status ReadSpecs(JsonReader& reader, const std::string& what, Manifest& manifest) {
  const json space = reader.Object("feature_space");
  const json generator = reader.Object("generator");
  const json sampler = reader.Object("default_sampler");
  const json files = reader.Object("files");
  const json encoder = reader.Has("encoder") ? reader.Object("encoder") : json();
  RETURN_IF_ERROR(reader.Finish());

  ASSIGN_OR_RETURN(manifest.feature_space, FeatureSpaceFromJson(space, what + ".feature_space"));
  ASSIGN_OR_RETURN(manifest.generator,
                   diffusion::GeneratorSpecFromJson(generator, what + ".generator"));
  ASSIGN_OR_RETURN(manifest.default_sampler, SamplerFromJson(sampler, what + ".default_sampler"));
  ASSIGN_OR_RETURN(manifest.files, FilesFromJson(files, what + ".files"));
  if (encoder.is_null()) return absl::OkStatus();
  ASSIGN_OR_RETURN(manifest.encoder, encoders::EncoderSpecFromJson(encoder, what + ".encoder"));
  return absl::OkStatus();
}

absl::Status CheckClasses(const Manifest& manifest, const std::string& what) {
  const auto num_classes = static_cast<int64_t>(manifest.class_names.size());
  if (num_classes < 1 || num_classes > kMaxPlanClasses) {
    return Contradiction(what, absl::StrCat(num_classes, " classes in class_names; expected 1 to ",
                                            kMaxPlanClasses));
  }
  RETURN_IF_ERROR(data::CheckClassNameBytes(manifest.class_names, what));
  if (manifest.class_counts.size() != manifest.class_names.size()) {
    return Contradiction(
        what, absl::StrCat("class_counts has ", manifest.class_counts.size(), " values; expected ",
                           num_classes, ", one for each of class_names"));
  }
  for (size_t i = 0; i < manifest.class_counts.size(); ++i) {
    const int64_t count = manifest.class_counts[i];
    if (count >= 0 && count <= kMaxClassCount) continue;
    return Contradiction(what, absl::StrCat("class_counts[", i, "] is ", count,
                                            "; expected an integer in [0, ", kMaxClassCount, "]"));
  }
  if (manifest.generator.denoiser.num_classes != num_classes) {
    return Contradiction(what,
                         absl::StrCat("the generator has ", manifest.generator.denoiser.num_classes,
                                      " classes; expected ", num_classes, " as class_names"));
  }
  return absl::OkStatus();
}

absl::Status CheckFeatureSpace(const Manifest& manifest, const std::string& what) {
  const FeatureSpace& space = manifest.feature_space;
  const diffusion::GeneratorSpec& generator = manifest.generator;
  if (int64_t{space.dimension} != generator.denoiser.feature_dim) {
    return Contradiction(
        what, absl::StrCat("the generator has ", generator.denoiser.feature_dim,
                           " dimensions; expected ", space.dimension, " as the feature space"));
  }
  if (space.non_negative != generator.non_negative) {
    return Contradiction(what, absl::StrCat("the generator's non_negative is ",
                                            generator.non_negative ? "true" : "false",
                                            "; expected that of the feature space"));
  }
  if (space.imported_name.empty()) return absl::OkStatus();
  if (space.encoder != ImportedSpace(space.imported_name)) {
    return Contradiction(what, absl::StrCat("feature_space.encoder is ", ToHex(space.encoder),
                                            "; expected the digest of imported_name, ",
                                            ToHex(ImportedSpace(space.imported_name))));
  }
  if (manifest.encoder.has_value()) {
    return Contradiction(what, "an imported feature space has an encoder; expected none");
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const Manifest& manifest, const std::string& what) {
  std::set<std::string> expected = {kGeneratorFile}, actual;
  if (manifest.encoder.has_value()) expected.insert(kEncoderFile);
  if (manifest.has_classifier) expected.insert(kClassifierFile);
  for (const auto& [name, entry] : manifest.files) actual.insert(name);
  if (actual == expected) return absl::OkStatus();
  std::vector<std::string> missing, unknown;
  std::set_difference(expected.begin(), expected.end(), actual.begin(), actual.end(),
                      std::back_inserter(missing));
  std::set_difference(actual.begin(), actual.end(), expected.begin(), expected.end(),
                      std::back_inserter(unknown));
  if (!missing.empty()) return Contradiction(what, absl::StrCat("files lacks '", missing[0], "'"));
  return Contradiction(what, absl::StrCat("files has ", Quoted(unknown[0]), "; expected only ",
                                          absl::StrJoin(expected, ", ")));
}

}  // namespace

absl::Status ValidateManifest(const Manifest& manifest, const std::string& what) {
  RETURN_IF_ERROR(CheckClasses(manifest, what));
  RETURN_IF_ERROR(CheckFeatureSpace(manifest, what));
  RETURN_IF_ERROR(CheckFiles(manifest, what));
  const absl::Status sampler =
      ValidateSamplerSpec(manifest.default_sampler, static_cast<int32_t>(manifest.num_classes()),
                          static_cast<int32_t>(manifest.generator.schedule.num_timesteps));
  if (!sampler.ok()) {
    return Contradiction(what, absl::StrCat("default_sampler: ", sampler.message()));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> SerializeManifest(const Manifest& manifest) {
  RETURN_IF_ERROR(ValidateManifest(manifest, "manifest"));
  json files = json::object();
  for (const auto& [name, entry] : manifest.files) {
    files[name] = {{"sha256", ToHex(entry.sha256)}, {"size_bytes", entry.size_bytes}};
  }
  json value = {{"format", kFormat},
                {"feature_space", FeatureSpaceToJson(manifest.feature_space)},
                {"generator", diffusion::ToJson(manifest.generator)},
                {"has_classifier", manifest.has_classifier},
                {"class_names", manifest.class_names},
                {"class_counts", manifest.class_counts},
                {"default_sampler", SamplerToJson(Canonical(manifest.default_sampler))},
                {"figures", manifest.figures},
                {"files", std::move(files)}};
  if (manifest.encoder.has_value()) value["encoder"] = encoders::ToJson(*manifest.encoder);
  ASSIGN_OR_RETURN(std::string text, CanonicalJson(value));
  // What is written must be readable: figures may nest too deep, say.
  RETURN_IF_ERROR(ParseManifest(text, "manifest").status());
  return text;
}

absl::StatusOr<Manifest> ParseManifest(absl::string_view text, const std::string& what) {
  if (static_cast<int64_t>(text.size()) > kMaxManifestBytes) {
    return Contradiction(
        what, absl::StrCat(text.size(), " bytes long; expected at most ", kMaxManifestBytes));
  }
  ASSIGN_OR_RETURN(const json value, ParseJson(text, what));
  JsonReader reader(value, what);
  const std::string format = reader.String("format");
  Manifest manifest;
  manifest.has_classifier = reader.Bool("has_classifier");
  manifest.class_names = reader.StringList("class_names");
  manifest.class_counts = reader.Int64List("class_counts", 0, kMaxClassCount);
  manifest.figures = reader.Object("figures");
  RETURN_IF_ERROR(ReadSpecs(reader, what, manifest));
  if (format != kFormat) {
    return Contradiction(what,
                         absl::StrCat("format is ", Quoted(format), "; expected '", kFormat, "'"));
  }
  RETURN_IF_ERROR(ValidateManifest(manifest, what));
  ASSIGN_OR_RETURN(const std::string canonical, CanonicalJson(value));
  if (WithoutNumbers(text) != WithoutNumbers(canonical)) {
    return Contradiction(what, "not canonical JSON; expected sorted keys and no spaces");
  }
  return manifest;
}

}  // namespace tailcast::bundle
