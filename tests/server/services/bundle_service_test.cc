#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/fakes/test_server.h"

namespace tailcast {
namespace {

using grpc::StatusCode;
using Names = std::vector<std::string>;

class BundleServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const double variant : {0.0, 1.0, 2.0}) server_.Publish("many", {.variant = variant});
    server_.Publish("alone", {.with_encoder = true});
    const auto repository = bundle::Repository::Open(server_.repository());
    ASSERT_TRUE(repository->SetLabel("many", 1, "stable").ok());
    ASSERT_TRUE(repository->SetLabel("many", 3, "canary").ok());
    server_.Start();
  }
  void TearDown() override { server_.Stop(); }

  grpc::Status List(const std::string& parent, int32_t page_size, const std::string& token,
                    v1::ListBundlesResponse& response) {
    v1::ListBundlesRequest request;
    request.set_parent(parent);
    request.set_page_size(page_size);
    request.set_page_token(token);
    grpc::ClientContext context;
    return server_.bundles().ListBundles(&context, request, &response);
  }

  // Names on all pages.
  Names ListAll(const std::string& parent, int32_t page_size) {
    Names names;
    std::string token;
    do {
      v1::ListBundlesResponse response;
      EXPECT_TRUE(List(parent, page_size, token, response).ok());
      for (const v1::Bundle& bundle : response.bundles()) names.push_back(bundle.name());
      token = response.next_page_token();
    } while (!token.empty());
    return names;
  }

  TestServer server_;
};

TEST_F(BundleServiceTest, ListsVersionsInOrderOnAnySizeOfPage) {
  const Names all = {"bundles/alone/versions/1", "bundles/many/versions/1",
                     "bundles/many/versions/2", "bundles/many/versions/3"};
  for (const int32_t page_size : {0, 1, 2, 3, 4, 1000, 2000}) {
    EXPECT_EQ(ListAll("bundles/-", page_size), all) << page_size;
  }
  EXPECT_EQ(ListAll("bundles/many", 2), Names(all.begin() + 1, all.end()));
}

TEST_F(BundleServiceTest, RefusesWhatIsNoPageOrParent) {
  v1::ListBundlesResponse response;
  EXPECT_EQ(WrongFieldsOf(List("bundles/-", -1, "", response)), Names{"page_size"});
  EXPECT_EQ(WrongFieldsOf(List("bundles/-", 1, "made up", response)), Names{"page_token"});
  EXPECT_EQ(WrongFieldsOf(List("many", 0, "", response)), Names{"parent"});
  EXPECT_EQ(List("bundles/nobody", 0, "", response).error_code(), StatusCode::NOT_FOUND);
  ASSERT_TRUE(List("bundles/-", 1, "", response).ok());
  v1::ListBundlesResponse other;
  EXPECT_EQ(WrongFieldsOf(List("bundles/many", 1, response.next_page_token(), other)),
            Names{"page_token"});
}

