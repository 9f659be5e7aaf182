#include "client/library/bundle_catalog.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/library/call_context.h"
#include "client/library/channel.h"
#include "client/library/error.h"
#include "core/base/status_macros.h"
#include "proto/tailcast/v1/bundle_service.grpc.pb.h"

namespace tailcast::client {
namespace {

constexpr int kPageSize = 1000;
constexpr size_t kMaxShownBytes = 200;

absl::Status NotAReference(absl::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat("'", absl::CHexEscape(text.substr(0, kMaxShownBytes)),
                   "' names no bundle; expected NAME, NAME@VERSION or NAME:LABEL"));
}

bool ParseVersion(absl::string_view text, int64_t& version) {
  return text.find_first_not_of("0123456789") == absl::string_view::npos &&
         absl::SimpleAtoi(text, &version) && version >= 1;
}

// Calls `method` for page after page and hands each to `take`.
template <typename Request, typename Response, typename Method, typename Take>
absl::Status ForEachPage(const FailoverOptions& options, absl::Duration timeout, Request request,
                         Method method, Take take) {
  request.set_page_size(kPageSize);
  while (true) {
    Response response;
    RETURN_IF_ERROR(CallWithFailover(options, [&](const std::string& server) {
      const auto service = v1::BundleService::NewStub(OpenChannel(server));
      CallContext context(timeout, options.stop);
      return FromGrpcStatus((service.get()->*method)(context.get(), request, &response), server);
    }));
    take(response);
    if (response.next_page_token().empty()) return absl::OkStatus();
    request.set_page_token(response.next_page_token());
  }
}

}  // namespace

absl::StatusOr<BundleReference> ParseBundleReference(absl::string_view text) {
  const size_t mark = text.find_first_of("@:");
  BundleReference reference;
  reference.name = std::string(text.substr(0, mark));
  if (reference.name.empty() || absl::StrContains(reference.name, '/')) return NotAReference(text);
  if (mark == absl::string_view::npos) return reference;
  const absl::string_view rest = text.substr(mark + 1);
  if (text[mark] == '@') {
    int64_t version = 0;
    if (!ParseVersion(rest, version)) return NotAReference(text);
    reference.version = version;
  } else {
    if (rest.empty() || rest.find_first_of("@:/") != absl::string_view::npos) {
      return NotAReference(text);
    }
    reference.label = std::string(rest);
  }
  return reference;
}

absl::StatusOr<std::pair<std::string, int64_t>> ParseVersionName(absl::string_view resource_name) {
  const std::vector<absl::string_view> parts = absl::StrSplit(resource_name, '/');
  int64_t version = 0;
  if (parts.size() == 4 && parts[0] == "bundles" && !parts[1].empty() && parts[2] == "versions" &&
      ParseVersion(parts[3], version)) {
    return std::make_pair(std::string(parts[1]), version);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", absl::CHexEscape(resource_name.substr(0, kMaxShownBytes)),
                   "' is not of the form bundles/NAME/versions/VERSION"));
}

BundleCatalog::BundleCatalog(FailoverOptions options, absl::Duration call_timeout)
    : options_(std::move(options)), call_timeout_(call_timeout) {}

absl::StatusOr<std::string> BundleCatalog::HighestVersion(const std::string& name) const {
  ASSIGN_OR_RETURN(const std::vector<v1::Bundle> versions, List(name));
  std::string highest_name;
  int64_t highest = 0;
  for (const v1::Bundle& bundle : versions) {
    ASSIGN_OR_RETURN(const auto parsed, ParseVersionName(bundle.name()));
    if (parsed.first != name || parsed.second <= highest) continue;
    highest = parsed.second;
    highest_name = bundle.name();
  }
  if (highest > 0) return highest_name;
  return absl::NotFoundError(
      absl::StrCat("server ", options_.servers.front(), ": bundle '", name, "' has no version"));
}

absl::StatusOr<v1::Bundle> BundleCatalog::Get(const BundleReference& reference) const {
  v1::GetBundleRequest request;
  if (reference.version) {
    request.set_name(absl::StrCat("bundles/", reference.name, "/versions/", *reference.version));
  } else if (reference.label) {
    request.set_name(absl::StrCat("bundles/", reference.name, "/labels/", *reference.label));
  } else {
    ASSIGN_OR_RETURN(const std::string highest, HighestVersion(reference.name));
    request.set_name(highest);
  }
  v1::Bundle bundle;
  RETURN_IF_ERROR(CallWithFailover(options_, [&](const std::string& server) {
    const auto service = v1::BundleService::NewStub(OpenChannel(server));
    CallContext context(call_timeout_, options_.stop);
    return FromGrpcStatus(service->GetBundle(context.get(), request, &bundle), server);
  }));
  return bundle;
}

absl::StatusOr<std::vector<v1::Bundle>> BundleCatalog::List(const std::string& name) const {
  v1::ListBundlesRequest request;
  request.set_parent(absl::StrCat("bundles/", name.empty() ? "-" : name));
  std::vector<v1::Bundle> bundles;
  RETURN_IF_ERROR((ForEachPage<v1::ListBundlesRequest, v1::ListBundlesResponse>(
      options_, call_timeout_, request, &v1::BundleService::Stub::ListBundles,
      [&bundles](const v1::ListBundlesResponse& page) {
        bundles.insert(bundles.end(), page.bundles().begin(), page.bundles().end());
      })));
  return bundles;
}

absl::StatusOr<std::vector<v1::Label>> BundleCatalog::Labels(const std::string& name) const {
  v1::ListLabelsRequest request;
  request.set_parent(absl::StrCat("bundles/", name));
  std::vector<v1::Label> labels;
  RETURN_IF_ERROR((ForEachPage<v1::ListLabelsRequest, v1::ListLabelsResponse>(
      options_, call_timeout_, request, &v1::BundleService::Stub::ListLabels,
      [&labels](const v1::ListLabelsResponse& page) {
        labels.insert(labels.end(), page.labels().begin(), page.labels().end());
      })));
  return labels;
}

}  // namespace tailcast::client
