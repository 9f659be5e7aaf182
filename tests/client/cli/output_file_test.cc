#include "client/cli/output_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "client/cli/command.h"
#include "gmock/gmock.h"

namespace tailcast::cli {
namespace {

using ::testing::AllOf;
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

// A folder with the file `input`, gone at the end.
class OutputAndInputTest : public ::testing::Test {
 protected:
  OutputAndInputTest() {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ / "sub");
    std::ofstream(folder_ / "input") << "x";
  }
  ~OutputAndInputTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }

  const std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) / "output_and_input_test";
};

TEST_F(OutputAndInputTest, RefusesAnInputByAnyOfItsNamesNamingBothFlags) {
  std::filesystem::create_symlink(Path("input"), Path("link"));
  for (const std::string& name :
       {Path("input"), Path("./input"), Path("sub/../input"), Path("link")}) {
    const absl::Status status =
        CheckOutputPath(name, {{"--other", Path("none")}, {"--features", Path("input")}});
    EXPECT_TRUE(IsWrongUsage(status)) << name;
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("--output"), HasSubstr("--features"), HasSubstr(name)));
  }
}

TEST_F(OutputAndInputTest, RefusesAnyPlaceInAFolderThatIsRead) {
  for (const char* name : {"new", "input", "sub/new"}) {
    EXPECT_TRUE(IsWrongUsage(CheckOutputPath(Path(name), {{"--repository", Path("")}}))) << name;
  }
  EXPECT_TRUE(CheckOutputPath(Path("new"), {{"--repository", Path("sub")}}).ok());
}

TEST_F(OutputAndInputTest, AcceptsAnotherFileAndInputsThatAreNotGivenOrNotThere) {
  EXPECT_TRUE(CheckOutputPath(Path("output"), {{"--features", Path("input")},
                                               {"--validation", ""},
                                               {"--split", Path("output")}})
                  .ok());
}

TEST(OutputFileTest, RefusesAFileInPlaceOfAFolder) {
  const std::string file = ::testing::TempDir() + "/output_file_test_plain";
  std::ofstream(file) << "x";
  EXPECT_FALSE(CheckOutputPath(file + "/child.bin").ok());
}

}  // namespace
}  // namespace tailcast::cli
