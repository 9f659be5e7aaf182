#ifndef TAILCAST_TESTS_FUZZ_FUZZ_TARGET_H_
#define TAILCAST_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

// What a fuzz target defines.

// Takes any bytes; must return 0, and never crash.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace tailcast {

// Inputs to start from, mostly valid ones.
std::vector<std::string> FuzzSeeds();

// Ends the process, which is how a finding is told, unless `holds`.
inline void FuzzCheck(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace tailcast

#endif  // TAILCAST_TESTS_FUZZ_FUZZ_TARGET_H_
