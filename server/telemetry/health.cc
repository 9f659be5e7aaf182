#include "server/telemetry/health.h"

namespace tailcast::telemetry {

void Health::Attach(grpc::HealthCheckServiceInterface* service) {
  absl::MutexLock lock(&mu_);
  service_ = service;
  for (const auto& [name, serving] : serving_) {
    service_->SetServingStatus(name, serving && !draining_);
  }
}

void Health::Detach() {
  absl::MutexLock lock(&mu_);
  service_ = nullptr;
}

void Health::Set(const std::string& service, bool serving) {
  absl::MutexLock lock(&mu_);
  const auto [entry, added] = serving_.try_emplace(service, serving);
  if (!added && entry->second == serving) return;
  entry->second = serving;
  if (service_ != nullptr) service_->SetServingStatus(service, serving && !draining_);
}

void Health::BeginDrain() {
  absl::MutexLock lock(&mu_);
  draining_ = true;
  if (service_ == nullptr) return;
  for (const auto& [name, serving] : serving_) service_->SetServingStatus(name, false);
}

}  // namespace tailcast::telemetry
