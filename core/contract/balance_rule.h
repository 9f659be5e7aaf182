#ifndef TAILCAST_CORE_CONTRACT_BALANCE_RULE_H_
#define TAILCAST_CORE_CONTRACT_BALANCE_RULE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/contract/plan.h"

namespace tailcast {

// Turns a rule of the client into the explicit weights that the wire carries:
//   balance-to=N    max(0, N - n_c)
//   ratio=R         round_half_even(R n_c)
//   each=N          N
//   counts=A,B,...  as given, one per class
// Classes of weight 0 are left out. `counts` are the training rows n_c of each class.
// INVALID_ARGUMENT: unknown rule, malformed or negative number, wrong number of counts, a plan that
// sums to zero, a class with weight but without training rows (named), period above kMaxPeriod.
absl::StatusOr<PlanSpec> PlanFromRule(absl::string_view rule, const std::vector<int64_t>& counts);

// The part of its errors that needs no counts: an unknown rule, a malformed or negative number.
absl::Status CheckBalanceRule(absl::string_view rule);

// The plan of N rows of each of `classes`. Errors as above; a class out of range is named, with K.
absl::StatusOr<PlanSpec> PlanOfClasses(const std::vector<int32_t>& classes, int64_t rows_per_class,
                                       const std::vector<int64_t>& counts);

}  // namespace tailcast

#endif  // TAILCAST_CORE_CONTRACT_BALANCE_RULE_H_
