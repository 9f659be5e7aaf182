#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"
#include "core/diffusion/generator.h"

namespace tailcast::diffusion {
namespace {

constexpr int64_t kAny = std::numeric_limits<int64_t>::max();

// Sizes are checked by MakeDenoiser(), which knows the ranges.
absl::StatusOr<DenoiserSpec> DenoiserSpecFromJson(const nlohmann::json& json,
                                                  const std::string& what) {
  JsonReader reader(json, what);
  DenoiserSpec spec;
  spec.architecture = reader.String("architecture");
  spec.feature_dim = reader.Int64("feature_dim", 1, kAny);
  spec.num_classes = reader.Int64("num_classes", 1, kAny);
  spec.hidden_dim = reader.Int64("hidden_dim", 1, kAny);
  spec.embedding_dim = reader.Int64("embedding_dim", 1, kAny);
  spec.num_blocks = reader.Int64("num_blocks", 1, kAny);
  RETURN_IF_ERROR(reader.Finish());
  return spec;
}

absl::StatusOr<ScheduleSpec> ScheduleSpecFromJson(const nlohmann::json& json,
                                                  const std::string& what) {
  JsonReader reader(json, what);
  ScheduleSpec spec;
  spec.name = reader.String("name");
  spec.num_timesteps = reader.Int64("num_timesteps", 1, kMaxTimesteps);
  RETURN_IF_ERROR(reader.Finish());
  return spec;
}

}  // namespace

nlohmann::json ToJson(const GeneratorSpec& spec) {
  return {
      {"denoiser",
       {{"architecture", spec.denoiser.architecture},
        {"feature_dim", spec.denoiser.feature_dim},
        {"num_classes", spec.denoiser.num_classes},
        {"hidden_dim", spec.denoiser.hidden_dim},
        {"embedding_dim", spec.denoiser.embedding_dim},
        {"num_blocks", spec.denoiser.num_blocks}}},
      {"schedule", {{"name", spec.schedule.name}, {"num_timesteps", spec.schedule.num_timesteps}}},
      {"prediction", std::string(PredictionTypeName(spec.prediction))},
      {"non_negative", spec.non_negative}};
}

absl::StatusOr<GeneratorSpec> GeneratorSpecFromJson(const nlohmann::json& json,
                                                    const std::string& what) {
  JsonReader reader(json, what);
  const nlohmann::json denoiser = reader.Object("denoiser");
  const nlohmann::json schedule = reader.Object("schedule");
  const std::string prediction = reader.String("prediction");
  GeneratorSpec spec;
  spec.non_negative = reader.Bool("non_negative");
  RETURN_IF_ERROR(reader.Finish());
  ASSIGN_OR_RETURN(spec.denoiser, DenoiserSpecFromJson(denoiser, what + ": denoiser"));
  ASSIGN_OR_RETURN(spec.schedule, ScheduleSpecFromJson(schedule, what + ": schedule"));
  const auto type = PredictionTypeFromName(prediction);
  if (!type.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", type.status().message()));
  }
  spec.prediction = *type;
  return spec;
}

}  // namespace tailcast::diffusion
