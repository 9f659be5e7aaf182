#include "core/data/feature_file.h"

#include <ATen/ATen.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"
#include "core/contract/plan.h"
#include "core/data/class_names.h"
#include "core/data/dataset_formats.h"
#include "core/tensor/checks.h"
#include "core/tensor/tensor_io.h"
#include "core/tensor/torch_status.h"

namespace tailcast::data {
namespace {

constexpr const char* kFeatures = "features";
constexpr const char* kLabels = "labels";
constexpr const char* kFingerprint = "encoder_fingerprint";
constexpr const char* kImportedName = "feature_space";
constexpr const char* kNonNegative = "non_negative";
constexpr const char* kDataset = "dataset";
constexpr const char* kPart = "part";
constexpr const char* kClassNames = "class_names";

absl::Status Fault(const std::string& path, absl::string_view fault, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat("'", path, "': ", fault, "; expected ", expected));
}

const std::string* Find(const Metadata& metadata, const char* key) {
  const auto found = metadata.find(key);
  return found == metadata.end() ? nullptr : &found->second;
}

std::string ValueOr(const Metadata& metadata, const char* key, const std::string& otherwise) {
  const std::string* value = Find(metadata, key);
  return value != nullptr ? *value : otherwise;
}

absl::Status ReadRows(const SafetensorsFile& file, const std::string& part, FeatureSet& set) {
  const std::string prefix = part.empty() ? "" : absl::StrCat(part, ".");
  const std::string features = prefix + kFeatures, labels = prefix + kLabels;
  if (!file.tensors().contains(features)) {
    std::string held;
    for (const auto& [name, view] : file.tensors()) absl::StrAppend(&held, " ", name);
    return Fault(file.what(), absl::StrCat("no tensor '", features, "' among:", held),
                 part.empty() ? "it, or a part that is named (--part)" : "that part");
  }
  ASSIGN_OR_RETURN(const TensorView feature_view,
                   file.Get(features, ElementType::kFloat32, {-1, -1}));
  ASSIGN_OR_RETURN(const TensorView label_view,
                   file.Get(labels, ElementType::kInt64, {feature_view.shape[0]}));
  if (feature_view.shape[0] == 0 || feature_view.shape[1] == 0) {
    return Fault(file.what(),
                 absl::StrCat("tensor '", features, "' has shape [", feature_view.shape[0], ", ",
                              feature_view.shape[1], "]"),
                 "one or more rows and columns");
  }
  set.features = ToTensor(feature_view);
  set.labels = ToTensor(label_view);
  return CheckFinite(set.features, absl::StrCat("'", file.what(), "': ", features));
}

absl::StatusOr<std::vector<std::string>> NamesInFile(const SafetensorsFile& file) {
  const std::string* text = Find(file.metadata(), kClassNames);
  if (text == nullptr) return std::vector<std::string>{};
  const std::string what = absl::StrCat(file.what(), ", metadata class_names");
  nlohmann::json object;
  ASSIGN_OR_RETURN(object[kClassNames], ParseJson(*text, what));
  JsonReader reader(object, file.what());
  std::vector<std::string> names = reader.StringList(kClassNames);
  RETURN_IF_ERROR(reader.Finish());
  RETURN_IF_ERROR(CheckClassNameBytes(names, absl::StrCat("'", file.what(), "', metadata")));
  return names;
}

absl::Status ReadClasses(const SafetensorsFile& file, int64_t num_classes, FeatureSet& set) {
  ASSIGN_OR_RETURN(set.class_names, NamesInFile(file));
  const auto named = static_cast<int64_t>(set.class_names.size());
  const std::string labels_what = absl::StrCat("'", file.what(), "': labels");
  if (num_classes == 0 && named == 0) {
    // Before 1 is added to the largest.
    RETURN_IF_ERROR(CheckLabels(set.labels, kMaxPlanClasses, labels_what));
    num_classes = set.labels.max().item<int64_t>() + 1;
  } else if (num_classes == 0) {
    num_classes = named;
  }
  if (num_classes < 1 || num_classes > kMaxPlanClasses) {
    return Fault(file.what(), absl::StrCat("the number of classes is ", num_classes),
                 absl::StrCat("1 to ", kMaxPlanClasses));
  }
  if (named > 0 && named != num_classes) {
    return Fault(file.what(), absl::StrCat("metadata class_names has ", named, " names"),
                 absl::StrCat(num_classes, ", the number of classes asked for"));
  }
  if (named == 0) set.class_names = NumberNames(num_classes);
  return CheckLabels(set.labels, num_classes, labels_what);
}

// Where the features come from: the file, or the caller for a file that does not say.
absl::Status ReadOrigin(const SafetensorsFile& file, const std::string& imported_name,
                        FeatureSpace& space) {
  const std::string* fingerprint = Find(file.metadata(), kFingerprint);
  const std::string* name = Find(file.metadata(), kImportedName);
  if (fingerprint != nullptr && name != nullptr) {
    return Fault(file.what(), "metadata has both encoder_fingerprint and feature_space",
                 "one of them");
  }
  if (fingerprint != nullptr) {
    if (!imported_name.empty()) {
      return Fault(file.what(), absl::StrCat("features of the encoder ", *fingerprint),
                   absl::StrCat("those of the imported feature space '", imported_name, "'"));
    }
    const auto digest = DigestFromHex(*fingerprint);
    if (!digest.ok()) {
      return Fault(file.what(),
                   absl::StrCat("metadata encoder_fingerprint is '", *fingerprint, "'"),
                   "64 hexadecimal digits");
    }
    space.encoder = *digest;
    return absl::OkStatus();
  }
  if (name != nullptr && !imported_name.empty() && *name != imported_name) {
    return Fault(file.what(), absl::StrCat("features of the imported space '", *name, "'"),
                 absl::StrCat("those of '", imported_name, "'"));
  }
  space.imported_name = name != nullptr ? *name : imported_name;
  if (space.imported_name.empty()) {
    return Fault(file.what(), "names no feature space",
                 "metadata encoder_fingerprint or feature_space, or a name for it "
                 "(--feature-space NAME)");
  }
  space.encoder = ImportedSpace(space.imported_name);
  return absl::OkStatus();
}

absl::StatusOr<bool> ReadSign(const SafetensorsFile& file, const std::optional<bool>& asked) {
  const std::string* text = Find(file.metadata(), kNonNegative);
  if (text == nullptr) return asked.value_or(false);
  if (*text != "true" && *text != "false") {
    return Fault(file.what(), absl::StrCat("metadata non_negative is '", *text, "'"),
                 "true or false");
  }
  const bool non_negative = *text == "true";
  if (asked.has_value() && *asked != non_negative) {
    return Fault(file.what(), absl::StrCat("metadata non_negative is ", *text),
                 *asked ? "true, as asked" : "false, as asked");
  }
  return non_negative;
}

absl::Status CheckSign(const at::Tensor& features, const std::string& path) {
  const at::Tensor flat = (features < 0).reshape({-1});
  if (!flat.any().item<bool>()) return absl::OkStatus();
  const int64_t first = flat.to(at::kByte).argmax().item<int64_t>();
  const int64_t row = first / features.size(1), column = first % features.size(1);
  return Fault(
      path,
      absl::StrCat("features[", row, ", ", column, "] is ", features[row][column].item<float>()),
      "no value below 0 in a non-negative feature space");
}

absl::StatusOr<FeatureSet> ParseSet(const SafetensorsFile& file,
                                    const FeatureFileOptions& options) {
  FeatureSet set;
  RETURN_IF_ERROR(ReadRows(file, options.part, set));
  RETURN_IF_ERROR(ReadClasses(file, options.num_classes, set));
  RETURN_IF_ERROR(ReadOrigin(file, options.imported_name, set.space));
  ASSIGN_OR_RETURN(set.space.non_negative, ReadSign(file, options.non_negative));
  if (set.space.non_negative) RETURN_IF_ERROR(CheckSign(set.features, file.what()));
  set.space.dimension = static_cast<uint32_t>(set.feature_dim());
  set.dataset = ValueOr(file.metadata(), kDataset, "");
  set.part = options.part.empty() ? ValueOr(file.metadata(), kPart, "") : options.part;
  return set;
}

std::string Describe(const FeatureSpace& space) {
  return absl::StrCat(
      space.imported_name.empty() ? absl::StrCat("encoder ", ToHex(space.encoder))
                                  : absl::StrCat("imported space '", space.imported_name, "'"),
      ", ", space.dimension, " dimensions, ", space.non_negative ? "non-negative" : "of any sign");
}

}  // namespace

