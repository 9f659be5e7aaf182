#ifndef TAILCAST_TESTS_FAKES_PUBLISHED_BUNDLE_H_
#define TAILCAST_TESTS_FAKES_PUBLISHED_BUNDLE_H_

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "core/bundle/assemble.h"
#include "core/bundle/repository.h"
#include "core/encoders/make_encoder.h"
#include "core/encoders/trained_encoder.h"
#include "core/tensor/module_io.h"
#include "tests/core/stream/generators.h"

namespace tailcast::bundle {

// A bundle whose weights are drawn: nothing is learnt, but every weight matters.
struct TestBundleOptions {
  // Another variant is another generator.
  double variant = 0.0;
  // With 64 features, and images of 16 x 16 gray pixels.
  bool with_encoder = false;
  int64_t feature_dim = 12;
  int64_t hidden_dim = 32;
  int32_t num_steps = 4;
  // Class 5 has no training rows.
  std::vector<int64_t> class_counts = {500, 200, 80, 30, 12, 0};
};

inline std::shared_ptr<const encoders::TrainedEncoder> DrawEncoder() {
  const encoders::EncoderSpec spec = {
      .input = {
          .height = 16, .width = 16, .order = ChannelOrder::kGray, .mean = {0.5}, .std = {0.25}}};
  const auto encoder = encoders::MakeEncoder(spec).value();
  const at::NoGradGuard no_grad;
  at::Generator rng = at::detail::createCPUGenerator(/*seed_val=*/3);
  for (auto& parameter : encoder->parameters()) parameter.normal_(0.0, 0.3, rng);
  return encoders::TrainedEncoder::Create(spec, ModuleTensors(*encoder), "drawn encoder").value();
}

inline BundleParts DrawParts(const TestBundleOptions& options) {
  const int64_t feature_dim = options.with_encoder ? 64 : options.feature_dim;
  diffusion::GeneratorSpec spec =
      stream::SmallSpec(static_cast<int64_t>(options.class_counts.size()));
  spec.denoiser.feature_dim = feature_dim;
  spec.denoiser.hidden_dim = options.hidden_dim;
  BundleParts parts;
  parts.generator = diffusion::Generator::FromParts(
      spec, stream::DrawDenoiser(spec.denoiser),
      {.mean = at::linspace(0.5, 1.5 + options.variant, feature_dim),
       .standard_deviation = at::linspace(0.25, 2.0, feature_dim)});
  parts.feature_space.dimension = static_cast<uint32_t>(feature_dim);
  parts.feature_space.non_negative = spec.non_negative;
  if (options.with_encoder) {
    parts.encoder = DrawEncoder();
    parts.feature_space.encoder = parts.encoder->fingerprint();
  } else {
    parts.feature_space.imported_name = "drawn features";
    parts.feature_space.encoder = ImportedSpace(parts.feature_space.imported_name);
  }
  for (size_t c = 0; c < options.class_counts.size(); ++c) {
    parts.class_names.push_back("class " + std::to_string(c));
  }
  parts.class_counts = options.class_counts;
  parts.default_sampler.num_steps = options.num_steps;
  return parts;
}

// Publishes into the repository, which is created if need be.
inline VersionInfo PublishTestBundle(const std::string& root, const std::string& name,
                                     const TestBundleOptions& options = {}) {
  const BundleContents contents = AssembleBundle(DrawParts(options)).value();
  return Repository::OpenOrCreate(root)->Publish(name, contents, absl::Now())->version;
}

}  // namespace tailcast::bundle

#endif  // TAILCAST_TESTS_FAKES_PUBLISHED_BUNDLE_H_
