#include "server/services/bundle_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/status_macros.h"
#include "proto/convert/resource_names.h"
#include "proto/describe/bundle_message.h"
#include "server/convert/bundle_proto.h"
#include "server/convert/page.h"
#include "server/convert/request_fields.h"
#include "server/rpc/errors.h"
#include "server/rpc/limits.h"
#include "server/rpc/status_conversion.h"
#include "server/services/call_access.h"

namespace tailcast::services {
namespace {

std::string ParentField(absl::string_view parent, bool allow_all, convert::RequestFields& fields) {
  absl::StatusOr<std::string> name = ParseBundleParent(parent, allow_all);
  if (name.ok()) return *std::move(name);
  fields.Wrong("parent", std::string(name.status().message()));
  return "";
}

// Keeps the labels of one page; true if more follow.
bool CutToPage(const convert::Page& page, std::vector<bundle::LabelInfo>& labels) {
  const auto is_behind = [&page](const bundle::LabelInfo& info) { return info.label > page.after; };
  labels.erase(labels.begin(), std::find_if(labels.begin(), labels.end(), is_behind));
  if (static_cast<int64_t>(labels.size()) <= page.size) return false;
  labels.resize(page.size);
  return true;
}

// Where the page begins.
bundles::Catalog::Position LastVersion(const convert::Page& page, convert::RequestFields& fields) {
  if (page.after.empty()) return {};
  const auto reference = ParseBundleResource(page.after);
  if (reference.ok() && reference->version.has_value()) {
    return {.name = reference->name, .version = *reference->version};
  }
  fields.Wrong("page_token", "is not from an earlier page of the same request");
  return {};
}

absl::StatusOr<v1::ListBundlesResponse> ListBundles(const bundles::Catalog& catalog,
                                                    const v1::ListBundlesRequest& request) {
  RETURN_IF_ERROR(CheckRequestSize(request.ByteSizeLong()));
  convert::RequestFields fields;
  const std::string name = ParentField(request.parent(), /*allow_all=*/true, fields);
  const convert::Page page =
      convert::ToPage(request.page_size(), request.page_token(), request.parent(), fields);
  const bundles::Catalog::Position last = LastVersion(page, fields);
  if (!fields.ok()) return fields.Error();
  // One more, to know whether others follow.
  const auto size = static_cast<size_t>(page.size);
  ASSIGN_OR_RETURN(const auto items, catalog.List(name, last, size + 1));
  v1::ListBundlesResponse response;
  size_t taken = 0;
  for (int64_t bytes = 0; taken < std::min(size, items.size()) && bytes < rpc::kMaxPageBytes;) {
    v1::Bundle& bundle = *response.add_bundles();
    bundle = convert::ToProto(items[taken++], convert::BundleView::kBasic);
    bytes += static_cast<int64_t>(bundle.ByteSizeLong());
  }
  if (taken < items.size()) {
    response.set_next_page_token(convert::NextPageToken(
        request.parent(), response.bundles(response.bundles_size() - 1).name()));
  }
  return response;
}

absl::StatusOr<v1::Bundle> GetBundle(const bundles::Catalog& catalog,
                                     const v1::GetBundleRequest& request) {
  RETURN_IF_ERROR(CheckRequestSize(request.ByteSizeLong()));
  convert::RequestFields fields;
  const BundleReference reference = fields.BundleName("name", request.name());
  if (!fields.ok()) return fields.Error();
  ASSIGN_OR_RETURN(const convert::BundleDescription description, catalog.Get(reference));
  return convert::ToProto(description, convert::BundleView::kFull);
}

absl::StatusOr<v1::ListLabelsResponse> ListLabels(const bundles::Catalog& catalog,
                                                  const v1::ListLabelsRequest& request) {
  RETURN_IF_ERROR(CheckRequestSize(request.ByteSizeLong()));
  convert::RequestFields fields;
  const std::string name = ParentField(request.parent(), /*allow_all=*/false, fields);
  const convert::Page page =
      convert::ToPage(request.page_size(), request.page_token(), request.parent(), fields);
  if (!fields.ok()) return fields.Error();
  ASSIGN_OR_RETURN(std::vector<bundle::LabelInfo> items, catalog.Labels(name));
  const bool more = CutToPage(page, items);
  v1::ListLabelsResponse response;
  for (const bundle::LabelInfo& item : items) *response.add_labels() = DescribeLabel(name, item);
  if (more) {
    response.set_next_page_token(convert::NextPageToken(request.parent(), items.back().label));
  }
  return response;
}

int64_t CountOf(const v1::ListBundlesResponse& response) { return response.bundles_size(); }
int64_t CountOf(const v1::ListLabelsResponse& response) { return response.labels_size(); }
int64_t CountOf(const v1::Bundle&) { return 1; }

// Runs `body` as the whole call, refused while the server drains.
template <typename Response, typename Body>
grpc::ServerUnaryReactor* Answer(std::string method, const ServiceParts& parts,
                                 grpc::CallbackServerContext* context, Response* response,
                                 const Body& body) {
  telemetry::AccessRecord access = BeginAccess(std::move(method), *context);
  const auto ticket = parts.calls.AdmitUnary();
  absl::StatusOr<Response> answer = ticket.ok() ? body() : ticket.status();
  if (!answer.ok()) answer = rpc::ForCaller(answer.status());
  if (answer.ok()) {
    *response = *std::move(answer);
    access.row_count = CountOf(*response);
    access.byte_count = static_cast<int64_t>(response->ByteSizeLong());
  }
  EndAccess(answer.status(), access);
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(rpc::ToGrpcStatus(answer.status()));
  return reactor;
}

}  // namespace

grpc::ServerUnaryReactor* BundleService::ListBundles(grpc::CallbackServerContext* context,
                                                     const v1::ListBundlesRequest* request,
                                                     v1::ListBundlesResponse* response) {
  return Answer("BundleService.ListBundles", parts_, context, response,
                [&] { return services::ListBundles(parts_.catalog, *request); });
}

grpc::ServerUnaryReactor* BundleService::GetBundle(grpc::CallbackServerContext* context,
                                                   const v1::GetBundleRequest* request,
                                                   v1::Bundle* response) {
  return Answer("BundleService.GetBundle", parts_, context, response,
                [&] { return services::GetBundle(parts_.catalog, *request); });
}

grpc::ServerUnaryReactor* BundleService::ListLabels(grpc::CallbackServerContext* context,
                                                    const v1::ListLabelsRequest* request,
                                                    v1::ListLabelsResponse* response) {
  return Answer("BundleService.ListLabels", parts_, context, response,
                [&] { return services::ListLabels(parts_.catalog, *request); });
}

}  // namespace tailcast::services
