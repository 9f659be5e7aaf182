// Runs a fuzz target on the files of a folder, on its seeds and on mutations of both.
// Usage: fuzz_NAME [CORPUS_FOLDER]; TAILCAST_FUZZ_RUNS sets the number of mutations.
// The input that crashes is written to fuzz_NAME.crash.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/mutator.h"

namespace tailcast {
namespace {

constexpr long kDefaultRuns = 5000;
constexpr unsigned kMutatorSeed = 1;

// Read by the signal handler.
std::string g_input;
std::string g_crash_path;

void SaveInput(int signal_number) {
  const int file = open(g_crash_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (file >= 0 && write(file, g_input.data(), g_input.size()) >= 0) close(file);
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void RunOne(std::string input) {
  g_input = std::move(input);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(g_input.data()), g_input.size());
}

std::vector<std::string> CorpusOf(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> paths;
  if (std::filesystem::is_directory(folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      if (entry.is_regular_file()) paths.push_back(entry.path());
    }
  }
  std::sort(paths.begin(), paths.end());  // folders have no order of their own
  std::vector<std::string> corpus;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return corpus;
}

int Run(int argc, char** argv) {
  g_crash_path = std::filesystem::path(argv[0]).filename().string() + ".crash";
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) signal(number, SaveInput);

  std::vector<std::string> inputs = FuzzSeeds();
  if (argc > 1) {
    for (std::string& input : CorpusOf(argv[1])) inputs.push_back(std::move(input));
  }
  inputs.emplace_back();  // no bytes at all
  for (const std::string& input : inputs) RunOne(input);

  const char* runs_text = std::getenv("TAILCAST_FUZZ_RUNS");
  const long runs = runs_text == nullptr ? kDefaultRuns : std::atol(runs_text);
  Mutator mutator(inputs, kMutatorSeed);
  for (long run = 0; run < runs; ++run) RunOne(mutator.Next());
  std::printf("%zu inputs and %ld mutations\n", inputs.size(), runs);
  return 0;
}

}  // namespace
}  // namespace tailcast

int main(int argc, char** argv) { return tailcast::Run(argc, argv); }
