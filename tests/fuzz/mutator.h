#ifndef TAILCAST_TESTS_FUZZ_MUTATOR_H_
#define TAILCAST_TESTS_FUZZ_MUTATOR_H_

#include <cstddef>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace tailcast {

// Changes inputs at random, the same way for the same seed. Not thread-safe.
class Mutator {
 public:
  // `inputs`: what is changed and mixed; at least one.
  Mutator(std::vector<std::string> inputs, unsigned seed)
      : inputs_(std::move(inputs)), rng_(seed) {}

  // One of the inputs with one to eight changes.
  std::string Next();

 private:
  // In [0, n); 0 for n = 0.
  size_t Below(size_t n) { return n == 0 ? 0 : rng_() % n; }
  void Change(std::string& bytes);
  void OverwriteNumber(std::string& bytes);

  std::vector<std::string> inputs_;
  std::mt19937_64 rng_;
};

}  // namespace tailcast

#endif  // TAILCAST_TESTS_FUZZ_MUTATOR_H_
