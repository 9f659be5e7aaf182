#ifndef TAILCAST_CORE_ENCODERS_MAKE_ENCODER_H_
#define TAILCAST_CORE_ENCODERS_MAKE_ENCODER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/contract/address.h"
#include "core/encoders/encoder.h"
#include "nlohmann/json.hpp"

namespace tailcast::encoders {

// Which network, and what it takes.
struct EncoderSpec {
  // A name of the list in make_encoder.cc; "small_resnet" by default.
  std::string architecture = "small_resnet";
  ImageInput input{};
};

// INVALID_ARGUMENT names the field, its value and what was expected. Weights are drawn by the
// caller: see training/ and TrainedEncoder.
absl::StatusOr<std::shared_ptr<Encoder>> MakeEncoder(const EncoderSpec& spec);

nlohmann::json ToJson(const EncoderSpec& spec);
absl::StatusOr<EncoderSpec> EncoderSpecFromJson(const nlohmann::json& json,
                                                const std::string& what);

}  // namespace tailcast::encoders

#endif  // TAILCAST_CORE_ENCODERS_MAKE_ENCODER_H_
