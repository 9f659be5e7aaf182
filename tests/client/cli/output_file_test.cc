#include "client/cli/output_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"

namespace tailcast::cli {
namespace {

using ::testing::HasSubstr;

TEST(OutputFileTest, AcceptsANewAndAnExistingFileInAFolder) {
  const std::string path = ::testing::TempDir() + "/output_file_test.bin";
  std::filesystem::remove(path);
  EXPECT_TRUE(CheckOutputPath(path).ok());
  EXPECT_FALSE(std::filesystem::exists(path));
  std::ofstream(path) << "old";
  EXPECT_TRUE(CheckOutputPath(path).ok());
  EXPECT_TRUE(CheckOutputPath("just_a_name.bin").ok());
}

TEST(OutputFileTest, RefusesAMissingFolderNamingIt) {
  const absl::Status status = CheckOutputPath("/no/such/folder/file.bin");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("/no/such/folder"));
}

TEST(OutputFileTest, RefusesAFolderInPlaceOfAFile) {
  const absl::Status status = CheckOutputPath(::testing::TempDir());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(OutputFileTest, RefusesAFileInPlaceOfAFolder) {
  const std::string file = ::testing::TempDir() + "/output_file_test_plain";
  std::ofstream(file) << "x";
  EXPECT_FALSE(CheckOutputPath(file + "/child.bin").ok());
}

}  // namespace
}  // namespace tailcast::cli
