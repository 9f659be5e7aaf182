#include "core/contract/address.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/quoted.h"
#include "core/contract/digest_writer.h"

namespace tailcast {
namespace {

constexpr absl::string_view kTextPrefix = "tc1-";

}  // namespace

absl::string_view ChannelOrderName(ChannelOrder order) {
  switch (order) {
    case ChannelOrder::kRgb:
      return "rgb";
    case ChannelOrder::kBgr:
      return "bgr";
    case ChannelOrder::kGray:
      return "gray";
  }
  return "unknown";
}

absl::StatusOr<ChannelOrder> ChannelOrderFromName(absl::string_view name) {
  for (const ChannelOrder order : {ChannelOrder::kRgb, ChannelOrder::kBgr, ChannelOrder::kGray}) {
    if (name == ChannelOrderName(order)) return order;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("channel order ", Quoted(name), " is unknown; expected rgb, bgr or gray"));
}

Digest EncoderFingerprint(absl::string_view architecture, const ImageInput& input,
                          const std::map<std::string, Digest>& tensors) {
  DigestWriter writer("encoder.v1");
  writer.Text(architecture).U32(input.height).U32(input.width).U32(input.channels());
  writer.U32(static_cast<uint32_t>(input.order)).U32(input.channels());
  for (size_t i = 0; i < input.mean.size(); ++i) writer.F64(input.mean[i]).F64(input.std[i]);
  writer.U32(static_cast<uint32_t>(tensors.size()));
  for (const auto& [name, digest] : tensors) writer.Text(name).Bytes(digest);
  return writer.Finish();
}

Digest ImportedSpace(absl::string_view name) {
  return DigestWriter("imported.v1").Text(name).Finish();
}

Digest FeatureSpaceDigest(const Digest& encoder, uint32_t dimension, bool non_negative) {
  return DigestWriter("feature_space.v1").Bytes(encoder).U32(dimension).U32(non_negative).Finish();
}

Digest RecipeDigest(const Digest& bundle, const Digest& sampler, const Digest& plan, int64_t seed) {
  constexpr Digest kNoGate = {};
  return DigestWriter("recipe.v1")
      .Bytes(bundle)
      .Bytes(sampler)
      .Bytes(plan)
      .Bytes(kNoGate)
      .U64(static_cast<uint64_t>(seed))
      .Finish();
}

Digest NumericsId(const NumericsFacts& facts) {
  DigestWriter writer("numerics.v1");
  writer.U32(static_cast<uint32_t>(facts.size()));
  for (const auto& [key, value] : facts) writer.Text(key).Text(value);
  return writer.Finish();
}

Digest AddressDigest(const Digest& recipe, const Digest& numerics) {
  return DigestWriter("address.v1").Bytes(recipe).Bytes(numerics).Finish();
}

std::string AddressText(const Digest& address) { return absl::StrCat(kTextPrefix, ToHex(address)); }

absl::StatusOr<Digest> AddressFromText(absl::string_view text) {
  absl::string_view hex = text;
  if (absl::ConsumePrefix(&hex, kTextPrefix)) {
    if (absl::StatusOr<Digest> address = DigestFromHex(hex); address.ok()) return address;
  }
  return absl::InvalidArgumentError(absl::StrCat("address ", Quoted(text),
                                                 " is malformed; expected ", kTextPrefix,
                                                 " and 64 hexadecimal digits"));
}

}  // namespace tailcast
