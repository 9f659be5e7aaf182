#include "core/training/generator_trainer.h"

namespace tailcast::training {

nlohmann::json ToJson(const GeneratorTrainingOptions& options) {
  return {{"objective", ToJson(options.objective)},
          {"denoiser",
           {{"architecture", options.denoiser.architecture},
            {"hidden_dim", options.denoiser.hidden_dim},
            {"embedding_dim", options.denoiser.embedding_dim},
            {"num_blocks", options.denoiser.num_blocks}}},
          {"schedule",
           {{"name", options.schedule.name}, {"num_timesteps", options.schedule.num_timesteps}}},
          {"prediction", std::string(PredictionTypeName(options.prediction))},
          {"non_negative", options.non_negative},
          {"steps", options.steps},
          {"batch_rows", options.batch_rows},
          {"balance", options.balance},
          {"label_dropout", options.label_dropout},
          {"learning_rate", options.learning_rate},
          {"weight_decay", options.weight_decay},
          {"warmup_share", options.warmup_share},
          {"ema_decay", options.ema_decay},
          {"seed", options.seed}};
}

}  // namespace tailcast::training