TEST_F(BundleServiceTest, DescribesAVersionByNameOrLabel) {
  ASSERT_TRUE(server_.AwaitActive("bundles/many/labels/stable"));
  v1::GetBundleRequest request;
  request.set_name("bundles/many/labels/stable");
  grpc::ClientContext context;
  v1::Bundle bundle;

  ASSERT_TRUE(server_.bundles().GetBundle(&context, request, &bundle).ok());

  EXPECT_EQ(bundle.name(), "bundles/many/versions/1");
  EXPECT_EQ(bundle.labels_size(), 1);
  EXPECT_EQ(bundle.labels(0), "bundles/many/labels/stable");
  EXPECT_EQ(bundle.digest().size(), 32u);
  EXPECT_EQ(bundle.feature_dimension(), 12);
  EXPECT_EQ(bundle.class_count(), 6);
  EXPECT_EQ(bundle.class_names(3), "class 3");
  EXPECT_EQ(bundle.training_image_counts(4), 12);
  EXPECT_EQ(bundle.default_sampler().ddim().step_count(), 4);
  EXPECT_FALSE(bundle.has_image_format());
  ASSERT_EQ(bundle.numerics_size(), 1);
  EXPECT_EQ(bundle.numerics(0).invariance(), v1::Numerics::INVARIANCE_ROW);
  EXPECT_GT(bundle.numerics(0).facts_size(), 3);
  EXPECT_GT(bundle.numerics(0).tile_row_counts_size(), 0);
  EXPECT_GT(bundle.publish_time().seconds(), 1'600'000'000);
}

TEST_F(BundleServiceTest, ListsLeaveOutTheLongFields) {
  v1::ListBundlesResponse response;
  ASSERT_TRUE(List("bundles/alone", 0, "", response).ok());
  ASSERT_EQ(response.bundles_size(), 1);
  EXPECT_EQ(response.bundles(0).class_names_size(), 0);
  EXPECT_EQ(response.bundles(0).class_count(), 6);
  EXPECT_EQ(response.bundles(0).image_format().height(), 16);
  EXPECT_EQ(response.bundles(0).image_format().channel_count(), 1);
}

TEST_F(BundleServiceTest, NamesThatDoNotExistAreNotFoundAndOthersInvalid) {
  const auto status_of = [&](const std::string& name) {
    v1::GetBundleRequest request;
    request.set_name(name);
    grpc::ClientContext context;
    v1::Bundle bundle;
    return server_.bundles().GetBundle(&context, request, &bundle);
  };
  EXPECT_EQ(status_of("bundles/many/versions/4").error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(status_of("bundles/many/labels/none").error_code(), StatusCode::NOT_FOUND);
  EXPECT_EQ(WrongFieldsOf(status_of("bundles/many")), Names{"name"});
}

TEST_F(BundleServiceTest, ListsLabelsByName) {
  v1::ListLabelsRequest request;
  request.set_parent("bundles/many");
  request.set_page_size(1);
  Names labels, targets;
  do {
    grpc::ClientContext context;
    v1::ListLabelsResponse response;
    ASSERT_TRUE(server_.bundles().ListLabels(&context, request, &response).ok());
    for (const v1::Label& label : response.labels()) {
      labels.push_back(label.name());
      targets.push_back(label.bundle());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());

  EXPECT_EQ(labels, (Names{"bundles/many/labels/canary", "bundles/many/labels/stable"}));
  EXPECT_EQ(targets, (Names{"bundles/many/versions/3", "bundles/many/versions/1"}));
}

// Guidance weights of many classes, in so many versions that a page of all would be refused.
TEST(BundleListTest, APageEndsBeforeClientsWouldRefuseIt) {
  constexpr int kClasses = 65'536, kVersions = 9;
  constexpr size_t kClientLimit = 4 << 20;
  TestServer server;
  bundle::BundleParts parts =
      bundle::DrawParts({.class_counts = std::vector<int64_t>(kClasses, 1)});
  // Equal ones would be one.
  std::vector<double> weights(kClasses, 0.5);
  weights.back() = 0.25;
  parts.default_sampler.guidance_weights = std::move(weights);
  const auto contents = bundle::AssembleBundle(parts);
  ASSERT_TRUE(contents.ok()) << contents.status();
  const auto first =
      bundle::Repository::Open(server.repository())->Publish("wide", *contents, absl::Now());
  ASSERT_TRUE(first.ok()) << first.status();
  for (int version = 2; version <= kVersions; ++version) {
    std::filesystem::copy(first->version.folder,
                          server.repository() + "/wide/" + std::to_string(version));
  }
  server.options().catalog.loader = [](const bundle::VersionInfo&, const std::stop_token&) {
    return absl::UnavailableError("not needed here");
  };
  server.Start();

  int listed = 0, pages = 0;
  v1::ListBundlesRequest request;
  request.set_parent("bundles/-");
  request.set_page_size(1000);
  do {
    grpc::ClientContext context;
    v1::ListBundlesResponse page;
    const grpc::Status status = server.bundles().ListBundles(&context, request, &page);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_LT(page.ByteSizeLong(), kClientLimit);
    for (const v1::Bundle& bundle : page.bundles()) {
      EXPECT_EQ(bundle.name(), "bundles/wide/versions/" + std::to_string(++listed));
      EXPECT_EQ(bundle.default_sampler().guidance_weights_size(), kClasses);
    }
    ++pages;
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(listed, kVersions);
  EXPECT_EQ(pages, 2);
  server.Stop();
}

}  // namespace
}  // namespace tailcast
