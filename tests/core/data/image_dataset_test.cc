#include "core/data/image_dataset.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/files.h"
#include "core/data/dataset_formats.h"
#include "tests/core/base/scratch_folder.h"
#include "tests/core/data/toy_dataset.h"
#include "tests/core/io/gzip_bytes.h"

namespace tailcast::data {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Idx(const std::vector<uint32_t>& shape, const std::string& data) {
  std::string bytes = {'\0', '\0', '\x08', static_cast<char>(shape.size())};
  for (const uint32_t size : shape) {
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(size >> shift));
  }
  return bytes + data;
}

// A folder of a data set with three training images of 2 x 1 pixels.
class ImageDatasetTest : public testing::Test {
 protected:
  void SetUp() override {
    Write("train-images-idx3-ubyte", Idx({3, 2, 1}, "abcdef"));
    Write("train-labels-idx1-ubyte", Idx({3}, std::string("\x02\x00\x01", 3)));
  }
  void Write(const std::string& file, const std::string& bytes) {
    ASSERT_TRUE(WriteFileAtomically(folder_.File(file), bytes).ok());
  }
  std::string ErrorOf(absl::StatusCode code = absl::StatusCode::kInvalidArgument) {
    const auto dataset = ReadImageDataset(folder_.path(), DatasetPart::kTrain);
    if (dataset.ok()) return "no error";
    EXPECT_EQ(dataset.status().code(), code) << dataset.status();
    EXPECT_THAT(std::string(dataset.status().message()), HasSubstr(folder_.path()));
    return std::string(dataset.status().message());
  }
  const ScratchFolder folder_;
};

TEST_F(ImageDatasetTest, ReadsIdxImagesAndLabels) {
  const auto dataset = ReadImageDataset(folder_.path(), DatasetPart::kTrain);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->images.sizes(), (std::vector<int64_t>{3, 2, 1, 1}));
  EXPECT_EQ(dataset->images.scalar_type(), at::kByte);
  EXPECT_TRUE(
      at::equal(dataset->images.flatten(), at::tensor({'a', 'b', 'c', 'd', 'e', 'f'}, at::kByte)));
  EXPECT_TRUE(at::equal(dataset->labels, at::tensor({2, 0, 1}, at::kLong)));
  EXPECT_THAT(dataset->class_names, ElementsAre("0", "1", "2"));
  EXPECT_THAT(dataset->class_counts(), ElementsAre(1, 1, 1));
  EXPECT_EQ(folder_.path().substr(folder_.path().rfind('/') + 1), dataset->name);
}

TEST_F(ImageDatasetTest, PackedFilesAndATrailingSlashAreTheSame) {
  const auto plain = ReadImageDataset(folder_.path(), DatasetPart::kTrain);
  ASSERT_TRUE(RemoveAll(folder_.File("train-images-idx3-ubyte")).ok());
  Write("train-images-idx3-ubyte.gz", GzipBytes(Idx({3, 2, 1}, "abcdef")));
  const auto packed = ReadImageDataset(folder_.path() + "/", DatasetPart::kTrain);
  ASSERT_TRUE(packed.ok()) << packed.status();
  EXPECT_TRUE(at::equal(packed->images, plain->images));
  EXPECT_EQ(packed->name, plain->name);
}

TEST_F(ImageDatasetTest, PathsNameWhatMayBeReadInTheFolder) {
  const std::vector<std::string> paths = DatasetPaths(folder_.path());
  for (const char* name :
       {"train-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz", "classes.txt", "data_batch_5.bin",
        "test_batch.bin", "batches.meta.txt", "train.bin", "fine_label_names.txt"}) {
    EXPECT_THAT(paths, Contains(folder_.File(name)));
  }
}

TEST_F(ImageDatasetTest, ClassNamesComeFromTheFileOfNames) {
  Write("classes.txt", "cat\r\ndog\nlong name\n\n");
  EXPECT_THAT(ReadImageDataset(folder_.path(), DatasetPart::kTrain)->class_names,
              ElementsAre("cat", "dog", "long name"));
  Write("classes.txt", "cat\n\ndog\n");
  EXPECT_THAT(ErrorOf(), HasSubstr("classes.txt' has no name in line 2"));
  Write("classes.txt", "\n");
  EXPECT_THAT(ErrorOf(), HasSubstr("classes.txt' has no names; expected one for each class"));
}

