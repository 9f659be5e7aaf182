#include "core/encoders/make_encoder.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/json.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"
#include "core/encoders/small_resnet.h"

namespace tailcast::encoders {
namespace {

constexpr const char* kSmallResnet = "small_resnet";
// The stride of 2, three times, must leave two places to average over.
constexpr int64_t kMinSide = 16;
constexpr int64_t kMaxSide = 4096;

absl::Status WrongField(absl::string_view what, absl::string_view field, absl::string_view value,
                        absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat(what, ".", field, " is ", value, "; expected ", expected));
}

absl::Status CheckSide(absl::string_view field, uint32_t side) {
  if (side >= kMinSide && side <= kMaxSide) return absl::OkStatus();
  return WrongField("encoder", field, absl::StrCat(side), absl::StrCat(kMinSide, " to ", kMaxSide));
}

absl::Status CheckInput(const ImageInput& input) {
  RETURN_IF_ERROR(CheckSide("height", input.height));
  RETURN_IF_ERROR(CheckSide("width", input.width));
  const size_t channels = input.order == ChannelOrder::kGray ? 1 : 3;
  for (const auto& [field, values] : {std::pair{"mean", &input.mean}, {"std", &input.std}}) {
    if (values->size() != channels) {
      return WrongField(
          "encoder", field, absl::StrCat("a list of ", values->size()),
          absl::StrCat(channels, " for channel order ", ChannelOrderName(input.order)));
    }
    for (const double value : *values) {
      if (!std::isfinite(static_cast<float>(value))) {
        return WrongField("encoder", field, absl::StrCat(value),
                          "finite numbers, in single precision too");
      }
    }
  }
  for (const double deviation : input.std) {
    if (static_cast<float>(deviation) < std::numeric_limits<float>::min()) {
      return WrongField("encoder", "std", absl::StrCat(deviation),
                        "numbers above 0, in single precision too");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::shared_ptr<Encoder>> MakeEncoder(const EncoderSpec& spec) {
  RETURN_IF_ERROR(CheckInput(spec.input));
  if (spec.architecture == kSmallResnet) {
    return std::make_shared<SmallResnet>(spec.input.channels());
  }
  return WrongField("encoder", "architecture", Quoted(spec.architecture),
                    absl::StrCat("one of: ", kSmallResnet));
}

nlohmann::json ToJson(const EncoderSpec& spec) {
  return {{"architecture", spec.architecture},
          {"height", spec.input.height},
          {"width", spec.input.width},
          {"channel_order", std::string(ChannelOrderName(spec.input.order))},
          {"mean", spec.input.mean},
          {"std", spec.input.std}};
}

absl::StatusOr<EncoderSpec> EncoderSpecFromJson(const nlohmann::json& json,
                                                const std::string& what) {
  JsonReader reader(json, what);
  EncoderSpec spec;
  spec.architecture = reader.String("architecture");
  spec.input.height = static_cast<uint32_t>(reader.Int64("height", kMinSide, kMaxSide));
  spec.input.width = static_cast<uint32_t>(reader.Int64("width", kMinSide, kMaxSide));
  const std::string order = reader.String("channel_order");
  spec.input.mean = reader.DoubleList("mean");
  spec.input.std = reader.DoubleList("std");
  RETURN_IF_ERROR(reader.Finish());
  const auto channel_order = ChannelOrderFromName(order);
  if (!channel_order.ok()) {
    return WrongField(what, "channel_order", Quoted(order), "rgb, bgr or gray");
  }
  spec.input.order = *channel_order;
  return spec;
}

}  // namespace tailcast::encoders
