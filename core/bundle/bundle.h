#ifndef TAILCAST_CORE_BUNDLE_BUNDLE_H_
#define TAILCAST_CORE_BUNDLE_BUNDLE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/digest.h"
#include "core/bundle/manifest.h"
#include "core/classifiers/linear_head.h"
#include "core/diffusion/generator.h"
#include "core/encoders/trained_encoder.h"

namespace tailcast::bundle {

// A loaded version: checked, immutable, safe to share.
struct Bundle {
  Manifest manifest;
  Digest digest;
  std::shared_ptr<const diffusion::Generator> generator;
  std::shared_ptr<const encoders::TrainedEncoder> encoder;  // null if there is none
  std::optional<classifiers::LinearHead> classifier;
};

// Reads a version's folder and checks each file against the manifest. NOT_FOUND: no such folder or
// manifest; DATA_LOSS names the file whose size or SHA-256 differs, or that is missing;
// INVALID_ARGUMENT: a well-kept file with a wrong content; RESOURCE_EXHAUSTED: not enough memory.
// `before_file`: called before a weight file is read, which may take long; its error ends the work.
absl::StatusOr<std::shared_ptr<const Bundle>> ReadBundle(
    const std::string& folder, const std::function<absl::Status()>& before_file = nullptr);

// One finding of VerifyBundle().
struct FileCheck {
  std::string file;
  bool ok = false;
  // Empty if ok; else what was expected and found.
  std::string fault = {};
};

// Recomputes every digest without loading: the manifest against publish.json's record of it, each
// file against the manifest, and the folder against the list of files (a file too many is a fault).
// `before_file`: as for ReadBundle(). NOT_FOUND: no such folder; a file of it that cannot be read is
// a finding.
absl::StatusOr<std::vector<FileCheck>> VerifyBundle(
    const std::string& folder, const std::function<absl::Status()>& before_file = nullptr);

// The quick part of it, without reading weights: the manifest's digest, and that each file is there
// in its size. DATA_LOSS names the first that is not.
absl::Status CheckFilesAreThere(const std::string& folder);

}  // namespace tailcast::bundle

#endif  // TAILCAST_CORE_BUNDLE_BUNDLE_H_
