#ifndef TAILCAST_SERVER_CONVERT_REQUEST_FIELDS_H_
#define TAILCAST_SERVER_CONVERT_REQUEST_FIELDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/base/digest.h"
#include "core/contract/bundle_reference.h"
#include "core/contract/field_violation.h"
#include "core/contract/wire_type.h"
#include "proto/tailcast/v1/tensor.pb.h"

namespace tailcast::convert {

// Reads fields of request messages and collects what is wrong with them, so that one answer names
// every wrong field. What a wrong field reads as does not matter: the request will not be served.
class RequestFields {
 public:
  void Wrong(std::string field, std::string description);
  // Adds what a check of core found.
  void WrongAsIn(const absl::Status& status);

  // "is VALUE; expected [MIN, MAX]" if it is outside.
  int64_t InRange(absl::string_view field, int64_t value, int64_t min, int64_t max);
  // Empty or 32 bytes.
  std::optional<Digest> OptionalDigest(absl::string_view field, absl::string_view bytes);
  BundleReference BundleName(absl::string_view field, absl::string_view text);
  // Unspecified means float32; images' type is refused.
  WireType FeatureType(absl::string_view field, v1::DataType type);

  const std::vector<FieldViolation>& violations() const { return violations_; }
  bool ok() const { return violations_.empty(); }
  // INVALID_ARGUMENT with all of them. REQUIRES: !ok().
  absl::Status Error() const;

 private:
  std::vector<FieldViolation> violations_;
};

}  // namespace tailcast::convert

#endif  // TAILCAST_SERVER_CONVERT_REQUEST_FIELDS_H_
