#include "server/telemetry/health.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace tailcast::telemetry {
namespace {

class RecordingHealthService final : public grpc::HealthCheckServiceInterface {
 public:
  void SetServingStatus(const std::string& name, bool serving) override { status[name] = serving; }
  void SetServingStatus(bool) override { FAIL() << "would also set names of others"; }
  std::map<std::string, bool> status;
};

TEST(HealthTest, TellsWhatWasSaidBeforeThereWasAServer) {
  Health health;
  health.Set("bundles/a", true);
  RecordingHealthService service;

  health.Attach(&service);
  EXPECT_EQ(service.status, (std::map<std::string, bool>{{"", false}, {"bundles/a", true}}));
  health.Set("", true);
  EXPECT_TRUE(service.status[""]);
}

TEST(HealthTest, NothingServesOnceItDrains) {
  Health health;
  RecordingHealthService service;
  health.Attach(&service);
  health.Set("", true);
  health.Set("bundles/a", true);

  health.BeginDrain();
  EXPECT_EQ(service.status, (std::map<std::string, bool>{{"", false}, {"bundles/a", false}}));
  health.Set("bundles/b", true);
  EXPECT_FALSE(service.status["bundles/b"]);
}

TEST(HealthTest, DoesNotTouchAServiceThatIsDetached) {
  Health health;
  RecordingHealthService service;
  health.Attach(&service);
  health.Detach();
  health.Set("", true);
  EXPECT_FALSE(service.status[""]);
}

}  // namespace
}  // namespace tailcast::telemetry
