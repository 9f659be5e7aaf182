#ifndef TAILCAST_TESTS_GOLDEN_GOLDEN_VALUES_H_
#define TAILCAST_TESTS_GOLDEN_GOLDEN_VALUES_H_

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace tailcast {

// The file tests/golden/`name`, line by line.
inline std::vector<std::string> GoldenLines(const std::string& name) {
  const char* source = std::getenv("TAILCAST_SOURCE_DIR");
  EXPECT_NE(source, nullptr) << "TAILCAST_SOURCE_DIR is not set; ctest sets it";
  const std::string path = std::string(source == nullptr ? "." : source) + "/tests/golden/" + name;
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << "cannot read " << path;
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The numbers that follow `key` in golden_samplers.out, the output of golden_samplers.py: an
// implementation in numpy that shares nothing with ours.
inline std::vector<double> GoldenValues(const std::string& key) {
  std::vector<double> values;
  for (const std::string& line : GoldenLines("golden_samplers.out")) {
    if (line.rfind(key + " ", 0) != 0) continue;
    std::istringstream numbers(line.substr(key.size()));
    for (double value; numbers >> value;) values.push_back(value);
    break;
  }
  EXPECT_FALSE(values.empty()) << "no line of golden_samplers.out starts with '" << key << "'";
  return values;
}

}  // namespace tailcast

#endif  // TAILCAST_TESTS_GOLDEN_GOLDEN_VALUES_H_
