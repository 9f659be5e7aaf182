#ifndef TAILCAST_CORE_CONTRACT_FIELD_VIOLATION_H_
#define TAILCAST_CORE_CONTRACT_FIELD_VIOLATION_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace tailcast {

// One wrong field of a request: its path in the public API and what is wrong with it.
struct FieldViolation {
  std::string field;        // "stream.plan.class_weights[3].weight"
  std::string description;  // "is 0; expected [1, 2147483647]"
  bool operator==(const FieldViolation&) const = default;
};

// INVALID_ARGUMENT whose message joins all of them and which carries the list. REQUIRES: not empty.
absl::Status FieldViolationsError(const std::vector<FieldViolation>& violations);

// The list that a status carries. A status without one, as the contract's own checks return, gives
// a single violation, whose field is the first word of its message. REQUIRES: not OK.
std::vector<FieldViolation> FieldViolationsOf(const absl::Status& status);

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_FIELD_VIOLATION_H_
