#include "client/library/call_verifier.h"

#include <cstring>
#include <limits>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "client/library/stream_spec.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"
#include "core/contract/checksum.h"
#include "core/contract/wire_type.h"
#include "proto/convert/contract_proto.h"
#include "proto/google/rpc/error_details.pb.h"

namespace tailcast::client {
namespace {

constexpr size_t kClassIndexBytes = sizeof(int32_t);

std::string Hex64(uint64_t value) { return absl::StrCat("0x", absl::Hex(value, absl::kZeroPad16)); }

// "tc1-...", or what is wrong with the bytes.
std::string ShownAddress(const std::string& bytes) {
  const absl::StatusOr<Digest> digest = DigestFromBytes(bytes);
  return digest.ok() ? AddressText(*digest) : absl::StrCat(bytes.size(), " bytes");
}

absl::Status CheckDigestField(const std::string& bytes, const char* field) {
  if (DigestFromBytes(bytes).ok()) return absl::OkStatus();
  return absl::DataLossError(
      absl::StrCat("header.", field, " has ", bytes.size(), " bytes; expected 32"));
}

// A header whose digests are not those of its own stream would be pinned wrongly.
absl::Status CheckDigests(const v1::GenerateHeader& header) {
  // The number of steps that the digest of this sampler holds is not in the message.
  if (header.stream().sampler().has_ddpm()) return absl::OkStatus();
  const absl::StatusOr<Digest> recipe = RecipeOf(header.stream());
  if (!recipe.ok()) {
    return absl::DataLossError(absl::StrCat("header.", recipe.status().message()));
  }
  if (ToBytes(*recipe) != header.recipe_digest()) {
    return absl::DataLossError(
        absl::StrCat("header.recipe_digest is not that of its stream; expected ", ToHex(*recipe)));
  }
  const absl::StatusOr<Digest> address = AddressOf(header.stream());
  if (!address.ok()) {
    return absl::DataLossError(absl::StrCat("header.", address.status().message()));
  }
  if (ToBytes(*address) == header.address()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("header.address is ", ShownAddress(header.address()),
                                          "; its stream has ", AddressText(*address)));
}

}  // namespace

int64_t RowBytes(const v1::GenerateHeader& header) {
  const absl::StatusOr<WireType> type = FromProto(header.data_type());
  if (!type.ok()) return 0;
  return int64_t{header.feature_dimension()} * static_cast<int64_t>(WireTypeSize(*type));
}

absl::Status CheckHeader(const v1::GenerateHeader& header, v1::DataType requested_type) {
  RETURN_IF_ERROR(CheckDigestField(header.address(), "address"));
  RETURN_IF_ERROR(CheckDigestField(header.recipe_digest(), "recipe_digest"));
  RETURN_IF_ERROR(CheckDigestField(header.feature_space_digest(), "feature_space_digest"));
  if (header.feature_dimension() < 1) {
    return absl::DataLossError(absl::StrCat("header.feature_dimension is ",
                                            header.feature_dimension(), "; expected at least 1"));
  }
  const v1::DataType expected =
      requested_type == v1::DATA_TYPE_UNSPECIFIED ? v1::DATA_TYPE_FLOAT32 : requested_type;
  if (header.data_type() != expected) {
    return absl::DataLossError(absl::StrCat("header.data_type is ",
                                            static_cast<int>(header.data_type()), "; expected ",
                                            v1::DataType_Name(expected)));
  }
  return CheckDigests(header);
}

std::string DescribeMismatch(const v1::GenerateHeader& expected, const v1::GenerateHeader& actual) {
  if (actual.address() == expected.address()) return "";
  const std::string difference = DescribeDifference(expected.stream(), actual.stream());
  return absl::StrCat("its address is ", ShownAddress(actual.address()), ", expected ",
                      ShownAddress(expected.address()), difference.empty() ? "" : "; ", difference);
}

absl::Status CheckSameStream(const v1::GenerateHeader& expected, const v1::GenerateHeader& actual) {
  if (actual.address() == expected.address()) return absl::OkStatus();
  absl::Status status = absl::FailedPreconditionError(
      absl::StrCat("would send another stream: ", DescribeMismatch(expected, actual)));
  google::rpc::ErrorInfo info;
  info.set_reason("ADDRESS_MISMATCH");
  info.set_domain("tailcast");
  (*info.mutable_metadata())["expected"] = ShownAddress(expected.address());
  (*info.mutable_metadata())["actual"] = ShownAddress(actual.address());
  status.SetPayload("type.googleapis.com/google.rpc.ErrorInfo",
                    absl::Cord(info.SerializeAsString()));
  return status;
}

CallVerifier::CallVerifier(const v1::GenerateHeader& header, const Plan& plan, CallRange range)
    : row_bytes_(RowBytes(header)), plan_(plan), range_(range) {}

absl::Status CallVerifier::CheckShape(const ChunkView& chunk) const {
  const int64_t expected_row = range_.rows.RowAt(range_.position + row_count_);
  if (chunk.start_row != expected_row) {
    return absl::DataLossError(
        absl::StrCat("a chunk starts at row ", chunk.start_row, "; expected row ", expected_row));
  }
  const int64_t left =
      range_.row_count ? *range_.row_count - row_count_ : std::numeric_limits<int64_t>::max();
  if (chunk.row_count < 1 || chunk.row_count > left) {
    return absl::DataLossError(absl::StrCat("the chunk at row ", expected_row, " has ",
                                            chunk.row_count, " rows; expected [1, ", left, "]"));
  }
  const auto rows = static_cast<uint64_t>(chunk.row_count);
  if (chunk.class_indices.size() != rows * kClassIndexBytes ||
      chunk.payload.size() != rows * static_cast<uint64_t>(row_bytes_)) {
    return absl::DataLossError(
        absl::StrCat("the chunk at row ", expected_row, " has ", chunk.class_indices.size(),
                     " bytes of classes and ", chunk.payload.size(), " of features; expected ",
                     rows * kClassIndexBytes, " and ", rows * static_cast<uint64_t>(row_bytes_)));
  }
  const uint64_t checksum = ChunkChecksum(chunk.start_row, chunk.class_indices, chunk.payload);
  if (checksum == chunk.checksum) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the chunk at row ", expected_row, " has checksum ",
                                          Hex64(checksum), "; expected ", Hex64(chunk.checksum)));
}

