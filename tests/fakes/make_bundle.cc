// Publishes a bundle with drawn weights, for tests of programs:
//   make_bundle REPOSITORY NAME [--variant V] [--dim D] [--hidden H] [--steps N]
// Classes 0 to 4 have 500, 200, 80, 30 and 12 training rows, class 5 has none. Prints NAME@VERSION.
#include <ATen/Functions.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <string>

#include "absl/time/clock.h"
#include "core/base/status_macros.h"
#include "core/bundle/assemble.h"
#include "core/bundle/repository.h"
#include "core/contract/address.h"
#include "tests/core/stream/generators.h"

namespace tailcast {
namespace {

constexpr char kSpaceName[] = "drawn features";

struct Options {
  std::string repository;
  std::string name;
  // Another variant is another generator over the same space.
  double variant = 0;
  int64_t feature_dim = 12;
  int64_t hidden_dim = 32;
  int32_t num_steps = 4;
};

absl::StatusOr<bundle::PublishResult> Publish(const Options& options) {
  diffusion::GeneratorSpec spec = stream::SmallSpec(/*num_classes=*/6);
  spec.denoiser.feature_dim = options.feature_dim;
  spec.denoiser.hidden_dim = options.hidden_dim;
  bundle::BundleParts parts;
  parts.generator = diffusion::Generator::FromParts(
      spec, stream::DrawDenoiser(spec.denoiser),
      {.mean = at::linspace(0.5, 1.5 + options.variant, options.feature_dim),
       .standard_deviation = at::linspace(0.25, 2.0, options.feature_dim)});
  parts.feature_space.encoder = ImportedSpace(kSpaceName);
  parts.feature_space.imported_name = kSpaceName;
  parts.feature_space.dimension = static_cast<uint32_t>(options.feature_dim);
  parts.feature_space.non_negative = spec.non_negative;
  parts.class_names = {"head", "many", "medium", "few", "tail", "absent"};
  parts.class_counts = {500, 200, 80, 30, 12, 0};
  parts.default_sampler.num_steps = options.num_steps;
  ASSIGN_OR_RETURN(const bundle::BundleContents contents, bundle::AssembleBundle(parts));
  ASSIGN_OR_RETURN(const bundle::Repository repository,
                   bundle::Repository::OpenOrCreate(options.repository));
  return repository.Publish(options.name, contents, absl::Now());
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Publishes a bundle with drawn weights");
  app.add_option("repository", options.repository)->required();
  app.add_option("name", options.name)->required();
  app.add_option("--variant", options.variant);
  app.add_option("--dim", options.feature_dim);
  app.add_option("--hidden", options.hidden_dim);
  app.add_option("--steps", options.num_steps);
  CLI11_PARSE(app, argc, argv);
  const absl::StatusOr<bundle::PublishResult> published = Publish(options);
  if (!published.ok()) {
    std::cerr << "make_bundle: " << published.status().message() << std::endl;
    return 1;
  }
  std::cout << published->version.name << "@" << published->version.version << std::endl;
  return 0;
}

}  // namespace
}  // namespace tailcast

int main(int argc, char** argv) { return tailcast::Main(argc, argv); }
