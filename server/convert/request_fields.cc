#include "server/convert/request_fields.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/convert/contract_proto.h"
#include "proto/convert/resource_names.h"
#include "server/rpc/errors.h"

namespace tailcast::convert {

void RequestFields::Wrong(std::string field, std::string description) {
  violations_.push_back({.field = std::move(field), .description = std::move(description)});
}

void RequestFields::WrongAsIn(const absl::Status& status) {
  for (FieldViolation& violation : FieldViolationsOf(status)) {
    violations_.push_back(std::move(violation));
  }
}

int64_t RequestFields::InRange(absl::string_view field, int64_t value, int64_t min, int64_t max) {
  if (value < min || value > max) {
    Wrong(std::string(field), absl::StrCat("is ", value, "; expected [", min, ", ", max, "]"));
  }
  return value;
}

std::optional<Digest> RequestFields::OptionalDigest(absl::string_view field,
                                                    absl::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const absl::StatusOr<Digest> digest = DigestFromBytes(bytes);
  if (digest.ok()) return *digest;
  Wrong(std::string(field), absl::StrCat("has ", bytes.size(), " bytes; expected 32 or none"));
  return std::nullopt;
}

BundleReference RequestFields::BundleName(absl::string_view field, absl::string_view text) {
  absl::StatusOr<BundleReference> reference = ParseBundleResource(text);
  if (reference.ok()) return *std::move(reference);
  Wrong(std::string(field), std::string(reference.status().message()));
  return {};
}

WireType RequestFields::FeatureType(absl::string_view field, v1::DataType type) {
  if (type == v1::DATA_TYPE_UNSPECIFIED) return WireType::kFloat32;
  const absl::StatusOr<WireType> wire_type = FromProto(type);
  if (wire_type.ok()) return *wire_type;
  Wrong(std::string(field), std::string(wire_type.status().message()));
  return WireType::kFloat32;
}

absl::Status RequestFields::Error() const { return rpc::InvalidFields(violations_); }

}  // namespace tailcast::convert
