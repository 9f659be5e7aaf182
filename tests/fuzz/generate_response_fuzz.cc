#include <random>

#include "absl/strings/string_view.h"
#include "client/library/response_parser.h"
#include "tests/client/library/fake_table.h"
#include "tests/client/library/split_message.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  const client::FakeTable table;
  v1::GenerateResponse header, summary;
  *header.mutable_header() = table.Header();
  *summary.mutable_summary() = table.Summary(ShardRows({}, 9), 0, 5);
  return {header.SerializeAsString(), summary.SerializeAsString(),
          table.Chunk(ShardRows({}, 1000000), 0, 3).SerializeAsString()};
}

namespace {

// The parser by hand and the generated class agree on every message, however it is cut.
void TestOne(const std::string& bytes) {
  v1::GenerateResponse expected;
  const bool valid = expected.ParseFromString(bytes) &&
                     expected.content_case() != v1::GenerateResponse::CONTENT_NOT_SET;
  std::mt19937 rng(static_cast<uint32_t>(bytes.size()));
  client::ResponseParser parser;
  for (const int max_cuts : {0, 3}) {
    const auto view = parser.Parse(client::SplitAtRandom(bytes, max_cuts, rng));
    FuzzCheck(view.ok() == valid, "both accept or both refuse");
    if (!valid) continue;
    FuzzCheck(client::SameFields(expected, client::AsMessage(*view)), "both read the same fields");
  }
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne(std::string(reinterpret_cast<const char*>(data), size));
  return 0;
}
