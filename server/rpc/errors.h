#ifndef TAILCAST_SERVER_RPC_ERRORS_H_
#define TAILCAST_SERVER_RPC_ERRORS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/base/digest.h"
#include "core/contract/field_violation.h"

// Every error that the service answers, one function each: code, text for people, details for
// programs. All carry google.rpc.ErrorInfo with a reason of proto/tailcast/v1/error_reason.proto.
namespace tailcast::rpc {

// INVALID_ARGUMENT, BadRequest; at most kMaxFieldViolations of them. REQUIRES: not empty.
absl::Status InvalidFields(const std::vector<FieldViolation>& violations);
absl::Status InvalidField(std::string field, std::string description);
// The request has `size` bytes, more than kMaxRequestBytes.
absl::Status RequestTooLarge(int64_t size);
// The fields that a status of core names.
absl::Status InvalidFieldsFrom(const absl::Status& status);

// OUT_OF_RANGE. `end_row`: first row that the plan does not have.
absl::Status RowOutOfRange(absl::string_view what, int64_t end_row);

// NOT_FOUND, ResourceInfo. `resource`: "bundles/a/versions/3". `detail`: what there is instead.
absl::Status BundleNotFound(absl::string_view resource, absl::string_view detail,
                            const std::optional<Digest>& pinned_digest = std::nullopt);

// FAILED_PRECONDITION, PreconditionFailure.
absl::Status DigestMismatch(absl::string_view resource, const Digest& expected,
                            const Digest& actual);
absl::Status NumericsUnavailable(absl::string_view resource, const Digest& expected,
                                 const Digest& available);
absl::Status AddressMismatch(const Digest& expected, const Digest& actual);
absl::Status FeatureSpaceMismatch(absl::string_view resource, const Digest& expected,
                                  const Digest& actual);
absl::Status EncoderMissing(absl::string_view resource);

// RESOURCE_EXHAUSTED, RetryInfo. Metadata: name of the limit and its value here.
absl::Status QueueFull(absl::string_view limit, int64_t limit_value, int64_t value,
                       absl::Duration retry_after);
// `limit`: "max_streams" or "max_streams_per_caller".
absl::Status TooManyStreams(absl::string_view limit, int64_t limit_value,
                            absl::Duration retry_after);
// `cause` stays in the log.
absl::Status OutOfMemory(const absl::Status& cause);

// ABORTED. The client left a message unread for `limit`.
absl::Status StreamIdle(absl::Duration limit);

// UNAVAILABLE, RetryInfo.
absl::Status Draining(absl::Duration retry_after);
absl::Status BundleLoading(absl::string_view resource, absl::Duration retry_after);
// As BundleLoading() for programs: the load failed, and is tried again.
absl::Status BundleLoadFailed(absl::string_view resource, absl::Duration retry_after);

// DATA_LOSS. `file`: name in the bundle; empty if all are as published, and hold what cannot serve.
absl::Status BundleDamaged(absl::string_view resource, absl::string_view file);

// INTERNAL. `cause` stays in the log, under an incident id that the caller gets.
absl::Status Internal(const absl::Status& cause);

// What a call may end with: `status` if it is OK, has an ErrorInfo or is the caller's own wish
// (CANCELLED, DEADLINE_EXCEEDED), else OutOfMemory() or Internal() of it.
absl::Status ForCaller(const absl::Status& status);

// Reason of the ErrorInfo that `status` carries; empty if none.
std::string ErrorReasonOf(const absl::Status& status);

}  // namespace tailcast::rpc

#endif  // TAILCAST_SERVER_RPC_ERRORS_H_
