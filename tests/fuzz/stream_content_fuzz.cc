// Any message of a stream that can be parsed: what reads its fields.
#include "absl/strings/string_view.h"
#include "client/library/call_verifier.h"
#include "proto/convert/contract_proto.h"
#include "tests/client/library/fake_table.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast::client {
namespace {

constexpr int64_t kFirstRow = 1'000'000;
constexpr int64_t kRowCount = 3;

void CheckVerdict(const absl::Status& status) {
  FuzzCheck(status.ok() || status.code() == absl::StatusCode::kDataLoss, "faults are the server's");
  FuzzCheck(status.ok() || !status.message().empty(), "errors say why");
}

void TestHeader(const v1::GenerateHeader& header) {
  static const v1::GenerateHeader expected = FakeTable().Header();
  const bool same = header.address() == expected.address();
  FuzzCheck(DescribeMismatch(expected, header).empty() == same, "the address decides");
  FuzzCheck(CheckSameStream(expected, header).ok() == same, "the address decides");
  for (const v1::DataType type : {v1::DATA_TYPE_UNSPECIFIED, v1::DATA_TYPE_FLOAT16}) {
    const absl::Status status = CheckHeader(header, type);
    CheckVerdict(status);
    if (!status.ok()) continue;
    FuzzCheck(RowBytes(header) > 0, "rows of a checked header have bytes");
    FuzzCheck(header.stream().sampler().has_ddpm() ||
                  Plan::Create(FromProto(header.stream().plan())).ok(),
              "a checked header has a plan");
  }
}

// In a call for rows that the seeds hold.
CallVerifier Verifier(const v1::GenerateHeader& header, const Plan& plan) {
  return CallVerifier(header, plan,
                      {.rows = ShardRows({}, kFirstRow), .position = 0, .row_count = kRowCount});
}

void TestContent(const v1::GenerateResponse& response) {
  static const v1::GenerateHeader header = FakeTable().Header();
  static const Plan plan = Plan::Create(FromProto(header.stream().plan())).value();
  CallVerifier verifier = Verifier(header, plan);
  if (response.has_summary()) CheckVerdict(verifier.CheckSummary(response.summary()));
  if (!response.has_chunk()) return;
  const v1::FeatureChunk& chunk = response.chunk();
  const auto rows = verifier.Check({.start_row = chunk.start_row(),
                                    .row_count = chunk.row_count(),
                                    .checksum = chunk.checksum(),
                                    .class_indices = chunk.class_indices(),
                                    .payload = chunk.payload()});
  CheckVerdict(rows.status());
  FuzzCheck(verifier.row_count() == (rows.ok() ? chunk.row_count() : 0), "it counts what passed");
}

}  // namespace
}  // namespace tailcast::client

std::vector<std::string> tailcast::FuzzSeeds() {
  const client::FakeTable table;
  const ShardRows rows({}, client::kFirstRow);
  v1::GenerateResponse header, other, summary;
  *header.mutable_header() = table.Header();
  *other.mutable_header() = client::FakeTable(2).Header();
  *summary.mutable_summary() = table.Summary(rows, 0, 0);
  return {header.SerializeAsString(), other.SerializeAsString(), summary.SerializeAsString(),
          table.Chunk(rows, 0, client::kRowCount).SerializeAsString()};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::v1::GenerateResponse response;
  if (!response.ParseFromArray(data, static_cast<int>(size))) return 0;
  if (response.has_header()) tailcast::client::TestHeader(response.header());
  tailcast::client::TestContent(response);
  return 0;
}
