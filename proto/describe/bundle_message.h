#ifndef TAILCAST_PROTO_DESCRIBE_BUNDLE_MESSAGE_H_
#define TAILCAST_PROTO_DESCRIBE_BUNDLE_MESSAGE_H_

#include <string>

#include "core/bundle/manifest.h"
#include "core/bundle/repository.h"
#include "proto/tailcast/v1/bundle_service.pb.h"

namespace tailcast {

// What stands in a repository, as messages, the same whether a server or the command line tells it.

// Name, digest and time of publication; the rest is left unset.
v1::Bundle DescribeVersion(const bundle::VersionInfo& version);

// Adds what a list shows of the manifest: features, images, sampler and the number of classes.
void DescribeManifest(const bundle::Manifest& manifest, v1::Bundle& message);

// Adds names and counts of the classes, which lists leave out.
void DescribeClasses(const bundle::Manifest& manifest, v1::Bundle& message);

v1::Label DescribeLabel(const std::string& bundle_name, const bundle::LabelInfo& label);

}  // namespace tailcast

#endif  // TAILCAST_PROTO_DESCRIBE_BUNDLE_MESSAGE_H_
