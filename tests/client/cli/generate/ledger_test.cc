#include "client/cli/generate/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/digest.h"
#include "core/contract/address.h"
#include "tests/client/library/fake_table.h"

namespace tailcast::generate {
namespace {

using ::testing::HasSubstr;

Ledger SomeLedger() {
  Ledger ledger;
  ledger.request = {{"bundle", "fake"}, {"seed", 42}};
  ledger.header = client::FakeTable().Header();
  ledger.start_row = 100;
  ledger.row_count = 50;
  EXPECT_TRUE(ledger.done.Add(100, 120).ok());
  EXPECT_TRUE(ledger.done.Add(130, 131).ok());
  ledger.row_checksum_sum = 0x0123456789abcdef;
  return ledger;
}

TEST(LedgerTest, SurvivesTheWayToTheFileAndBack) {
  const Ledger ledger = SomeLedger();
  const auto parsed = ParseLedger(SerializeLedger(ledger), "ledger");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->request, ledger.request);
  EXPECT_EQ(parsed->header.SerializeAsString(), ledger.header.SerializeAsString());
  EXPECT_EQ(parsed->start_row, 100);
  EXPECT_EQ(parsed->row_count, 50);
  EXPECT_EQ(parsed->done.ranges(), ledger.done.ranges());
  EXPECT_EQ(parsed->row_checksum_sum, ledger.row_checksum_sum);
  EXPECT_FALSE(parsed->complete());
}

TEST(LedgerTest, SaysTheAddressInPlainText) {
  const nlohmann::json json = nlohmann::json::parse(SerializeLedger(SomeLedger()));
  EXPECT_EQ(json["address"], AddressText(*DigestFromBytes(client::FakeTable().Header().address())));
}

TEST(LedgerTest, IsCompleteWithAllRows) {
  Ledger ledger = SomeLedger();
  ASSERT_TRUE(ledger.done.Add(120, 130).ok());
  ASSERT_TRUE(ledger.done.Add(131, 149).ok());
  EXPECT_FALSE(ledger.complete());
  ASSERT_TRUE(ledger.done.Add(149, 150).ok());
  EXPECT_TRUE(ledger.complete());
}

TEST(LedgerTest, NamesTheMemberThatIsWrong) {
  const auto message = [](auto change) {
    nlohmann::json json = nlohmann::json::parse(SerializeLedger(SomeLedger()));
    change(json);
    const auto parsed = ParseLedger(json.dump(), "'x.ledger'");
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr("'x.ledger'"));
    return std::string(parsed.status().message());
  };
  using json = nlohmann::json;
  EXPECT_THAT(message([](json& j) { j["format"] = "other"; }), HasSubstr("'format'"));
  EXPECT_THAT(message([](json& j) { j.erase("done"); }), HasSubstr("'done'"));
  EXPECT_THAT(message([](json& j) { j["done"] = {100, 151}; }), HasSubstr("'done'"));
  EXPECT_THAT(message([](json& j) { j["done"] = {99, 101}; }), HasSubstr("'done'"));
  EXPECT_THAT(message([](json& j) { j["done"] = {100, 110, 105, 120}; }), HasSubstr("'done'"));
  EXPECT_THAT(message([](json& j) { j["done"] = {110, 110}; }), HasSubstr("'done'"));
  EXPECT_THAT(message([](json& j) { j["done"] = {110}; }), HasSubstr("'done'"));
  EXPECT_THAT(message([](json& j) { j["header"] = "!"; }), HasSubstr("'header'"));
  EXPECT_THAT(message([](json& j) { j["header"] = ""; }), HasSubstr("'header'"));
  EXPECT_THAT(message([](json& j) { j["address"] = "tc1-0"; }), HasSubstr("'address'"));
  EXPECT_THAT(message([](json& j) { j["row_count"] = 0; }), HasSubstr("'row_count'"));
  EXPECT_THAT(message([](json& j) { j["start_row"] = INT64_MAX; }), HasSubstr("'row_count'"));
  EXPECT_THAT(message([](json& j) { j["row_checksum_sum"] = "xyz"; }),
              HasSubstr("'row_checksum_sum'"));
  EXPECT_THAT(message([](json& j) { j["more"] = 1; }), HasSubstr("'more'"));
}

TEST(LedgerTest, RefusesTruncatedText) {
  const std::string text = SerializeLedger(SomeLedger());
  for (size_t size = 0; size < text.size(); size += 13) {
    EXPECT_FALSE(ParseLedger(text.substr(0, size), "ledger").ok()) << size;
  }
}

}  // namespace
}  // namespace tailcast::generate