TEST_F(ImageDatasetTest, AFileOfNamesAboveItsLimitIsRefused) {
  std::string names = "cat\ndog\n";
  names.resize(kMaxNamesBytes, 'x');
  Write("classes.txt", names);
  EXPECT_EQ(ReadImageDataset(folder_.path(), DatasetPart::kTrain)->class_names.size(), 3u);
  Write("classes.txt", names + "x");
  EXPECT_THAT(ErrorOf(), HasSubstr("classes.txt' is too large; expected at most 1048576 bytes"));
}

TEST_F(ImageDatasetTest, ALabelWithoutAClassNameIsOutOfRange) {
  Write("classes.txt", "cat\ndog");
  EXPECT_THAT(ErrorOf(), HasSubstr("train-labels-idx1-ubyte' has label 2 at index 0; expected 0 "
                                   "to 1"));
}

TEST_F(ImageDatasetTest, CountsOfImagesAndLabelsMustAgree) {
  Write("train-labels-idx1-ubyte", Idx({2}, std::string("\x02\x00", 2)));
  EXPECT_THAT(ErrorOf(), HasSubstr("has 2 labels; expected one for each of the 3 images"));
}

TEST_F(ImageDatasetTest, ShapesMustBeThoseOfImagesAndLabels) {
  Write("train-images-idx3-ubyte", Idx({3, 2}, "abcdef"));
  EXPECT_THAT(ErrorOf(), HasSubstr("has 2 dimensions; expected 3"));
  Write("train-images-idx3-ubyte", Idx({0, 2, 1}, ""));
  Write("train-labels-idx1-ubyte", Idx({0}, ""));
  EXPECT_THAT(ErrorOf(), HasSubstr("has no images"));
  Write("train-labels-idx1-ubyte", Idx({3, 1}, "abc"));
  EXPECT_THAT(ErrorOf(), HasSubstr("has 2 dimensions; expected 1"));
}

TEST_F(ImageDatasetTest, DamagedFilesAreNamed) {
  Write("train-images-idx3-ubyte", "nothing");
  EXPECT_THAT(ErrorOf(), HasSubstr("train-images-idx3-ubyte"));
  ASSERT_TRUE(RemoveAll(folder_.File("train-images-idx3-ubyte")).ok());
  const std::string packed = GzipBytes(Idx({3, 2, 1}, "abcdef"));
  Write("train-images-idx3-ubyte.gz", packed.substr(0, packed.size() - 3));
  EXPECT_THAT(ErrorOf(), HasSubstr("train-images-idx3-ubyte.gz"));
}

