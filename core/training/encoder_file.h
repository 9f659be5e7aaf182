#ifndef TAILCAST_CORE_TRAINING_ENCODER_FILE_H_
#define TAILCAST_CORE_TRAINING_ENCODER_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/classifiers/linear_head.h"
#include "core/contract/feature_space.h"
#include "core/encoders/trained_encoder.h"
#include "core/io/safetensors.h"
#include "nlohmann/json.hpp"

namespace tailcast::training {

// What training an encoder gives, as it lies in encoder.safetensors (format "tailcast.encoder.v1"):
// network, stage-1 classifier and where they come from.
struct EncoderFile {
  std::shared_ptr<const encoders::TrainedEncoder> encoder{};
  classifiers::LinearHead head{};  // stage 1
  std::vector<std::string> class_names{};
  std::vector<int64_t> class_counts{};  // of the training images
  std::string dataset{};
  // Options, seed and final loss, for the record.
  nlohmann::json training = nlohmann::json::object();

  FeatureSpace space() const;
};

// Equal content gives equal bytes. INVALID_ARGUMENT for a record that is no JSON.
absl::StatusOr<std::string> SerializeEncoderFile(const EncoderFile& file);
// Errors also as WriteFileAtomically().
absl::Status WriteEncoderFile(const std::string& path, const EncoderFile& file);

// INVALID_ARGUMENT that names the file and the member: another format, a missing tensor, a
// fingerprint that does not belong to the weights (a damaged file), counts or a classifier that do
// not fit the number of classes.
absl::StatusOr<EncoderFile> ParseEncoderFile(const SafetensorsFile& file);
// Errors also as SafetensorsFile::Read().
absl::StatusOr<EncoderFile> ReadEncoderFile(const std::string& path);

}  // namespace tailcast::training

#endif  // TAILCAST_CORE_TRAINING_ENCODER_FILE_H_
