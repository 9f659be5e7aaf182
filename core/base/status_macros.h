#ifndef TAILCAST_CORE_BASE_STATUS_MACROS_H_
#define TAILCAST_CORE_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the function if `expression`, an absl::Status, is an error.
#define RETURN_IF_ERROR(expression)                                           \
  do {                                                                        \
    if (::absl::Status status_ = (expression); !status_.ok()) return status_; \
  } while (false)

#define TAILCAST_CONCAT_INNER(a, b) a##b
#define TAILCAST_CONCAT(a, b) TAILCAST_CONCAT_INNER(a, b)

// Declares or assigns `target` from `expression`, an absl::StatusOr, or returns its error:
//   ASSIGN_OR_RETURN(const Plan plan, Plan::Create(options));
#define ASSIGN_OR_RETURN(target, ...) \
  TAILCAST_ASSIGN_OR_RETURN(TAILCAST_CONCAT(status_or_, __LINE__), target, (__VA_ARGS__))
#define TAILCAST_ASSIGN_OR_RETURN(result, target, expression) \
  auto result = expression;                                   \
  if (!result.ok()) return std::move(result).status();        \
  target = *std::move(result)

#endif  // TAILCAST_CORE_BASE_STATUS_MACROS_H_
