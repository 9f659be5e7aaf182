#ifndef TAILCAST_CLIENT_LIBRARY_HEALTH_H_
#define TAILCAST_CLIENT_LIBRARY_HEALTH_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/library/failover.h"

namespace tailcast::client {

// Asks one server once, through grpc.health.v1, whether `service` serves: empty for the whole
// server, "bundles/NAME" for a bundle. UNAVAILABLE if it does not serve or cannot be reached;
// NOT_FOUND if it does not know the service.
absl::Status CheckServing(const std::string& server, const std::string& service,
                          absl::Duration timeout);

// Waits until a server of the list serves, as long as its retry options say.
absl::Status WaitUntilServing(const FailoverOptions& options, const std::string& service);

}  // namespace tailcast::client

#endif  // TAILCAST_CLIENT_LIBRARY_HEALTH_H_
