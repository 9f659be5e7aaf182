#ifndef TAILCAST_CORE_BUNDLE_ASSEMBLE_H_
#define TAILCAST_CORE_BUNDLE_ASSEMBLE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/bundle/repository.h"
#include "core/classifiers/linear_head.h"
#include "core/contract/feature_space.h"
#include "core/contract/sampler_spec.h"
#include "core/diffusion/generator.h"
#include "core/encoders/trained_encoder.h"
#include "nlohmann/json.hpp"

namespace tailcast::bundle {

// What a bundle is made of.
struct BundleParts {
  std::shared_ptr<const diffusion::Generator> generator;
  // Null if there is none.
  std::shared_ptr<const encoders::TrainedEncoder> encoder;
  std::optional<classifiers::LinearHead> classifier;
  // The space of the generator's features; that of the encoder if there is one.
  FeatureSpace feature_space;
  // Index = class_index.
  std::vector<std::string> class_names;
  std::vector<int64_t> class_counts;
  SamplerSpec default_sampler;
  nlohmann::json figures = nlohmann::json::object();
};

// Manifest and weight files, ready to publish; the files hold tensors and nothing else, so the same
// parts always give the same bytes. INVALID_ARGUMENT names the parts that contradict each other;
// RESOURCE_EXHAUSTED: not enough memory.
absl::StatusOr<BundleContents> AssembleBundle(const BundleParts& parts);

}  // namespace tailcast::bundle

#endif  // TAILCAST_CORE_BUNDLE_ASSEMBLE_H_
