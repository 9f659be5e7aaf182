#include "core/tensor/torch_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <new>
#include <stdexcept>
#include <string>

#include "absl/status/statusor.h"

namespace tailcast {
namespace {

using ::testing::HasSubstr;

TEST(CatchTorchErrorsTest, PassesStatusAndValueThrough) {
  EXPECT_TRUE(CatchTorchErrors([] { return absl::OkStatus(); }).ok());
  EXPECT_EQ(CatchTorchErrors([] { return absl::NotFoundError("x"); }).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(*CatchTorchErrors([]() -> absl::StatusOr<int> { return 3; }), 3);
}

TEST(CatchTorchErrorsTest, TurnsAWrongShapeIntoInternalWithItsReason) {
  const auto status = CatchTorchErrors([] {
    at::ones({2, 3}).matmul(at::ones({2, 3}));
    return absl::OkStatus();
  });

  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("shapes cannot be multiplied"));
}

TEST(CatchTorchErrorsTest, TurnsLackOfMemoryIntoResourceExhausted) {
  const auto status = CatchTorchErrors([] {
    TORCH_CHECK_WITH(OutOfMemoryError, false, "no memory");
    return absl::OkStatus();
  });

  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
}

TEST(CatchTorchErrorsTest, TurnsLackOfHostMemoryIntoResourceExhausted) {
  constexpr int64_t kTooMany = int64_t{1} << 50;
  const auto of_tensor = CatchTorchErrors([] {
    at::empty({kTooMany}, at::kByte);
    return absl::OkStatus();
  });
  EXPECT_EQ(of_tensor.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(of_tensor.message()), HasSubstr("you tried to allocate"));

  // Thrown here: sanitizers end the program where operator new would throw.
  const auto of_others = CatchTorchErrors([]() -> absl::Status { throw std::bad_alloc(); });
  EXPECT_EQ(of_others, absl::ResourceExhaustedError("not enough memory"));
}

TEST(CatchTorchErrorsTest, TurnsAnyOtherExceptionIntoInternal) {
  const auto status = CatchTorchErrors([]() -> absl::Status { throw std::length_error("long"); });

  EXPECT_EQ(status, absl::InternalError("long"));
}

}  // namespace
}  // namespace tailcast
