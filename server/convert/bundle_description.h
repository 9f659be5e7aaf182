#ifndef TAILCAST_SERVER_CONVERT_BUNDLE_DESCRIPTION_H_
#define TAILCAST_SERVER_CONVERT_BUNDLE_DESCRIPTION_H_

#include <memory>
#include <string>
#include <vector>

#include "core/bundle/manifest.h"
#include "core/bundle/repository.h"
#include "core/stream/numerics.h"

namespace tailcast::convert {

// Readiness of a version on this server.
enum class BundleState {
  kAvailable,  // in the repository; loads at the first call
  kLoading,    // loads, warms up and proves row invariance
  kActive,     // serves
  kFailed,     // damaged or not loadable here
};

// What the server knows of one version.
struct BundleDescription {
  bundle::VersionInfo version;
  BundleState state = BundleState::kAvailable;
  // Labels that point here, by name.
  std::vector<std::string> labels;
  // Null if it cannot be read.
  std::shared_ptr<const bundle::Manifest> manifest;
  // Arithmetic on offer; empty until kActive.
  std::vector<stream::Numerics> numerics;
};

}  // namespace tailcast::convert

#endif  // TAILCAST_SERVER_CONVERT_BUNDLE_DESCRIPTION_H_
