#ifndef TAILCAST_CORE_BUNDLE_MANIFEST_H_
#define TAILCAST_CORE_BUNDLE_MANIFEST_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/digest.h"
#include "core/contract/feature_space.h"
#include "core/contract/sampler_spec.h"
#include "core/diffusion/denoisers/make_denoiser.h"
#include "core/diffusion/generator.h"
#include "core/encoders/make_encoder.h"
#include "core/io/safetensors.h"
#include "nlohmann/json.hpp"

namespace tailcast::bundle {

inline constexpr char kManifestFile[] = "manifest.json";
inline constexpr char kPublishFile[] = "publish.json";
inline constexpr char kGeneratorFile[] = "generator.safetensors";
inline constexpr char kEncoderFile[] = "encoder.safetensors";
inline constexpr char kClassifierFile[] = "classifier.safetensors";

// A manifest larger than this is refused unread.
inline constexpr int64_t kMaxManifestBytes = 64 << 20;
// Largest weight file that a manifest may list: the weights of the largest network, and ample room
// for its biases and the file's header. A reader needs memory of this size.
inline constexpr int64_t kMaxFileBytes = 4 * diffusion::kMaxParameters + kMaxSafetensorsHeaderBytes;

struct FileEntry {
  Digest sha256;
  int64_t size_bytes = 0;
  bool operator==(const FileEntry&) const = default;
};

// What a bundle says of itself. Holds no name, version, time, path, host or commit, so the same
// content has the same digest. The bundle's digest is the SHA-256 of the file as stored.
struct Manifest {
  FeatureSpace feature_space;
  diffusion::GeneratorSpec generator;
  // Set if the bundle holds an encoder.
  std::optional<encoders::EncoderSpec> encoder;
  bool has_classifier = false;
  // Index = class_index.
  std::vector<std::string> class_names;
  // Training rows n_c of each class.
  std::vector<int64_t> class_counts;
  // What an unset sampler means; every field resolved.
  SamplerSpec default_sampler;
  // Known before publishing: objective, validation loss, what the default sampler was judged with.
  nlohmann::json figures = nlohmann::json::object();
  // Name -> digest and size of each weight file.
  std::map<std::string, FileEntry> files;

  int64_t num_classes() const { return static_cast<int64_t>(class_names.size()); }
};

// INVALID_ARGUMENT, naming `what`, if members contradict each other (class_names and class_counts
// of different length, ...).
absl::Status ValidateManifest(const Manifest& manifest, const std::string& what);

// Canonical JSON. Errors as ParseManifest().
absl::StatusOr<std::string> SerializeManifest(const Manifest& manifest);

// INVALID_ARGUMENT names `what`, the member, its value and what was expected; also for JSON that is
// not canonical, and as ValidateManifest(). A number may be spelled in any way, so that a bundle
// outlives a change in how numbers are written; its digest is of the bytes as they are.
absl::StatusOr<Manifest> ParseManifest(absl::string_view text, const std::string& what);

}  // namespace tailcast::bundle

#endif  // TAILCAST_CORE_BUNDLE_MANIFEST_H_
