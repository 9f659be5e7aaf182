// Any description of a bundle that a server may send: what the command line makes of it.
#include "client/cli/bundle_listing.h"
#include "core/base/json.h"
#include "proto/describe/bundle_message.h"
#include "tests/core/bundle/contents.h"
#include "tests/fuzz/fuzz_target.h"

namespace tailcast {

std::vector<std::string> FuzzSeeds() {
  bundle::VersionInfo version = {.name = "faces", .version = 3, .publish_time = absl::UnixEpoch()};
  v1::Bundle basic = DescribeVersion(version);
  DescribeManifest(bundle::ImportedManifest(), basic);
  basic.add_labels("bundles/faces/labels/stable");
  basic.set_state(v1::Bundle::STATE_ACTIVE);
  v1::Bundle full = basic;
  DescribeClasses(bundle::ImportedManifest(), full);
  full.mutable_image_format()->set_height(28);
  full.add_numerics()->set_numerics_id(std::string(32, 'n'));
  v1::Bundle newer = basic;
  newer.set_state(static_cast<v1::Bundle::State>(99));
  return {basic.SerializeAsString(), full.SerializeAsString(), newer.SerializeAsString()};
}

namespace {

void TestOne(const v1::Bundle& bundle) {
  const cli::ListedBundle listed = {.bundle = bundle};
  const auto text = CanonicalJson(cli::ToJson(listed));
  FuzzCheck(text.ok() || !text.status().message().empty(), "errors say why");
  FuzzCheck(cli::LabelsOf(bundle).size() == static_cast<size_t>(bundle.labels_size()),
            "every label has a name");
  FuzzCheck(cli::ReferenceOf(bundle).size() <= bundle.name().size(), "names become shorter");
  cli::StateOf(listed);
}

}  // namespace
}  // namespace tailcast

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tailcast::v1::Bundle bundle;
  if (bundle.ParseFromArray(data, static_cast<int>(size))) tailcast::TestOne(bundle);
  return 0;
}
