#ifndef TAILCAST_CORE_BASE_BUILD_INFO_H_
#define TAILCAST_CORE_BASE_BUILD_INFO_H_

namespace tailcast {

// What `--version` says. Nothing else may depend on it: rows and digests are equal across commits
// that do not change them.
struct BuildInfo {
  // "0.1.0"
  const char* version;
  // Twelve hexadecimal digits, "-modified" behind them if files differ from it; "unknown" outside a
  // checkout.
  const char* commit;
};

// Written by the build (deploy/cmake/TailcastBuildInfo.cmake) into a library of its own, so that a
// new commit compiles one small file and links the two programs.
extern const BuildInfo kBuildInfo;

}  // namespace tailcast

#endif  // TAILCAST_CORE_BASE_BUILD_INFO_H_
