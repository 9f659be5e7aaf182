#include "client/library/error.h"

#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/google/rpc/status.pb.h"

namespace tailcast::client {
namespace {

constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";
constexpr char kDomain[] = "tailcast";
constexpr char kReasonPrefix[] = "ERROR_REASON_";

constexpr bool SameCode(grpc::StatusCode wire, absl::StatusCode code) {
  return static_cast<int>(wire) == static_cast<int>(code);
}
// FromGrpcStatus() casts between the two enums.
static_assert(SameCode(grpc::StatusCode::CANCELLED, absl::StatusCode::kCancelled));
static_assert(SameCode(grpc::StatusCode::INVALID_ARGUMENT, absl::StatusCode::kInvalidArgument));
static_assert(SameCode(grpc::StatusCode::NOT_FOUND, absl::StatusCode::kNotFound));
static_assert(SameCode(grpc::StatusCode::RESOURCE_EXHAUSTED, absl::StatusCode::kResourceExhausted));
static_assert(SameCode(grpc::StatusCode::FAILED_PRECONDITION,
                       absl::StatusCode::kFailedPrecondition));
static_assert(SameCode(grpc::StatusCode::UNAVAILABLE, absl::StatusCode::kUnavailable));
static_assert(SameCode(grpc::StatusCode::DATA_LOSS, absl::StatusCode::kDataLoss));
static_assert(SameCode(grpc::StatusCode::UNAUTHENTICATED, absl::StatusCode::kUnauthenticated));

// The detail of type Message; nothing if the status has none or one that does not parse.
template <typename Message>
std::optional<Message> Detail(const absl::Status& status) {
  const auto payload =
      status.GetPayload(absl::StrCat(kTypeUrlPrefix, Message::descriptor()->full_name()));
  Message message;
  if (!payload || !message.ParseFromString(std::string(*payload))) return std::nullopt;
  return message;
}

void KeepDetails(const grpc::Status& from, absl::Status& to) {
  google::rpc::Status wire;
  if (from.error_details().empty() || !wire.ParseFromString(from.error_details())) return;
  for (const google::protobuf::Any& detail : wire.details()) {
    to.SetPayload(detail.type_url(), absl::Cord(detail.value()));
  }
}

// What the details say and `message` does not, as sentences.
std::vector<std::string> Sentences(const absl::Status& status, absl::string_view message) {
  std::vector<std::string> sentences;
  const auto add = [&](const std::string& name, const std::string& text) {
    if (!text.empty() && absl::StrContains(message, text)) return;
    sentences.push_back(text.empty() ? name : absl::StrCat(name, ": ", text));
  };
  if (const auto request = Detail<google::rpc::BadRequest>(status)) {
    for (const auto& field : request->field_violations()) add(field.field(), field.description());
  }
  if (const auto precondition = Detail<google::rpc::PreconditionFailure>(status)) {
    for (const auto& violation : precondition->violations()) {
      add(violation.subject(), violation.description());
    }
  }
  if (const auto quota = Detail<google::rpc::QuotaFailure>(status)) {
    for (const auto& violation : quota->violations()) {
      add(violation.subject(), violation.description());
    }
  }
  if (const auto info = Detail<google::rpc::ErrorInfo>(status)) {
    const std::map<std::string, std::string> sorted(info->metadata().begin(),
                                                    info->metadata().end());
    for (const auto& [key, value] : sorted) add(key, value);
  }
  return sentences;
}

// What breaks a call that no Tailcast service ended.
bool IsBrokenConnection(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kDeadlineExceeded:
      return true;
    default:
      return false;
  }
}

}  // namespace

absl::Status FromGrpcStatus(const grpc::Status& status, const std::string& server) {
  if (status.ok()) return absl::OkStatus();
  absl::Status plain(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  KeepDetails(status, plain);
  const std::vector<std::string> sentences = Sentences(plain, status.error_message());
  absl::Status result(
      plain.code(),
      absl::StrCat("server ", server, ": ", status.error_message(), sentences.empty() ? "" : " (",
                   absl::StrJoin(sentences, "; "), sentences.empty() ? "" : ")"));
  plain.ForEachPayload([&result](absl::string_view type_url, const absl::Cord& payload) {
    result.SetPayload(type_url, payload);
  });
  return result;
}

ErrorDetails DetailsOf(const absl::Status& status) {
  ErrorDetails details;
  const auto info = Detail<google::rpc::ErrorInfo>(status);
  if (info && info->domain() == kDomain) {
    v1::ErrorReason_Parse(absl::StrCat(kReasonPrefix, info->reason()), &details.reason);
    details.metadata.insert(info->metadata().begin(), info->metadata().end());
  }
  if (const auto retry = Detail<google::rpc::RetryInfo>(status)) {
    details.retry_delay = absl::Seconds(retry->retry_delay().seconds()) +
                          absl::Nanoseconds(retry->retry_delay().nanos());
  }
  return details;
}

bool IsTransient(const absl::Status& status) {
  const ErrorDetails details = DetailsOf(status);
  if (absl::IsUnavailable(status)) return true;
  if (details.reason == v1::ERROR_REASON_STREAM_IDLE) return true;
  if (absl::IsResourceExhausted(status)) return details.retry_delay.has_value();
  return details.reason == v1::ERROR_REASON_UNSPECIFIED && IsBrokenConnection(status.code());
}

bool IsReplicaMismatch(const absl::Status& status) {
  switch (DetailsOf(status).reason) {
    case v1::ERROR_REASON_ADDRESS_MISMATCH:
    case v1::ERROR_REASON_BUNDLE_DIGEST_MISMATCH:
    case v1::ERROR_REASON_NUMERICS_UNAVAILABLE:
      return true;
    default:
      return false;
  }
}

bool IsFaultOfReplica(const absl::Status& status) {
  return IsReplicaMismatch(status) || absl::IsDataLoss(status) || absl::IsInternal(status) ||
         DetailsOf(status).reason == v1::ERROR_REASON_BUNDLE_NOT_FOUND;
}

}  // namespace tailcast::client
