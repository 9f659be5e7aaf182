#include "client/library/bundle_catalog.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/library/call_context.h"
#include "client/library/channel.h"
#include "client/library/error.h"
#include "core/base/status_macros.h"
#include "proto/convert/resource_names.h"
#include "proto/tailcast/v1/bundle_service.grpc.pb.h"

namespace tailcast::client {
namespace {

constexpr int kPageSize = 1000;

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

BundleCatalog::BundleCatalog(FailoverOptions options, absl::Duration call_timeout)
    : options_(std::move(options)), call_timeout_(call_timeout) {}

absl::StatusOr<std::string> BundleCatalog::HighestVersion(const std::string& name) const {
  ASSIGN_OR_RETURN(const std::vector<v1::Bundle> versions, List(name));
  std::string highest_name;
  int64_t highest = 0;
  for (const v1::Bundle& bundle : versions) {
    const absl::StatusOr<BundleReference> parsed = ParseBundleResource(bundle.name());
    if (!parsed.ok() || parsed->name != name || parsed->version.value_or(0) <= highest) continue;
    highest = *parsed->version;
    highest_name = bundle.name();
  }
  if (highest > 0) return highest_name;
  return absl::NotFoundError(
      absl::StrCat("server ", options_.servers.front(), ": bundle '", name, "' has no version"));
}

absl::StatusOr<v1::Bundle> BundleCatalog::Get(const BundleReference& reference) const {
  v1::GetBundleRequest request;
  if (reference.version || reference.label) {
    request.set_name(ResourceOf(reference));
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
