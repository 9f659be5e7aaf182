#include "server/rpc/errors.h"

#include <random>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "proto/google/rpc/error_details.pb.h"
#include "proto/tailcast/v1/error_reason.pb.h"
#include "server/rpc/limits.h"
#include "server/rpc/status_conversion.h"
#include "server/telemetry/logging.h"

namespace tailcast::rpc {
namespace {

constexpr char kDomain[] = "tailcast";
constexpr char kTypeUrlPrefix[] = "type.googleapis.com/";
constexpr absl::string_view kReasonPrefix = "ERROR_REASON_";

using Metadata = std::vector<std::pair<std::string, std::string>>;

template <typename Detail>
void AddDetail(const Detail& detail, absl::Status& status) {
  status.SetPayload(absl::StrCat(kTypeUrlPrefix, Detail::descriptor()->full_name()),
                    absl::Cord(detail.SerializeAsString()));
}

// A status whose ErrorInfo names `reason`.
absl::Status Error(absl::StatusCode code, v1::ErrorReason reason, absl::string_view message,
                   const Metadata& metadata = {}) {
  absl::Status status(code, message);
  google::rpc::ErrorInfo info;
  const std::string& name = v1::ErrorReason_Name(reason);
  info.set_reason(name.substr(kReasonPrefix.size()));
  info.set_domain(kDomain);
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  AddDetail(info, status);
  return status;
}

void AddRetryInfo(absl::Duration retry_after, absl::Status& status) {
  google::rpc::RetryInfo info;
  const int64_t nanos = absl::ToInt64Nanoseconds(retry_after);
  constexpr int64_t kNanosPerSecond = 1'000'000'000;
  info.mutable_retry_delay()->set_seconds(nanos / kNanosPerSecond);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanos % kNanosPerSecond));
  AddDetail(info, status);
}

// What the caller pinned is not what this server has.
absl::Status PinMismatch(v1::ErrorReason reason, absl::string_view subject,
                         absl::string_view message, const Metadata& metadata) {
  absl::Status status = Error(absl::StatusCode::kFailedPrecondition, reason, message, metadata);
  google::rpc::PreconditionFailure failure;
  auto& violation = *failure.add_violations();
  const std::string& name = v1::ErrorReason_Name(reason);
  violation.set_type(name.substr(kReasonPrefix.size()));
  violation.set_subject(std::string(subject));
  violation.set_description(std::string(message));
  AddDetail(failure, status);
  return status;
}

// Returns the id under which the log describes it.
std::string LogIncident(const std::string& what, const absl::Status& cause) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  const std::string incident = absl::StrFormat("%016x", random());
  telemetry::Log(telemetry::LogLevel::kError, what,
                 {{"incident", incident}, {"cause", cause.ToString()}});
  return incident;
}

}  // namespace

absl::Status InvalidFields(const std::vector<FieldViolation>& violations) {
  google::rpc::BadRequest bad_request;
  std::string message;
  const size_t named = std::min(violations.size(), kMaxFieldViolations);
  for (size_t i = 0; i < named; ++i) {
    auto& violation = *bad_request.add_field_violations();
    violation.set_field(std::string(CutText(violations[i].field, kMaxFieldNameBytes)));
    violation.set_description(
        std::string(CutText(violations[i].description, kMaxFieldDescriptionBytes)));
    absl::StrAppend(&message, i == 0 ? "" : "; ", violation.field(), " ", violation.description());
  }
  if (named < violations.size()) {
    absl::StrAppend(&message, "; and ", violations.size() - named, " more");
  }
  absl::Status status =
      Error(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_FIELD, message);
  AddDetail(bad_request, status);
  return status;
}

absl::Status InvalidField(std::string field, std::string description) {
  return InvalidFields({{.field = std::move(field), .description = std::move(description)}});
}

absl::Status RequestTooLarge(int64_t size) {
  return InvalidField("request",
                      absl::StrCat("has ", size, " bytes; expected at most ", kMaxRequestBytes));
}

absl::Status InvalidFieldsFrom(const absl::Status& status) {
  return InvalidFields(FieldViolationsOf(status));
}

absl::Status RowOutOfRange(absl::string_view what, int64_t end_row) {
  return Error(absl::StatusCode::kOutOfRange, v1::ERROR_REASON_ROW_OUT_OF_RANGE,
               absl::StrCat(what, "; the plan's rows end before row ", end_row),
               {{"end_row", absl::StrCat(end_row)}});
}

absl::Status BundleNotFound(absl::string_view resource, absl::string_view detail,
                            const std::optional<Digest>& pinned_digest) {
  Metadata metadata;
  if (pinned_digest.has_value()) metadata.push_back({"digest", ToHex(*pinned_digest)});
  absl::Status status =
      Error(absl::StatusCode::kNotFound, v1::ERROR_REASON_BUNDLE_NOT_FOUND,
            absl::StrCat("no ", resource, detail.empty() ? "" : "; ", detail), metadata);
  google::rpc::ResourceInfo info;
  info.set_resource_type("tailcast.v1.Bundle");
  info.set_resource_name(std::string(resource));
  info.set_description(std::string(detail));
  AddDetail(info, status);
  return status;
}

absl::Status DigestMismatch(absl::string_view resource, const Digest& expected,
                            const Digest& actual) {
  return PinMismatch(v1::ERROR_REASON_BUNDLE_DIGEST_MISMATCH, resource,
                     absl::StrCat("the manifest of ", resource, " has digest ", ToHex(actual),
                                  "; expected ", ToHex(expected)),
                     {{"expected", ToHex(expected)}, {"actual", ToHex(actual)}});
}

