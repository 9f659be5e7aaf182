#include "server/telemetry/access_log.h"

#include <vector>

#include "server/telemetry/logging.h"

namespace tailcast::telemetry {

void LogAccess(const AccessRecord& record, absl::Time now) {
  std::vector<LogField> fields = {{"method", record.method}, {"peer", record.peer}};
  if (!record.bundle.empty()) fields.push_back({"bundle", record.bundle});
  fields.push_back({"code", record.code});
  if (!record.reason.empty()) fields.push_back({"reason", record.reason});
  fields.push_back({"seconds", absl::ToDoubleSeconds(now - record.start)});
  fields.push_back({"rows", record.row_count});
  fields.push_back({"bytes", record.byte_count});
  Log(LogLevel::kInfo, "access", fields);
}

}  // namespace tailcast::telemetry
