#include "absl/strings/string_view.h"
#include "client/cli/generate/ledger.h"
#include "tests/client/library/fake_table.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  generate::Ledger ledger;
  ledger.request = {{"bundle", "fake"}};
  ledger.header = client::FakeTable().Header();
  ledger.start_row = 3;
  ledger.row_count = 1000;
  const std::string empty = SerializeLedger(ledger);
  if (!ledger.done.Add(3, 10).ok() || !ledger.done.Add(20, 1003).ok()) std::abort();
  return {empty, SerializeLedger(ledger)};
}

namespace {

void TestOne(absl::string_view text) {
  const auto ledger = generate::ParseLedger(text, "input");
  if (!ledger.ok()) return;
  for (const auto& [begin, end] : ledger->done.ranges()) {
    FuzzCheck(begin >= ledger->start_row && end <= ledger->start_row + ledger->row_count,
              "rows lie in the file");
  }
  const std::string written = SerializeLedger(*ledger);
  const auto again = generate::ParseLedger(written, "again");
  FuzzCheck(again.ok() && SerializeLedger(*again) == written, "the written form is stable");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
