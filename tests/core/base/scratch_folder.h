#ifndef TAILCAST_TESTS_CORE_BASE_SCRATCH_FOLDER_H_
#define TAILCAST_TESTS_CORE_BASE_SCRATCH_FOLDER_H_

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace tailcast {

// A fresh folder that goes away with everything in it when the object does.
class ScratchFolder {
 public:
  ScratchFolder() : path_(testing::TempDir() + "tailcast_XXXXXX") {
    EXPECT_NE(mkdtemp(path_.data()), nullptr) << path_;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tailcast

#endif  // TAILCAST_TESTS_CORE_BASE_SCRATCH_FOLDER_H_
