#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/server/services/drawn_bundle_test.h"

namespace tailcast {
namespace {

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

using grpc::StatusCode;
using Fields = std::vector<std::string>;

class GenerateErrorsTest : public DrawnBundleTest {
 protected:
  static grpc::Status StatusOf(const v1::GenerateRequest& request) {
    const StreamResult result = server_->Generate(request);
    if (!result.status.ok()) {
      EXPECT_FALSE(result.header.has_value());
    }
    return result.status;
  }

  static void ExpectWrong(const v1::GenerateRequest& request, Fields expected) {
    const grpc::Status status = StatusOf(request);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << status.error_message();
    EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
    Fields fields = WrongFieldsOf(status);
    std::sort(fields.begin(), fields.end());
    EXPECT_EQ(fields, expected) << status.error_message();
  }
};

TEST_F(GenerateErrorsTest, UnknownBundleVersionAndLabelAreNotFound) {
  for (const char* const name :
       {"bundles/nobody/versions/1", "bundles/drawn/versions/2", "bundles/drawn/labels/stable"}) {
    const grpc::Status status = StatusOf(RequestOf(name, 0, 1));
    EXPECT_EQ(status.error_code(), StatusCode::NOT_FOUND) << name;
    EXPECT_EQ(ReasonOf(status), "BUNDLE_NOT_FOUND");
    const auto info = DetailOf<google::rpc::ResourceInfo>(status);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->resource_name(), name);
  }
}

TEST_F(GenerateErrorsTest, EveryWrongFieldIsNamedAtOnce) {
  auto request = RequestOf(kBundle, -1, -5);
  request.mutable_stream()->set_seed(-1);
  request.mutable_stream()->mutable_plan()->clear_class_weights();
  request.set_max_chunk_bytes((1 << 20) + 1);
  ExpectWrong(request, {"max_chunk_bytes", "rows.row_count", "rows.start_row",
                        "stream.plan.class_weights", "stream.seed"});
}

TEST_F(GenerateErrorsTest, WrongFieldsComeBeforeAMissingBundle) {
  ExpectWrong(RequestOf("bundles/nobody/versions/1", -1, 1), {"rows.start_row"});
}

TEST_F(GenerateErrorsTest, SamplersThatAreNotServedNameTheMethod) {
  auto request = RequestOf(kBundle, 0, 1);
  request.mutable_stream()->mutable_sampler()->mutable_ddpm();
  ExpectWrong(request, {"stream.sampler.method"});
  request.mutable_stream()->mutable_sampler()->mutable_dpm_solver()->set_step_count(10);
  ExpectWrong(request, {"stream.sampler.method"});
}

TEST_F(GenerateErrorsTest, StepsAtTheLimitsAndBeyond) {
  auto request = RequestOf(kBundle, 0, 1);
  auto& ddim = *request.mutable_stream()->mutable_sampler()->mutable_ddim();
  for (const int32_t good : {0, 1, 1000}) {
    ddim.set_step_count(good);
    EXPECT_TRUE(StatusOf(request).ok()) << good;
  }
  for (const int32_t bad : {-1, 1001}) {
    ddim.set_step_count(bad);
    EXPECT_EQ(StatusOf(request).error_code(), StatusCode::INVALID_ARGUMENT) << bad;
  }
}

TEST_F(GenerateErrorsTest, GuidanceAtTheLimitsAndBeyond) {
  auto request = RequestOf(kBundle, 0, 1);
  auto& weights = *request.mutable_stream()->mutable_sampler()->mutable_guidance_weights();
  weights.Add(0.0);
  for (const double good : {-1.0, 32.0}) {
    weights[0] = good;
    EXPECT_TRUE(StatusOf(request).ok()) << good;
  }
  for (const double bad : {-1.000001, 32.000001, std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    weights[0] = bad;
    EXPECT_EQ(StatusOf(request).error_code(), StatusCode::INVALID_ARGUMENT) << bad;
  }
  weights[0] = 0.5;
  weights.Add(0.5);  // two weights for six classes
  EXPECT_EQ(StatusOf(request).error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(GenerateErrorsTest, PlansAreChecked) {
  const auto with_class = [](int32_t class_index, int64_t weight) {
    auto request = RequestOf(kBundle, 0, 1);
    auto& plan = *request.mutable_stream()->mutable_plan();
    plan.clear_class_weights();
    v1::ClassWeight& entry = *plan.add_class_weights();
    entry.set_class_index(class_index);
    entry.set_weight(weight);
    return request;
  };
  EXPECT_TRUE(StatusOf(with_class(4, 1)).ok());
  ExpectWrong(with_class(6, 1), {"stream.plan.class_weights[0].class_index"});
  ExpectWrong(with_class(-1, 1), {"stream.plan.class_weights[0].class_index"});
  ExpectWrong(with_class(4, 0), {"stream.plan.class_weights[0].weight"});
  EXPECT_TRUE(StatusOf(with_class(4, (int64_t{1} << 31) - 1)).ok());
  EXPECT_EQ(StatusOf(with_class(4, int64_t{1} << 31)).error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(GenerateErrorsTest, AClassWithoutTrainingRowsIsNamed) {
  auto request = RequestOf(kBundle, 0, 1);
  v1::ClassWeight& entry = *request.mutable_stream()->mutable_plan()->add_class_weights();
  entry.set_class_index(5);
  entry.set_weight(1);
  const grpc::Status status = StatusOf(request);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_NE(status.error_message().find("class 5"), std::string::npos) << status.error_message();
}

TEST_F(GenerateErrorsTest, ChunksMustHoldARow) {
  auto request = RequestOf(kBundle, 0, 1);
  request.set_max_chunk_bytes(12 * 4);
  EXPECT_TRUE(StatusOf(request).ok());
  request.set_max_chunk_bytes(12 * 4 - 1);
  ExpectWrong(request, {"max_chunk_bytes"});
  request.set_max_chunk_bytes(1 << 20);
  EXPECT_TRUE(StatusOf(request).ok());
}

TEST_F(GenerateErrorsTest, RowsPastTheEndAreOutOfRange) {
  grpc::Status status = StatusOf(RequestOf(kBundle, kMaxInt64 - 10, 100));
  EXPECT_EQ(status.error_code(), StatusCode::OUT_OF_RANGE) << status.error_message();
  EXPECT_EQ(ReasonOf(status), "ROW_OUT_OF_RANGE");
  auto request = RequestOf(kBundle, 0, 20);
  auto& plan = *request.mutable_stream()->mutable_plan();
  plan.clear_class_weights();
  v1::ClassWeight& entry = *plan.add_class_weights();
  entry.set_class_index(4);
  entry.set_weight(10);
  entry.set_first_ordinal(kMaxInt64 - 15);  // one whole period of ten ordinals is left
  status = StatusOf(request);
  EXPECT_EQ(status.error_code(), StatusCode::OUT_OF_RANGE) << status.error_message();
  request.mutable_rows()->set_row_count(10);
  EXPECT_TRUE(StatusOf(request).ok());
}

TEST_F(GenerateErrorsTest, AnEndlessStreamEndsWhereThePlanDoes) {
  auto request = RequestOf(kBundle, 0, 0);
  auto& plan = *request.mutable_stream()->mutable_plan();
  plan.clear_class_weights();
  v1::ClassWeight& entry = *plan.add_class_weights();
  entry.set_class_index(4);
  entry.set_weight(10);
  entry.set_first_ordinal(kMaxInt64 - 15);
  const StreamResult result = server_->Generate(request);
  EXPECT_TRUE(result.status.ok()) << result.status.error_message();
  EXPECT_EQ(result.RowCount(), 10);
  EXPECT_EQ(result.summary->row_count(), 10);
}

TEST_F(GenerateErrorsTest, WhatIsPinnedMustBeWhatIsServed) {
  const StreamResult good = server_->Generate(RequestOf(kBundle, 0, 1));
  ASSERT_TRUE(good.header.has_value());
  const std::string other(32, '\x55');
  struct Case {
    const char* reason;
    std::string expected_key, actual_key;
    std::function<void(v1::GenerateRequest&, const std::string&)> pin;
    std::string right;
  };
  const Case cases[] = {
      {"BUNDLE_DIGEST_MISMATCH", "expected", "actual",
       [](auto& r, const auto& v) { r.mutable_stream()->set_bundle_digest(v); },
       good.header->stream().bundle_digest()},
      {"NUMERICS_UNAVAILABLE", "expected", "available",
       [](auto& r, const auto& v) { r.mutable_stream()->set_numerics_id(v); },
       good.header->stream().numerics_id()},
      {"ADDRESS_MISMATCH", "expected", "actual",
       [](auto& r, const auto& v) { r.set_expected_address(v); }, good.header->address()},
      {"FEATURE_SPACE_MISMATCH", "expected", "actual",
       [](auto& r, const auto& v) { r.set_expected_feature_space_digest(v); },
       good.header->feature_space_digest()}};
  for (const Case& test : cases) {
    auto request = RequestOf(kBundle, 0, 1);
    test.pin(request, test.right);
    EXPECT_TRUE(StatusOf(request).ok()) << test.reason;
    test.pin(request, other);
    const grpc::Status status = StatusOf(request);
    EXPECT_EQ(status.error_code(), StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(ReasonOf(status), test.reason);
    EXPECT_EQ(MetadataOf(status, test.expected_key), ToHex(*DigestFromBytes(other)));
    EXPECT_EQ(MetadataOf(status, test.actual_key), ToHex(*DigestFromBytes(test.right)));
    EXPECT_TRUE(DetailOf<google::rpc::PreconditionFailure>(status).has_value());
  }
}

TEST_F(GenerateErrorsTest, EstimateAnswersTheSameErrors) {
  v1::EstimateRequest request;
  *request.mutable_generate() = RequestOf(kBundle, -1, 1);
  grpc::ClientContext context;
  v1::EstimateResponse response;
  const grpc::Status status = server_->features().Estimate(&context, request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(WrongFieldsOf(status), Fields{"rows.start_row"});
}

}  // namespace
}  // namespace tailcast
