#ifndef TAILCAST_CORE_TRAINING_GENERATOR_FILE_H_
#define TAILCAST_CORE_TRAINING_GENERATOR_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/contract/feature_space.h"
#include "core/diffusion/generator.h"
#include "core/io/safetensors.h"
#include "nlohmann/json.hpp"

namespace tailcast::training {

// What training a generator gives, as it lies in generator.safetensors (format
// "tailcast.generator.v1"): the model, the space of its features, the classes it knows.
struct GeneratorFile {
  std::shared_ptr<const diffusion::Generator> generator;
  FeatureSpace space;
  std::vector<std::string> class_names;  // index = class_index
  std::vector<int64_t> class_counts;     // rows that were trained on
  std::string dataset;                   // may be empty
  // Objective, options, losses, for the record; finite numbers only.
  nlohmann::json figures = nlohmann::json::object();
};

// Equal content gives equal bytes. INVALID_ARGUMENT for figures that are no JSON.
absl::StatusOr<std::string> SerializeGeneratorFile(const GeneratorFile& file);
// Errors also as WriteFileAtomically().
absl::Status WriteGeneratorFile(const std::string& path, const GeneratorFile& file);

// INVALID_ARGUMENT that names the file and the member: another format, a missing tensor, no feature
// space, names or counts that do not fit the number of classes.
absl::StatusOr<GeneratorFile> ParseGeneratorFile(const SafetensorsFile& file);
// Errors also as SafetensorsFile::Read().
absl::StatusOr<GeneratorFile> ReadGeneratorFile(const std::string& path);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_GENERATOR_FILE_H_
