#ifndef TAILCAST_TESTS_CORE_BUNDLE_CONTENTS_H_
#define TAILCAST_TESTS_CORE_BUNDLE_CONTENTS_H_

#include <memory>
#include <string>
#include <utility>

#include "core/bundle/assemble.h"
#include "core/bundle/repository.h"
#include "core/diffusion/denoisers/make_denoiser.h"
#include "core/tensor/module_io.h"

namespace tailcast::bundle {

inline constexpr int64_t kNumClasses = 3;
// Features of the small residual network.
inline constexpr int64_t kFeatureDim = 64;

// A manifest of an imported feature space, complete but for its files.
inline Manifest ImportedManifest() {
  Manifest manifest;
  manifest.feature_space = {.encoder = ImportedSpace("my features"),
                            .imported_name = "my features",
                            .dimension = static_cast<uint32_t>(kFeatureDim),
                            .non_negative = true};
  manifest.generator.denoiser.feature_dim = kFeatureDim;
  manifest.generator.denoiser.num_classes = kNumClasses;
  manifest.generator.denoiser.hidden_dim = 8;
  manifest.generator.denoiser.embedding_dim = 4;
  manifest.generator.denoiser.num_blocks = 1;
  manifest.class_names = {"boot", "bag", "shirt"};
  manifest.class_counts = {590, 59, 0};
  manifest.default_sampler = {.num_steps = 16, .guidance_weights = {-0.25}};
  manifest.figures = {{"validation_loss", 0.125}};
  return manifest;
}

// A version whose one weight file holds any bytes: enough for a repository, which does not load
// them.
inline BundleContents BytesAsContents(std::string generator_bytes) {
  BundleContents contents = {.manifest = ImportedManifest(), .files = {}};
  contents.files[kGeneratorFile] = std::move(generator_bytes);
  return contents;
}

inline std::shared_ptr<const diffusion::Generator> SmallGenerator() {
  const diffusion::GeneratorSpec spec = ImportedManifest().generator;
  auto denoiser = diffusion::MakeDenoiser(spec.denoiser).value();
  denoiser->Initialize(at::detail::createCPUGenerator(/*seed_val=*/3));
  return diffusion::Generator::FromParts(
      spec, std::move(denoiser),
      {.mean = at::linspace(0.5, 1.5, kFeatureDim),
       .standard_deviation = at::linspace(0.25, 2.0, kFeatureDim)});
}

inline std::shared_ptr<const encoders::TrainedEncoder> SmallEncoder() {
  encoders::EncoderSpec spec;
  spec.input = {
      .height = 16, .width = 16, .order = ChannelOrder::kGray, .mean = {0.5}, .std = {0.25}};
  const auto network = encoders::MakeEncoder(spec).value();
  return encoders::TrainedEncoder::Create(spec, ModuleTensors(*network), "test encoder").value();
}

inline classifiers::LinearHead SmallClassifier() {
  return {.weight = at::linspace(-1, 1, kNumClasses * kFeatureDim).view({kNumClasses, kFeatureDim}),
          .bias = at::linspace(-1, 1, kNumClasses)};
}

// Everything that a bundle can hold.
inline BundleParts FullParts() {
  const Manifest manifest = ImportedManifest();
  BundleParts parts;
  parts.generator = SmallGenerator();
  parts.encoder = SmallEncoder();
  parts.classifier = SmallClassifier();
  parts.feature_space = {.encoder = parts.encoder->fingerprint(),
                         .imported_name = "",
                         .dimension = static_cast<uint32_t>(kFeatureDim),
                         .non_negative = true};
  parts.class_names = manifest.class_names;
  parts.class_counts = manifest.class_counts;
  parts.default_sampler = manifest.default_sampler;
  parts.figures = manifest.figures;
  return parts;
}

}  // namespace tailcast::bundle

#endif  // TAILCAST_TESTS_CORE_BUNDLE_CONTENTS_H_
