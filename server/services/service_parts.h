#ifndef TAILCAST_SERVER_SERVICES_SERVICE_PARTS_H_
#define TAILCAST_SERVER_SERVICES_SERVICE_PARTS_H_

#include "server/bundles/catalog.h"
#include "server/engine/tile_scheduler.h"
#include "server/rpc/call_registry.h"

namespace tailcast::services {

// What the services use; all outlive them.
struct ServiceParts {
  bundles::Catalog& catalog;
  engine::TileScheduler& scheduler;
  rpc::CallRegistry& calls;
};

}  // namespace tailcast::services

#endif  // TAILCAST_SERVER_SERVICES_SERVICE_PARTS_H_
