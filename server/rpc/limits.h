#ifndef TAILCAST_SERVER_RPC_LIMITS_H_
#define TAILCAST_SERVER_RPC_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace tailcast::rpc {

// Limits that do not change with flags, and who imposes them.

// gRPC clients refuse trailers above 8 KiB in all: message (percent-encoded) and details (base64).
// Together these keep an error below that.
inline constexpr size_t kMaxErrorMessageBytes = 1024;
inline constexpr size_t kMaxFieldViolations = 8;
inline constexpr size_t kMaxFieldNameBytes = 120;
inline constexpr size_t kMaxFieldDescriptionBytes = 160;

// Messages made or waiting for a slow client before production pauses. Ours: a stream may hold this
// many chunks, beside 4 to 8 MiB in gRPC and the kernel.
inline constexpr int64_t kMaxQueuedResponses = 4;

// Payload of a chunk (feature_service.proto). Best between 256 KiB and 1 MiB (measured).
inline constexpr int32_t kDefaultChunkBytes = 256 << 10;
inline constexpr int32_t kMaxChunkBytes = 1 << 20;

// A request. Ours; gRPC itself refuses above kMaxReceivedBytes, without google.rpc details.
inline constexpr int64_t kMaxRequestBytes = 4 << 20;
inline constexpr int kMaxReceivedBytes = 8 << 20;

// Images of one Encode, and the features of its answer: gRPC clients refuse messages above 4 MiB.
inline constexpr int64_t kMaxTensorBytes = 3 << 20;

// Pages of the List methods (bundle_service.proto).
inline constexpr int32_t kDefaultPageSize = 50;
inline constexpr int32_t kMaxPageSize = 1000;
// A page ends behind the item that reaches this, whatever its count: gRPC clients refuse messages
// above 4 MiB, and an item has three quarters of a MiB at most (65,536 guidance weights, and as
// many labels as a bundle may have). One with its classes has less than 3 MiB.
inline constexpr int64_t kMaxPageBytes = 3 << 20;

// When a refused caller may come back. Ours.
inline constexpr absl::Duration kRetryWhenLoading = absl::Milliseconds(500);
inline constexpr absl::Duration kRetryWhenDraining = absl::Seconds(1);
inline constexpr absl::Duration kRetryWhenStreamsAreTaken = absl::Seconds(1);
inline constexpr absl::Duration kRetryWhenOutOfMemory = absl::Seconds(5);

// Calls that may wait for the compiling of one sampler. Ours.
inline constexpr size_t kMaxProgramWaiters = 1024;

}  // namespace tailcast::rpc

#endif  // TAILCAST_SERVER_RPC_LIMITS_H_
