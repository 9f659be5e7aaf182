#include "client/library/response_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/client/library/fake_table.h"
#include "tests/client/library/split_message.h"

namespace tailcast::client {
namespace {

class ResponseParserTest : public ::testing::Test {
 protected:
  // The message as the generated class would hold it, from whatever the parser returned.
  absl::StatusOr<v1::GenerateResponse> Parsed(const grpc::ByteBuffer& buffer) {
    const auto view = parser_.Parse(buffer);
    if (!view.ok()) return view.status();
    return AsMessage(*view);
  }

  ResponseParser parser_;
  FakeTable table_;
  std::mt19937 rng_{1};
};

TEST_F(ResponseParserTest, AgreesWithTheGeneratedClassHoweverTheBytesAreCut) {
  std::vector<v1::GenerateResponse> messages;
  for (const int64_t rows : {1, 2, 3, 100, 8000}) {
    messages.push_back(table_.Chunk(ShardRows({}, 1000), 0, rows));
  }
  *messages.emplace_back().mutable_header() = table_.Header();
  *messages.emplace_back().mutable_summary() = table_.Summary(ShardRows({}, 0), 0, 7);
  for (const v1::GenerateResponse& message : messages) {
    const std::string bytes = message.SerializeAsString();
    for (const int max_cuts : {0, 1, 2, 5, 40}) {
      const auto parsed = Parsed(SplitAtRandom(bytes, max_cuts, rng_));
      ASSERT_TRUE(parsed.ok()) << parsed.status();
      EXPECT_EQ(parsed->SerializeAsString(), bytes);
    }
  }
}

TEST_F(ResponseParserTest, GivesThePayloadInPlaceIfItLiesInOnePiece) {
  const std::string bytes = table_.Chunk(ShardRows({}, 0), 0, 100).SerializeAsString();
  const grpc::Slice slice(bytes.data(), bytes.size());
  const grpc::ByteBuffer buffer(&slice, 1);
  const auto view = parser_.Parse(buffer);
  ASSERT_TRUE(view.ok());
  const absl::string_view payload = std::get<ChunkView>(*view).payload;
  const auto* begin = reinterpret_cast<const char*>(slice.begin());
  EXPECT_GE(payload.data(), begin);
  EXPECT_LE(payload.data() + payload.size(), begin + slice.size());
}

TEST_F(ResponseParserTest, AgreesOnUnusualForms) {
  const std::string chunk = table_.Chunk(ShardRows({}, 5), 0, 3).chunk().SerializeAsString();
  const auto wrap = [](const std::string& inner) {
    std::string bytes = "\x7a";
    bytes.push_back(static_cast<char>((inner.size() & 0x7f) | (inner.size() > 127 ? 0x80 : 0)));
    if (inner.size() > 127) bytes.push_back(static_cast<char>(inner.size() >> 7));
    return bytes + inner;
  };
  const std::string unknown_field = "\xa2\x06\x03xyz";  // field 100
  const std::string row_count_twice = chunk + "\x10\x05";
  const std::string wide_varint = std::string("\x08\x85\x80\x80\x80\x00", 6);
  const std::string negative = std::string("\x10") + std::string(9, '\xff') + "\x01";
  for (const std::string& bytes :
       {wrap(chunk), wrap(chunk) + wrap(chunk), wrap(unknown_field + chunk), wrap(row_count_twice),
        wrap(wide_varint), wrap(negative), wrap(chunk) + unknown_field, wrap("")}) {
    v1::GenerateResponse expected;
    ASSERT_TRUE(expected.ParseFromString(bytes));
    const auto parsed = Parsed(SplitAtRandom(bytes, 3, rng_));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_TRUE(SameFields(expected, *parsed));
  }
}

TEST_F(ResponseParserTest, RefusesWhatTheGeneratedClassRefuses) {
  const std::string bytes = table_.Chunk(ShardRows({}, 5), 0, 3).SerializeAsString();
  for (size_t size = 1; size < bytes.size(); ++size) {
    EXPECT_FALSE(Parsed(SplitAtRandom(bytes.substr(0, size), 2, rng_)).ok()) << size;
  }
  EXPECT_EQ(Parsed(SplitAtRandom("", 0, rng_)).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ResponseParserTest, AgreesOnDamagedBytes) {
  const std::string original = table_.Chunk(ShardRows({}, 70000), 0, 4).SerializeAsString();
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = original;
    for (int i = 0; i < 1 + round % 3; ++i) {
      // Mostly the head, where the structure is.
      bytes[rng_() % (round % 2 == 0 ? 30 : bytes.size())] = static_cast<char>(rng_());
    }
    v1::GenerateResponse expected;
    const bool valid = expected.ParseFromString(bytes) &&
                       expected.content_case() != v1::GenerateResponse::CONTENT_NOT_SET;
    const auto parsed = Parsed(SplitAtRandom(bytes, 3, rng_));
    ASSERT_EQ(parsed.ok(), valid) << round;
    if (valid) {
      ASSERT_TRUE(SameFields(expected, *parsed)) << round;
    }
  }
}

}  // namespace
}  // namespace tailcast::client