std::vector<int64_t> FeatureSet::class_counts() const {
  const at::Tensor counts = at::bincount(labels, /*weights=*/{}, num_classes()).contiguous();
  const int64_t* begin = counts.const_data_ptr<int64_t>();
  return {begin, begin + counts.numel()};
}

absl::StatusOr<std::string> SerializeFeatureSet(const FeatureSet& set) {
  return CatchTorchErrors([&]() -> absl::StatusOr<std::string> {
    ASSIGN_OR_RETURN(const std::string names, CanonicalJson(set.class_names));
    Metadata metadata{{kNonNegative, set.space.non_negative ? "true" : "false"},
                      {kDataset, set.dataset},
                      {kPart, set.part},
                      {kClassNames, names}};
    if (set.space.imported_name.empty()) {
      metadata[kFingerprint] = ToHex(set.space.encoder);
    } else {
      metadata[kImportedName] = set.space.imported_name;
    }
    return SerializeSealedTensors({{kFeatures, set.features}, {kLabels, set.labels}}, metadata);
  });
}

absl::Status WriteFeatureFile(const std::string& path, const FeatureSet& set) {
  ASSIGN_OR_RETURN(const std::string bytes, SerializeFeatureSet(set));
  return WriteFileAtomically(path, bytes);
}

absl::StatusOr<FeatureSet> ParseFeatureFile(const SafetensorsFile& file,
                                            const FeatureFileOptions& options) {
  return CatchTorchErrors([&] { return ParseSet(file, options); });
}

absl::StatusOr<FeatureSet> ReadFeatureFile(const std::string& path,
                                           const FeatureFileOptions& options) {
  ASSIGN_OR_RETURN(const SafetensorsFile file, SafetensorsFile::Read(path));
  return ParseFeatureFile(file, options);
}

absl::Status CheckSameSpace(const FeatureSpace& actual, const std::string& actual_what,
                            const FeatureSpace& expected, const std::string& expected_what) {
  if (actual.digest() == expected.digest()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(actual_what, " is of another feature space than ",
                                                 expected_what, ": ", Describe(actual),
                                                 "; expected ", Describe(expected)));
}

}  // namespace tailcast::data
