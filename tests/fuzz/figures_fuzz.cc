#include "absl/strings/string_view.h"
#include "client/cli/report/merged_report.h"
#include "client/cli/report/page.h"
#include "client/cli/report/run_figures.h"
#include "tests/client/cli/report/sample_figures.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  report::RunFigures small = report::SampleFigures(0);
  small.projection.clear();
  small.streams.clear();
  return {report::ToJson(small).dump(), R"({"split": 1.5, "encode": 2})",
          "{\"step\":\"split\",\"seconds\":1,\"command\":\"tailcast split\"}\n"};
}

namespace {

void TestOne(absl::string_view text) {
  (void)report::ParseSteps(text, "input");
  const auto run = report::ParseRunFigures(text, "input");
  if (!run.ok()) return;
  FuzzCheck(report::ParseRunFigures(report::ToJson(*run).dump(), "again").ok(),
            "what was read can be written and read");
  report::ReportInputs inputs;
  inputs.runs = {*run};
  const auto merged = report::Merge(std::move(inputs));
  if (!merged.ok()) return;
  const std::string page = report::RenderPage(*merged);
  FuzzCheck(page.find("</html>") != std::string::npos, "the page is whole");
  FuzzCheck(page.find("<script") == std::string::npos, "figures cannot bring scripts");
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::TestOne({reinterpret_cast<const char*>(data), size});
  return 0;
}
