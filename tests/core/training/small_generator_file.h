#ifndef TAILCAST_TESTS_CORE_TRAINING_SMALL_GENERATOR_FILE_H_
#define TAILCAST_TESTS_CORE_TRAINING_SMALL_GENERATOR_FILE_H_

#include <ATen/ATen.h>

#include "core/contract/address.h"
#include "core/diffusion/denoisers/make_denoiser.h"
#include "core/tensor/module_io.h"
#include "core/training/generator_file.h"

namespace tailcast::training {

// An untrained generator of three classes over the imported space "mine".
inline GeneratorFile SmallGeneratorFile() {
  diffusion::GeneratorSpec spec;
  spec.denoiser = {
      .feature_dim = 4, .num_classes = 3, .hidden_dim = 8, .embedding_dim = 4, .num_blocks = 1};
  spec.schedule.num_timesteps = 20;
  NamedTensors tensors{{"mean", at::arange(4).to(at::kFloat)},
                       {"standard_deviation", at::ones({4})}};
  for (const auto& [name, tensor] : ModuleTensors(**diffusion::MakeDenoiser(spec.denoiser))) {
    tensors["denoiser." + name] = at::full_like(tensor, 0.5);
  }
  return {.generator = *diffusion::Generator::Create(spec, tensors, "a small generator"),
          .space = {.encoder = ImportedSpace("mine"),
                    .imported_name = "mine",
                    .dimension = 4,
                    .non_negative = spec.non_negative},
          .class_names = {"cat", "dog", "eel"},
          .class_counts = {30, 7, 0},
          .dataset = "toy",
          .figures = {{"training_loss", 0.25}}};
}

}  // namespace tailcast::training

#endif  // TAILCAST_TESTS_CORE_TRAINING_SMALL_GENERATOR_FILE_H_