absl::Status NumericsUnavailable(absl::string_view resource, const Digest& expected,
                                 const Digest& available) {
  return PinMismatch(v1::ERROR_REASON_NUMERICS_UNAVAILABLE, resource,
                     absl::StrCat("this server computes ", resource, " with numerics id ",
                                  ToHex(available), "; expected ", ToHex(expected)),
                     {{"expected", ToHex(expected)}, {"available", ToHex(available)}});
}

absl::Status AddressMismatch(const Digest& expected, const Digest& actual) {
  return PinMismatch(v1::ERROR_REASON_ADDRESS_MISMATCH, "stream",
                     absl::StrCat("the request resolves to address ", ToHex(actual), "; expected ",
                                  ToHex(expected)),
                     {{"expected", ToHex(expected)}, {"actual", ToHex(actual)}});
}

absl::Status FeatureSpaceMismatch(absl::string_view resource, const Digest& expected,
                                  const Digest& actual) {
  return PinMismatch(v1::ERROR_REASON_FEATURE_SPACE_MISMATCH, resource,
                     absl::StrCat(resource, " makes features of space ", ToHex(actual),
                                  "; expected ", ToHex(expected)),
                     {{"expected", ToHex(expected)}, {"actual", ToHex(actual)}});
}

absl::Status EncoderMissing(absl::string_view resource) {
  return PinMismatch(v1::ERROR_REASON_ENCODER_MISSING, resource,
                     absl::StrCat(resource, " was published without an encoder"), {});
}

absl::Status QueueFull(absl::string_view limit, int64_t limit_value, int64_t value,
                       absl::Duration retry_after) {
  absl::Status status =
      Error(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_QUEUE_FULL,
            absl::StrCat("the queue is full: ", limit, " would be ", value, "; the limit is ",
                         limit_value),
            {{"limit", std::string(limit)}, {"value", absl::StrCat(limit_value)}});
  AddRetryInfo(retry_after, status);
  return status;
}

absl::Status TooManyStreams(absl::string_view limit, int64_t limit_value,
                            absl::Duration retry_after) {
  absl::Status status =
      Error(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_LIMIT_EXCEEDED,
            absl::StrCat("too many streams are open: the limit ", limit, " is ", limit_value),
            {{"limit", std::string(limit)}, {"value", absl::StrCat(limit_value)}});
  AddRetryInfo(retry_after, status);
  return status;
}

absl::Status OutOfMemory(const absl::Status& cause) {
  const std::string incident = LogIncident("out of memory", cause);
  absl::Status status =
      Error(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_LIMIT_EXCEEDED,
            absl::StrCat("out of memory; the server's log describes incident ", incident),
            {{"limit", "memory"}, {"incident", incident}});
  AddRetryInfo(kRetryWhenOutOfMemory, status);
  return status;
}

absl::Status StreamIdle(absl::Duration limit) {
  return Error(absl::StatusCode::kAborted, v1::ERROR_REASON_STREAM_IDLE,
               absl::StrCat("the client has left a message unread for ",
                            absl::FormatDuration(limit), "; ask again from the first missing row"),
               {{"limit", "idle_timeout"}, {"value", absl::FormatDuration(limit)}});
}

absl::Status Draining(absl::Duration retry_after) {
  absl::Status status = Error(absl::StatusCode::kUnavailable, v1::ERROR_REASON_DRAINING,
                              "the server is shutting down; continue on another, or later");
  AddRetryInfo(retry_after, status);
  return status;
}

absl::Status BundleLoading(absl::string_view resource, absl::Duration retry_after) {
  absl::Status status = Error(absl::StatusCode::kUnavailable, v1::ERROR_REASON_BUNDLE_LOADING,
                              absl::StrCat(resource, " is being loaded"));
  AddRetryInfo(retry_after, status);
  return status;
}

absl::Status BundleLoadFailed(absl::string_view resource, absl::Duration retry_after) {
  absl::Status status =
      Error(absl::StatusCode::kUnavailable, v1::ERROR_REASON_BUNDLE_LOADING,
            absl::StrCat(resource, " could not be loaded; the server tries again in ",
                         absl::FormatDuration(absl::Ceil(retry_after, absl::Milliseconds(1))),
                         ", and its log says more"));
  AddRetryInfo(retry_after, status);
  return status;
}

absl::Status BundleDamaged(absl::string_view resource, absl::string_view file) {
  const std::string message =
      file.empty()
          ? absl::StrCat(resource,
                         " cannot be served: its files are as they were published, but "
                         "what they hold is wrong; the server's log says more")
          : absl::StrCat(resource, " is damaged: its file ", file,
                         " cannot be read or does not match the manifest; the server's log says "
                         "more");
  return Error(absl::StatusCode::kDataLoss, v1::ERROR_REASON_BUNDLE_DAMAGED, message,
               {{"file", std::string(file)}});
}

absl::Status Internal(const absl::Status& cause) {
  const std::string incident = LogIncident("internal error", cause);
  return Error(absl::StatusCode::kInternal, v1::ERROR_REASON_INTERNAL,
               absl::StrCat("internal error; the server's log describes incident ", incident),
               {{"incident", incident}});
}

absl::Status ForCaller(const absl::Status& status) {
  const bool callers_wish = absl::IsCancelled(status) || absl::IsDeadlineExceeded(status);
  if (status.ok() || callers_wish || !ErrorReasonOf(status).empty()) return status;
  return absl::IsResourceExhausted(status) ? OutOfMemory(status) : Internal(status);
}

std::string ErrorReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(
      absl::StrCat(kTypeUrlPrefix, google::rpc::ErrorInfo::descriptor()->full_name()));
  google::rpc::ErrorInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload))) return "";
  return info.reason();
}

}  // namespace tailcast::rpc
