#ifndef TAILCAST_TESTS_CLIENT_CLI_GENERATE_TEST_FOLDER_H_
#define TAILCAST_TESTS_CLIENT_CLI_GENERATE_TEST_FOLDER_H_

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace tailcast::generate {

// An empty folder of one test, removed at its end.
class TestFolder {
 public:
  TestFolder() {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(::testing::TempDir()) /
            (std::string("tailcast_") + info->test_suite_name() + "_" + info->name());
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }

  std::string File(const std::string& name) const { return (path_ / name).string(); }
  // Names in it, sorted.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace tailcast::generate

#endif  // TAILCAST_TESTS_CLIENT_CLI_GENERATE_TEST_FOLDER_H_
