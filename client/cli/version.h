#ifndef TAILCAST_CLIENT_CLI_VERSION_H_
#define TAILCAST_CLIENT_CLI_VERSION_H_

#include <string>

namespace tailcast::cli {

// "tailcast 0.1.0 (commit 1a2b3c4d5e6f, LibTorch 2.11.0)"
std::string VersionText();

}  // namespace tailcast::cli

#endif  // TAILCAST_CLIENT_CLI_VERSION_H_