TEST_F(ImageDatasetTest, MissingFilesAreToldWithWhatWasExpected) {
  ASSERT_TRUE(RemoveAll(folder_.File("train-labels-idx1-ubyte")).ok());
  EXPECT_THAT(ErrorOf(absl::StatusCode::kNotFound), HasSubstr("train-labels-idx1-ubyte"));
  ASSERT_TRUE(RemoveAll(folder_.File("train-images-idx3-ubyte")).ok());
  EXPECT_THAT(ErrorOf(absl::StatusCode::kNotFound),
              HasSubstr("expected IDX files (train-images-idx3-ubyte[.gz]) or CIFAR's"));
  EXPECT_EQ(ReadImageDataset("/nowhere", DatasetPart::kTest).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(ImageDatasetTest, TheDigestIsThatOfTheLabelsAsLittleEndianNumbers) {
  const auto dataset = ReadImageDataset(folder_.path(), DatasetPart::kTrain);
  EXPECT_EQ(dataset->labels_digest(), Sha256Of(std::string("\2\0\0\0\0\0\0\0\1\0\0\0", 12)));
}

TEST(LabelsDigestTest, TellsClassesApartThatAgreeInTheirLowestByte) {
  ImageDataset low = ToyDataset({2}), high = low;
  high.labels = low.labels + 256;
  EXPECT_NE(low.labels_digest(), high.labels_digest());
}

std::string CifarRecord(const std::string& labels, char red) {
  return labels + std::string(1024, red) + std::string(1024, 'g') + std::string(1024, 'b');
}

TEST(CifarDatasetTest, ReadsTheFiveTrainingFilesInOrder) {
  const ScratchFolder folder;
  for (char file = '1'; file <= '5'; ++file) {
    ASSERT_TRUE(WriteFileAtomically(folder.File(std::string("data_batch_") + file + ".bin"),
                                    CifarRecord(std::string(1, file - '0'), file))
                    .ok());
  }
  const auto dataset = ReadImageDataset(folder.path(), DatasetPart::kTrain);
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ(dataset->name, "cifar-10");
  EXPECT_EQ(dataset->images.sizes(), (std::vector<int64_t>{5, 32, 32, 3}));
  EXPECT_TRUE(at::equal(dataset->labels, at::tensor({1, 2, 3, 4, 5}, at::kLong)));
  EXPECT_TRUE(at::equal(dataset->images[2][31][31], at::tensor({'3', 'g', 'b'}, at::kByte)));

  ASSERT_TRUE(RemoveAll(folder.File("data_batch_4.bin")).ok());
  const auto cut = ReadImageDataset(folder.path(), DatasetPart::kTrain);
  EXPECT_EQ(cut.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(cut.status().message()), HasSubstr("data_batch_4.bin"));
}

TEST(CifarDatasetTest, NamesMustBeAsManyAsClasses) {
  const ScratchFolder folder;
  ASSERT_TRUE(WriteFileAtomically(folder.File("test.bin"), CifarRecord("\x03\x63", 'r')).ok());
  const auto numbered = ReadImageDataset(folder.path(), DatasetPart::kTest);
  ASSERT_TRUE(numbered.ok()) << numbered.status();
  EXPECT_EQ(numbered->class_names.size(), 100u);
  EXPECT_EQ(numbered->labels[0].item<int64_t>(), 99);
  ASSERT_TRUE(WriteFileAtomically(folder.File("fine_label_names.txt"), "apple\nbear\n").ok());
  EXPECT_THAT(std::string(ReadImageDataset(folder.path(), DatasetPart::kTest).status().message()),
              HasSubstr("has 2 class names; expected 100"));
}

TEST(SelectImagesTest, TakesImagesInTheOrderOfTheIndices) {
  const ImageDataset toy = ToyDataset({3, 3});
  const auto selected = SelectImages(toy, {4, 1, 4});
  ASSERT_TRUE(selected.ok());
  EXPECT_TRUE(at::equal(selected->labels, at::tensor({0, 1, 0}, at::kLong)));
  EXPECT_EQ(selected->images[0][0][0][0].item<int64_t>(), 4);
  EXPECT_EQ(SelectImages(toy, {})->size(), 0);
}

TEST(SelectImagesTest, IndicesOutOfRangeAreNamed) {
  const ImageDataset toy = ToyDataset({3, 3});
  EXPECT_TRUE(SelectImages(toy, {5}).ok());
  for (const int64_t index : {int64_t{-1}, int64_t{6}}) {
    const auto refused = SelectImages(toy, {0, index});
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kOutOfRange);
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr(std::to_string(index)));
  }
}

TEST(FashionMnistTest, HasItsClassesAndCounts) {
  const std::string folder = "/usr/share/datasets/fashion-mnist";
  if (!PathExists(folder)) GTEST_SKIP() << "package dataset-fashion-mnist is not installed";
  const auto train = ReadImageDataset(folder, DatasetPart::kTrain);
  const auto test = ReadImageDataset(folder + "/", DatasetPart::kTest);
  ASSERT_TRUE(train.ok() && test.ok()) << train.status() << test.status();
  EXPECT_EQ(train->name, "fashion-mnist");
  EXPECT_THAT(train->class_names, ElementsAre("T-shirt", "trouser", "pullover", "dress", "coat",
                                              "sandal", "shirt", "sneaker", "bag", "ankle boot"));
  EXPECT_EQ(train->class_counts(), std::vector<int64_t>(10, 6000));
  EXPECT_EQ(test->class_counts(), std::vector<int64_t>(10, 1000));
  EXPECT_EQ(train->images.sizes(), (std::vector<int64_t>{60000, 28, 28, 1}));
}

}  // namespace
}  // namespace tailcast::data
