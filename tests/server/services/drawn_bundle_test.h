#ifndef TAILCAST_TESTS_SERVER_SERVICES_DRAWN_BUNDLE_TEST_H_
#define TAILCAST_TESTS_SERVER_SERVICES_DRAWN_BUNDLE_TEST_H_

#include <gtest/gtest.h>

#include "tests/fakes/test_server.h"

namespace tailcast {

// One server for all tests of a suite; it serves one bundle with drawn weights.
class DrawnBundleTest : public testing::Test {
 protected:
  static constexpr char kBundle[] = "bundles/drawn/versions/1";

  static void SetUpTestSuite() {
    server_ = new TestServer;
    server_->Publish("drawn");
    server_->Start();
    ASSERT_TRUE(server_->AwaitActive(kBundle));
  }
  static void TearDownTestSuite() {
    server_->Stop();
    delete server_;
  }

  static inline TestServer* server_ = nullptr;
};

}  // namespace tailcast

#endif  // TAILCAST_TESTS_SERVER_SERVICES_DRAWN_BUNDLE_TEST_H_
