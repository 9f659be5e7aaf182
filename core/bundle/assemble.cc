#include "core/bundle/assemble.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/tensor/tensor_io.h"
#include "core/tensor/torch_status.h"

namespace tailcast::bundle {
namespace {

std::string SpaceText(const FeatureSpace& space) {
  return absl::StrCat(ToHex(space.digest()), " (encoder's fingerprint ", ToHex(space.encoder), ", ",
                      space.dimension, " dimensions, ",
                      space.non_negative ? "non-negative" : "of either sign", ")");
}

absl::Status CheckEncoder(const BundleParts& parts) {
  if (parts.encoder == nullptr) return absl::OkStatus();
  if (parts.encoder->feature_space() == parts.feature_space.digest()) return absl::OkStatus();
  const FeatureSpace made = {.encoder = parts.encoder->fingerprint(),
                             .imported_name = "",
                             .dimension = static_cast<uint32_t>(parts.encoder->feature_dim()),
                             .non_negative = parts.encoder->non_negative()};
  return absl::InvalidArgumentError(absl::StrCat("the encoder's feature space is ", SpaceText(made),
                                                 "; expected that of the generator's features, ",
                                                 SpaceText(parts.feature_space)));
}

absl::Status CheckClassifier(const BundleParts& parts) {
  if (!parts.classifier.has_value()) return absl::OkStatus();
  const at::Tensor& weight = parts.classifier->weight;
  const auto num_classes = static_cast<int64_t>(parts.class_names.size());
  if (weight.size(0) == num_classes && weight.size(1) == parts.feature_space.dimension) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("the classifier's weight is [", weight.size(0),
                                                 ", ", weight.size(1), "]; expected [", num_classes,
                                                 ", ", parts.feature_space.dimension, "]"));
}

absl::StatusOr<BundleContents> Assemble(const BundleParts& parts) {
  RETURN_IF_ERROR(CheckEncoder(parts));
  RETURN_IF_ERROR(CheckClassifier(parts));
  BundleContents contents;
  Manifest& manifest = contents.manifest;
  manifest.feature_space = parts.feature_space;
  manifest.generator = parts.generator->spec();
  manifest.class_names = parts.class_names;
  manifest.class_counts = parts.class_counts;
  manifest.default_sampler = Canonical(parts.default_sampler);
  manifest.figures = parts.figures;
  ASSIGN_OR_RETURN(contents.files[kGeneratorFile],
                   SerializeTensors(parts.generator->tensors(), /*metadata=*/{}));
  if (parts.encoder != nullptr) {
    manifest.encoder = parts.encoder->spec();
    ASSIGN_OR_RETURN(contents.files[kEncoderFile],
                     SerializeTensors(parts.encoder->tensors(), /*metadata=*/{}));
  }
  if (parts.classifier.has_value()) {
    manifest.has_classifier = true;
    ASSIGN_OR_RETURN(contents.files[kClassifierFile],
                     SerializeTensors(parts.classifier->tensors(), /*metadata=*/{}));
  }
  return contents;
}

}  // namespace

absl::StatusOr<BundleContents> AssembleBundle(const BundleParts& parts) {
  return CatchTorchErrors([&] { return Assemble(parts); });
}

}  // namespace tailcast::bundle
