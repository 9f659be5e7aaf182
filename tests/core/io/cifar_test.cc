#include "core/io/cifar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/files.h"
#include "tests/core/base/scratch_folder.h"

namespace tailcast {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr size_t kPlane = 1024;

// One record: its labels, and planes of one value each.
std::string Record(const std::string& labels, char red, char green, char blue) {
  return labels + std::string(kPlane, red) + std::string(kPlane, green) + std::string(kPlane, blue);
}

std::string ErrorOf(const absl::StatusOr<CifarImages>& images) {
  if (images.ok()) return "no error";
  EXPECT_EQ(images.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(images.status().message()), HasSubstr("f.bin"));
  return std::string(images.status().message());
}

TEST(ParseCifarTest, PlanesBecomeInterleavedPixels) {
  std::string bytes = Record("\x07", 'r', 'g', 'b');
  bytes[1 + 33] = 'R';  // red of row 1, column 1
  const auto images = ParseCifar(bytes, CifarFormat::kCifar10, "f.bin");

  ASSERT_TRUE(images.ok()) << images.status();
  EXPECT_THAT(images->labels, ElementsAre(7));
  ASSERT_EQ(images->pixels.size(), 3 * kPlane);
  EXPECT_EQ(images->pixels.substr(0, 6), "rgbrgb");
  EXPECT_EQ(images->pixels.substr(33 * 3, 3), "Rgb");
}

TEST(ParseCifarTest, TheFineLabelOfCifar100IsTaken) {
  const std::string bytes = Record("\x01\x63", 'a', 'b', 'c') + Record("\x02\x05", 'd', 'e', 'f');
  const auto images = ParseCifar(bytes, CifarFormat::kCifar100, "f.bin");

  ASSERT_TRUE(images.ok()) << images.status();
  EXPECT_THAT(images->labels, ElementsAre(99, 5));
  EXPECT_EQ(images->pixels.substr(3 * kPlane, 3), "def");
}

TEST(ParseCifarTest, OnlyWholeRecordsAreTaken) {
  const std::string bytes = Record("\x07", 'r', 'g', 'b');
  for (const size_t size : {size_t{0}, size_t{1}, bytes.size() - 1}) {
    EXPECT_THAT(ErrorOf(ParseCifar(bytes.substr(0, size), CifarFormat::kCifar10, "f.bin")),
                HasSubstr("records of 3073 bytes"));
  }
  EXPECT_THAT(ErrorOf(ParseCifar(bytes, CifarFormat::kCifar100, "f.bin")),
              HasSubstr("has 3073 bytes; expected one or more records of 3074 bytes"));
}

TEST(ParseCifarTest, LabelsAreTakenUpToTheLastClass) {
  const std::string good = Record("\x09", 'a', 'b', 'c');
  EXPECT_EQ(ErrorOf(ParseCifar(good, CifarFormat::kCifar10, "f.bin")), "no error");
  EXPECT_THAT(
      ErrorOf(ParseCifar(good + Record("\x0a", 'a', 'b', 'c'), CifarFormat::kCifar10, "f.bin")),
      HasSubstr("label 10 in record 1; expected 0 to 9"));
  EXPECT_THAT(
      ErrorOf(ParseCifar(Record("\x01\x64", 'a', 'b', 'c'), CifarFormat::kCifar100, "f.bin")),
      HasSubstr("label 100 in record 0; expected 0 to 99"));
}

TEST(ReadCifarTest, ReadsAFileAndNamesAMissingOne) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("f.bin"), Record("\x03", 'a', 'b', 'c')).ok());
  EXPECT_THAT(ReadCifar(folder.File("f.bin"), CifarFormat::kCifar10)->labels, ElementsAre(3));
  const auto missing = ReadCifar(folder.File("none.bin"), CifarFormat::kCifar10);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.status().message()), HasSubstr("none.bin"));
}

}  // namespace
}  // namespace tailcast