// One row of each chunk: enough to see a server that understands the plan differently, at no cost.
absl::Status CallVerifier::CheckClasses() const {
  const int32_t expected = plan_.At(rows_.front()).class_index;
  if (class_indices_.front() == expected) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("row ", rows_.front(), " has class ",
                                          class_indices_.front(), "; the plan says ", expected));
}

absl::StatusOr<RowChunk> CallVerifier::Check(const ChunkView& chunk) {
  RETURN_IF_ERROR(CheckShape(chunk));
  const auto count = static_cast<size_t>(chunk.row_count);
  rows_.resize(count);
  range_.rows.ReadRows(range_.position + row_count_, absl::MakeSpan(rows_));
  class_indices_.resize(count);
  // Little endian, as this machine: see wire_type.cc.
  std::memcpy(class_indices_.data(), chunk.class_indices.data(), chunk.class_indices.size());
  RETURN_IF_ERROR(CheckClasses());
  row_count_ += chunk.row_count;
  const uint64_t sum = RowChecksumSum(rows_, class_indices_, chunk.payload);
  row_checksum_sum_ += sum;
  return RowChunk{.rows = rows_,
                  .class_indices = class_indices_,
                  .payload = chunk.payload,
                  .row_checksum_sum = sum};
}

absl::Status CallVerifier::CheckSummary(const v1::GenerateSummary& summary) const {
  const auto differ = [](const char* field, const std::string& actual,
                         const std::string& expected) {
    return absl::DataLossError(
        absl::StrCat("summary.", field, " is ", actual, "; received ", expected));
  };
  if (summary.row_count() != row_count_) {
    return differ("row_count", absl::StrCat(summary.row_count()), absl::StrCat(row_count_));
  }
  const int64_t next_row = range_.rows.RowAt(range_.position + row_count_);
  if (summary.next_row() != next_row) {
    return differ("next_row", absl::StrCat(summary.next_row()), absl::StrCat(next_row));
  }
  if (summary.row_checksum_sum() != row_checksum_sum_) {
    return differ("row_checksum_sum", Hex64(summary.row_checksum_sum()), Hex64(row_checksum_sum_));
  }
  return absl::OkStatus();
}

}  // namespace tailcast::client
