#include "core/tensor/tensor_io.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/io/safetensors.h"

namespace tailcast {
namespace {

using ::testing::HasSubstr;

NamedTensors RoundTrip(const NamedTensors& tensors) {
  const auto bytes = SerializeTensors(tensors, {{"format", "test"}});
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  const auto file = SafetensorsFile::Parse(*bytes, "memory");
  EXPECT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->metadata().at("format"), "test");
  return ReadTensors(*file).value();
}

TEST(TensorIoTest, KeepsEveryElementTypeAndShape) {
  for (const auto type : {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt,
                          at::kShort, at::kChar, at::kByte, at::kBool}) {
    const NamedTensors tensors = {{"a", at::arange(6).view({2, 3}).to(type)},
                                  {"scalar", at::ones({}, type)},
                                  {"empty", at::zeros({0, 4}, type)}};

    const NamedTensors read = RoundTrip(tensors);

    ASSERT_EQ(read.size(), 3u) << toString(type);
    for (const auto& [name, tensor] : tensors) {
      EXPECT_EQ(read.at(name).scalar_type(), type) << name;
      EXPECT_TRUE(at::equal(read.at(name), tensor)) << name << " " << toString(type);
    }
  }
}

TEST(TensorIoTest, WritesWhatATransposedViewShows) {
  const auto transposed = at::arange(6).view({2, 3}).t();

  EXPECT_TRUE(at::equal(RoundTrip({{"a", transposed}}).at("a"), transposed));
}

TEST(TensorIoTest, ReadTensorsOwnTheirMemory) {
  NamedTensors read;
  {
    const auto bytes = SerializeTensors({{"a", at::arange(4)}}, {});
    read = ReadTensors(SafetensorsFile::Parse(*bytes, "memory").value()).value();
  }
  EXPECT_TRUE(at::equal(read.at("a"), at::arange(4)));
}

TEST(TensorIoTest, RefusesATypeThatTheFormatLacks) {
  const auto bytes = SerializeTensors({{"z", at::zeros({1}, at::kComplexFloat)}}, {});

  EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(bytes.status().message(), HasSubstr("tensor 'z' has element type ComplexFloat"));
}

// Expected value: printf '\000\000\200\077' | sha256sum
TEST(TensorIoTest, DigestsAreTakenOfLittleEndianBytes) {
  const auto digests = TensorDigests({{"one", at::ones({1})}});

  EXPECT_EQ(ToHex(digests.at("one")),
            "e00e5eb9444182f352323374ef4e08ebcb784725fdd4fd612d7730540b3e0c8c");
}

}  // namespace
}  // namespace tailcast
