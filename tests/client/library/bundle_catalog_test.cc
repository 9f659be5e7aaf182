#include "client/library/bundle_catalog.h"

#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "proto/tailcast/v1/bundle_service.grpc.pb.h"
#include "tests/client/library/silent_listener.h"

namespace tailcast::client {
namespace {

using ::testing::HasSubstr;

// Versions 1 to `count` of "fake", three to a page whatever was asked for; label "stable" is
// version 2.
class FakeBundles final : public v1::BundleService::Service {
 public:
  explicit FakeBundles(int count) : count_(count) {}

  grpc::Status ListBundles(grpc::ServerContext*, const v1::ListBundlesRequest* request,
                           v1::ListBundlesResponse* response) override {
    if (request->parent() != "bundles/fake" && request->parent() != "bundles/-") {
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no such parent");
    }
    int first = 1;
    if (!request->page_token().empty() && !absl::SimpleAtoi(request->page_token(), &first)) {
      return grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "page_token");
    }
    for (int version = first; version <= std::min(first + 2, count_); ++version) {
      response->add_bundles()->set_name(absl::StrCat("bundles/fake/versions/", version));
    }
    if (first + 3 <= count_) response->set_next_page_token(absl::StrCat(first + 3));
    return grpc::Status::OK;
  }

  grpc::Status GetBundle(grpc::ServerContext*, const v1::GetBundleRequest* request,
                         v1::Bundle* bundle) override {
    if (request->name() == "bundles/fake/labels/stable") {
      bundle->set_name("bundles/fake/versions/2");
    } else if (request->name() == "bundles/fake/versions/99") {
      return grpc::Status(grpc::StatusCode::NOT_FOUND, "no version 99");
    } else {
      bundle->set_name(request->name());
    }
    bundle->set_class_count(10);
    return grpc::Status::OK;
  }

  grpc::Status ListLabels(grpc::ServerContext*, const v1::ListLabelsRequest* request,
                          v1::ListLabelsResponse* response) override {
    const bool first = request->page_token().empty();
    response->add_labels()->set_name(first ? "bundles/fake/labels/a" : "bundles/fake/labels/b");
    if (first) response->set_next_page_token("more");
    return grpc::Status::OK;
  }

 private:
  const int count_;
};

class BundleCatalogTest : public ::testing::Test {
 protected:
  BundleCatalogTest() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&bundles_);
    server_ = builder.BuildAndStart();
    options_.servers = {absl::StrCat("127.0.0.1:", port_)};
    options_.retry.retry_for = absl::ZeroDuration();
  }

  FakeBundles bundles_{11};
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
  FailoverOptions options_;
};

TEST_F(BundleCatalogTest, ABareNameIsTheHighestVersionAsANumber) {
  const auto bundle = BundleCatalog(options_).Get({.name = "fake", .version = {}, .label = {}});
  ASSERT_TRUE(bundle.ok()) << bundle.status();
  EXPECT_EQ(bundle->name(), "bundles/fake/versions/11");
  EXPECT_EQ(bundle->class_count(), 10);
}

TEST_F(BundleCatalogTest, AVersionAndALabelAreAskedForDirectly) {
  const BundleCatalog catalog(options_);
  EXPECT_EQ(catalog.Get(*ParseBundleReference("fake@3"))->name(), "bundles/fake/versions/3");
  EXPECT_EQ(catalog.Get(*ParseBundleReference("fake:stable"))->name(), "bundles/fake/versions/2");
  EXPECT_EQ(catalog.Get(*ParseBundleReference("fake@99")).status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(catalog.Get(*ParseBundleReference("other")).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(BundleCatalogTest, ListsGoThroughAllPages) {
  const BundleCatalog catalog(options_);
  EXPECT_EQ(catalog.List()->size(), 11u);
  EXPECT_EQ(catalog.List("fake")->size(), 11u);
  EXPECT_EQ(catalog.Labels("fake")->size(), 2u);
}

TEST_F(BundleCatalogTest, AServerThatIsNotThereIsNamed) {
  options_.servers = {"127.0.0.1:1"};
  const absl::Status status = BundleCatalog(options_).List().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("127.0.0.1:1"));
}

TEST(SilentServerTest, AStopEndsEveryLookUpAtOnce) {
  const SilentListener silent;
  FailoverOptions options;
  options.servers = {silent.address()};
  const auto stopped_after = [&](auto look_up) {
    std::stop_source stop;
    options.stop = stop.get_token();
    const std::jthread stopper([&stop] {
      absl::SleepFor(absl::Milliseconds(100));
      stop.request_stop();
    });
    const absl::Time start = absl::Now();
    EXPECT_EQ(look_up(BundleCatalog(options)).code(), absl::StatusCode::kCancelled);
    return absl::Now() - start;
  };
  constexpr absl::Duration kSoon = absl::Seconds(5);  // an attempt waits 20
  const BundleReference version = {.name = "fake", .version = 1, .label = {}};
  EXPECT_LT(stopped_after([&](const auto& catalog) { return catalog.Get(version).status(); }),
            kSoon);
  EXPECT_LT(stopped_after([](const auto& catalog) { return catalog.List().status(); }), kSoon);
  EXPECT_LT(stopped_after([](const auto& catalog) { return catalog.Labels("fake").status(); }),
            kSoon);
}

}  // namespace
}  // namespace tailcast::client
