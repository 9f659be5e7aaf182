#include "client/cli/generate/output_layout.h"

#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/io/npy.h"

namespace tailcast::generate {
namespace {

constexpr char kSafetensorsEnding[] = ".safetensors";
constexpr char kNpyEnding[] = ".npy";

// Of the labels beside a `.npy`.
std::string LabelsPath(const std::string& path) {
  return absl::StrCat(absl::StripSuffix(path, kNpyEnding), ".labels", kNpyEnding);
}

absl::StatusOr<OutputLayout> SafetensorsLayout(const std::string& path, int64_t row_count,
                                               int64_t feature_dim, const Metadata& metadata) {
  ASSIGN_OR_RETURN(const int64_t features_bytes,
                   TensorBytes(ElementType::kFloat32, {row_count, feature_dim}));
  ASSIGN_OR_RETURN(const int64_t labels_bytes, TensorBytes(ElementType::kInt64, {row_count}));
  ASSIGN_OR_RETURN(
      const std::string header,
      SafetensorsHeader(
          {{"features", {ElementType::kFloat32, {row_count, feature_dim}, absl::string_view()}},
           {"labels", {ElementType::kInt64, {row_count}, absl::string_view()}}},
          metadata));
  const auto header_bytes = static_cast<int64_t>(header.size());
  OutputLayout layout;
  layout.files = {{path, header, header_bytes + features_bytes + labels_bytes}};
  layout.features_offset = header_bytes;
  layout.labels_offset = header_bytes + features_bytes;
  return layout;
}

absl::StatusOr<OutputLayout> NpyLayout(const std::string& path, int64_t row_count,
                                       int64_t feature_dim) {
  ASSIGN_OR_RETURN(const int64_t features_bytes,
                   TensorBytes(ElementType::kFloat32, {row_count, feature_dim}));
  ASSIGN_OR_RETURN(const int64_t labels_bytes, TensorBytes(ElementType::kInt64, {row_count}));
  const std::string features = NpyHeader(ElementType::kFloat32, {row_count, feature_dim});
  const std::string labels = NpyHeader(ElementType::kInt64, {row_count});
  OutputLayout layout;
  layout.labels_offset = static_cast<int64_t>(labels.size());
  layout.features_offset = static_cast<int64_t>(features.size());
  layout.files = {{LabelsPath(path), labels, layout.labels_offset + labels_bytes},
                  {path, features, layout.features_offset + features_bytes}};
  layout.features_file = 1;
  layout.labels_file = 0;
  return layout;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> OutputPaths(const std::string& path) {
  if (absl::EndsWith(path, kSafetensorsEnding)) return std::vector<std::string>{path};
  if (absl::EndsWith(path, kNpyEnding)) return std::vector<std::string>{LabelsPath(path), path};
  return absl::InvalidArgumentError(
      absl::StrCat("--output '", path, "' has an unknown ending; expected .safetensors or .npy"));
}

absl::StatusOr<OutputLayout> LayoutFor(const std::string& path, int64_t row_count,
                                       int64_t feature_dim, const Metadata& metadata) {
  RETURN_IF_ERROR(OutputPaths(path).status());
  if (absl::EndsWith(path, kNpyEnding)) return NpyLayout(path, row_count, feature_dim);
  return SafetensorsLayout(path, row_count, feature_dim, metadata);
}

}  // namespace tailcast::generate
