// Answers questions about the stream contract, one JSON document per line, so that a script can
// compare these answers with those of the reference implementation.
#include <bit>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/contract/address.h"
#include "core/contract/plan.h"
#include "core/contract/sampler_spec.h"
#include "core/random/normals.h"
#include "nlohmann/json.hpp"

namespace tailcast {
namespace {

using nlohmann::json;

json AnswerPlan(const json& question) {
  PlanSpec spec = {.order_seed = question["order_seed"],
                   .repeat_period_count = question["repeat_periods"]};
  for (const json& entry : question["entries"]) {
    spec.class_weights.push_back({entry[0], entry[1], entry[2]});
  }
  const auto plan = Plan::Create(spec);
  if (!plan.ok()) return plan.status().ToString();
  json rows = json::array();
  for (const int64_t row : question["rows"]) {
    const Sample sample = plan->At(row);
    rows.push_back({sample.class_index, sample.ordinal});
  }
  return {{"rows", rows}, {"digest", ToHex(plan->digest())}, {"period", plan->period()}};
}

json AnswerNoise(const json& question) {
  std::vector<float> noise(question["dim"].get<size_t>());
  FillNoise({.seed = question["seed"],
             .class_index = question["class"],
             .ordinal = question["ordinal"],
             .attempt = question["attempt"],
             .step = question["step"]},
            absl::MakeSpan(noise));
  json bits = json::array();
  for (const float value : noise) {
    bits.push_back(absl::StrFormat("%08x", std::bit_cast<uint32_t>(value)));
  }
  return bits;
}

json AnswerSampler(const json& question) {
  return ToHex(
      SamplerDigest({.method = *SamplerMethodFromName(question["method"].get<std::string>()),
                     .num_steps = question["steps"],
                     .eta = question["eta"],
                     .guidance_weights = question["guidance"]}));
}

json AnswerGuidance(const json& question) {
  return GuidanceByClass(question["head"], question["tail"], question["counts"]);
}

json AnswerTimesteps(const json& question) {
  return TrailingTimesteps(question["steps"], question["total"]);
}

json AnswerEncoder(const json& question) {
  std::map<std::string, Digest> tensors;
  for (const auto& [name, bytes] : question["tensors"].items()) {
    tensors[name] = Sha256Of(bytes.get<std::string>());
  }
  const Digest encoder =
      EncoderFingerprint(question["architecture"].get<std::string>(),
                         {.height = question["height"],
                          .width = question["width"],
                          .order = *ChannelOrderFromName(question["order"].get<std::string>()),
                          .mean = question["mean"],
                          .std = question["std"]},
                         tensors);
  return ToHex(FeatureSpaceDigest(encoder, question["dimension"], question["non_negative"]));
}

json AnswerAddress(const json& question) {
  const auto digest = [&](const char* name) {
    return *DigestFromHex(question[name].get<std::string>());
  };
  const Digest recipe =
      RecipeDigest(digest("bundle"), digest("sampler"), digest("plan"), question["seed"]);
  return AddressText(AddressDigest(recipe, NumericsId(question["facts"])));
}

json Answer(const json& question) {
  const std::string about = question["about"];
  if (about == "plan") return AnswerPlan(question);
  if (about == "noise") return AnswerNoise(question);
  if (about == "sampler") return AnswerSampler(question);
  if (about == "guidance") return AnswerGuidance(question);
  if (about == "timesteps") return AnswerTimesteps(question);
  if (about == "encoder") return AnswerEncoder(question);
  if (about == "address") return AnswerAddress(question);
  return absl::StrCat("unknown question ", about);
}

}  // namespace
}  // namespace tailcast

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    std::cout << tailcast::Answer(nlohmann::json::parse(line)).dump() << "\n";
  }
}
