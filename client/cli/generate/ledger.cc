#include "client/cli/generate/ledger.h"

#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/library/call_verifier.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"
#include "core/contract/address.h"

namespace tailcast::generate {
namespace {

constexpr char kFormat[] = "tailcast.ledger.v1";

absl::Status Wrong(const std::string& what, absl::string_view member, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, ": member '", member, "' is wrong; expected ", expected));
}

absl::StatusOr<v1::GenerateHeader> ParseHeader(const std::string& text, const std::string& what) {
  std::string bytes;
  v1::GenerateHeader header;
  if (!absl::Base64Unescape(text, &bytes) || !header.ParseFromString(bytes)) {
    return Wrong(what, "header", "a GenerateHeader in base64");
  }
  const absl::Status status = client::CheckHeader(header, header.data_type());
  if (!status.ok())
    return Wrong(what, "header", absl::StrCat("a whole one (", status.message(), ")"));
  return header;
}

absl::StatusOr<RowRanges> ParseRanges(const nlohmann::json& done, const Ledger& ledger,
                                      const std::string& what) {
  RowRanges ranges;
  const int64_t end_row = ledger.start_row + ledger.row_count;
  const std::vector<int64_t> edges = done.get<std::vector<int64_t>>();
  for (size_t i = 0; i + 1 < edges.size(); i += 2) {
    const bool inside =
        edges[i] >= ledger.start_row && edges[i] < edges[i + 1] && edges[i + 1] <= end_row;
    if (!inside || !ranges.Add(edges[i], edges[i + 1]).ok()) {
      return Wrong(
          what, "done",
          absl::StrCat("disjoint ranges of rows in [", ledger.start_row, ", ", end_row, ")"));
    }
  }
  if (edges.size() % 2 != 0) return Wrong(what, "done", "pairs of rows");
  return ranges;
}

}  // namespace

std::string SerializeLedger(const Ledger& ledger) {
  std::vector<int64_t> edges;
  for (const auto& [begin, end] : ledger.done.ranges()) {
    edges.push_back(begin);
    edges.push_back(end);
  }
  const auto address = DigestFromBytes(ledger.header.address());
  const nlohmann::json json = {
      {"format", kFormat},
      {"request", ledger.request},
      {"address", address.ok() ? AddressText(*address) : ""},
      {"header", absl::Base64Escape(ledger.header.SerializeAsString())},
      {"start_row", ledger.start_row},
      {"row_count", ledger.row_count},
      {"done", edges},
      {"row_checksum_sum", absl::StrCat(absl::Hex(ledger.row_checksum_sum, absl::kZeroPad16))}};
  return json.dump(1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace);
}

absl::StatusOr<Ledger> ParseLedger(absl::string_view text, const std::string& what) {
  ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, what));
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  JsonReader reader(json, what);
  const std::string format = reader.String("format");
  Ledger ledger;
  ledger.request = reader.Object("request");
  const std::string address = reader.String("address");
  const std::string header = reader.String("header");
  ledger.start_row = reader.Int64("start_row", 0, kMax);
  ledger.row_count = reader.Int64("row_count", 1, kMax);
  const std::vector<int64_t> done = reader.Int64List("done", 0, kMax);
  const std::string sum = reader.String("row_checksum_sum");
  RETURN_IF_ERROR(reader.Finish());
  if (format != kFormat) return Wrong(what, "format", kFormat);
  if (ledger.row_count > kMax - ledger.start_row)
    return Wrong(what, "row_count", "rows below 2^63");
  ASSIGN_OR_RETURN(ledger.header, ParseHeader(header, what));
  if (address != AddressText(*DigestFromBytes(ledger.header.address()))) {
    return Wrong(what, "address", "the header's");
  }
  if (!absl::SimpleHexAtoi(sum, &ledger.row_checksum_sum)) {
    return Wrong(what, "row_checksum_sum", "a hexadecimal number");
  }
  ASSIGN_OR_RETURN(ledger.done, ParseRanges(json["done"], ledger, what));
  return ledger;
}

}  // namespace tailcast::generate
