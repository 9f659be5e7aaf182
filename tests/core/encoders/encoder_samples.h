#ifndef TAILCAST_TESTS_CORE_ENCODERS_ENCODER_SAMPLES_H_
#define TAILCAST_TESTS_CORE_ENCODERS_ENCODER_SAMPLES_H_

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <memory>
#include <vector>

#include "core/encoders/make_encoder.h"
#include "core/encoders/trained_encoder.h"
#include "core/tensor/module_io.h"

namespace tailcast::encoders {

inline EncoderSpec GraySpec(uint32_t side = 28) {
  return {.input = {.height = side,
                    .width = side,
                    .order = ChannelOrder::kGray,
                    .mean = {0.25},
                    .std = {0.5}}};
}

inline EncoderSpec ColourSpec(ChannelOrder order = ChannelOrder::kRgb) {
  return {.input = {.height = 32,
                    .width = 32,
                    .order = order,
                    .mean = {0.1, 0.2, 0.3},
                    .std = {0.5, 0.25, 1}}};
}

// Weights of that network, drawn; running statistics are those of no training.
inline NamedTensors RandomWeights(const EncoderSpec& spec, uint64_t seed = 1) {
  const at::Generator rng = at::detail::createCPUGenerator(seed);
  const auto network = MakeEncoder(spec).value();
  NamedTensors tensors = ModuleTensors(*network);
  for (auto& [name, tensor] : tensors) {
    if (tensor.dim() == 4) tensor = at::empty_like(tensor).normal_(0, 0.2, rng);
    if (tensor.dim() == 1) tensor = at::empty_like(tensor).uniform_(0.5, 1.5, rng);
  }
  return tensors;
}

inline std::shared_ptr<const TrainedEncoder> RandomEncoder(const EncoderSpec& spec,
                                                           uint64_t seed = 1) {
  return TrainedEncoder::Create(spec, RandomWeights(spec, seed), "random").value();
}

inline at::Tensor RandomImages(int64_t count, const ImageInput& input, uint64_t seed = 2) {
  return at::randint(0, 256, {count, input.height, input.width, input.channels()},
                     at::detail::createCPUGenerator(seed), at::kByte);
}

}  // namespace tailcast::encoders

#endif  // TAILCAST_TESTS_CORE_ENCODERS_ENCODER_SAMPLES_H_
