#include <cstddef>

#include "absl/strings/str_cat.h"
#include "core/base/digest.h"
#include "core/base/json.h"
#include "core/base/status_macros.h"
#include "core/io/safetensors.h"

namespace tailcast {
namespace {

constexpr size_t kLengthBytes = 8;
constexpr size_t kAlignment = 8;

}  // namespace

absl::StatusOr<std::string> SafetensorsHeader(const std::map<std::string, TensorView>& tensors,
                                              const Metadata& metadata) {
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header[kSafetensorsMetadataName] = metadata;
  int64_t begin = 0;
  for (const auto& [name, view] : tensors) {
    if (name == kSafetensorsMetadataName) {
      return absl::InvalidArgumentError(
          absl::StrCat("tensor '", name, "' has a reserved name; expected any other"));
    }
    if (view.shape.size() > kMaxSafetensorsRank) {
      return absl::InvalidArgumentError(absl::StrCat("tensor '", name, "' has ", view.shape.size(),
                                                     " dimensions; expected at most ",
                                                     kMaxSafetensorsRank));
    }
    ASSIGN_OR_RETURN(const int64_t bytes, TensorBytes(view.type, view.shape));
    int64_t end = 0;
    if (__builtin_add_overflow(begin, bytes, &end)) {
      return absl::InvalidArgumentError(absl::StrCat("the tensors up to '", name, "' have ", begin,
                                                     " and ", bytes,
                                                     " bytes; expected fewer than 2^63 in all"));
    }
    header[name] = {{"dtype", std::string(ElementTypeName(view.type))},
                    {"shape", view.shape},
                    {"data_offsets", {begin, end}}};
    begin = end;
  }
  ASSIGN_OR_RETURN(std::string text, CanonicalJson(header));
  text.append((kAlignment - text.size() % kAlignment) % kAlignment, ' ');
  if (static_cast<int64_t>(text.size()) > kMaxSafetensorsHeaderBytes) {
    return absl::InvalidArgumentError(absl::StrCat("a safetensors header has ", text.size(),
                                                   " bytes; expected at most ",
                                                   kMaxSafetensorsHeaderBytes));
  }
  std::string length(kLengthBytes, '\0');
  for (size_t i = 0; i < kLengthBytes; ++i) length[i] = static_cast<char>(text.size() >> (8 * i));
  return length + text;
}

absl::StatusOr<std::string> SerializeSafetensors(const std::map<std::string, TensorView>& tensors,
                                                 const Metadata& metadata) {
  ASSIGN_OR_RETURN(std::string file, SafetensorsHeader(tensors, metadata));
  for (const auto& [name, view] : tensors) {
    ASSIGN_OR_RETURN(const int64_t bytes, TensorBytes(view.type, view.shape));
    if (static_cast<int64_t>(view.data.size()) != bytes) {
      return absl::InvalidArgumentError(absl::StrCat("tensor '", name, "' has ", view.data.size(),
                                                     " bytes; expected ", bytes, " by its shape"));
    }
    absl::StrAppend(&file, view.data);
  }
  return file;
}

absl::StatusOr<std::string> SerializeSealedSafetensors(
    const std::map<std::string, TensorView>& tensors, const Metadata& metadata) {
  Metadata sealed = metadata;
  sealed.erase(kContentDigestKey);
  ASSIGN_OR_RETURN(const Digest digest, ContentDigest(tensors, sealed));
  sealed[kContentDigestKey] = ToHex(digest);
  return SerializeSafetensors(tensors, sealed);
}

absl::StatusOr<Digest> ContentDigest(const std::map<std::string, TensorView>& tensors,
                                     const Metadata& metadata) {
  ASSIGN_OR_RETURN(const std::string header, SafetensorsHeader(tensors, metadata));
  Sha256 digest;
  digest.Update(header);
  for (const auto& [name, view] : tensors) digest.Update(view.data);
  return digest.Finish();
}

}  // namespace tailcast
