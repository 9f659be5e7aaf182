#ifndef TAILCAST_CORE_IO_SAFETENSORS_H_
#define TAILCAST_CORE_IO_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/digest.h"

namespace tailcast {

// The safetensors format (https://huggingface.co/docs/safetensors): an eight-byte header length, a
// JSON header and the tensors' little-endian bytes.

enum class ElementType {
  kFloat64,
  kFloat32,
  kFloat16,
  kBfloat16,
  kInt64,
  kInt32,
  kInt16,
  kInt8,
  kUint8,
  kBool
};

// As the file spells it: "F32", "I64", ...
absl::string_view ElementTypeName(ElementType type);
int64_t ElementTypeSize(ElementType type);

// Limits of a file. Its header becomes a tree in memory, many times as large; ours hold some
// hundred tensors, and names and counts of at most 65536 classes.
inline constexpr int64_t kMaxSafetensorsHeaderBytes = 16 << 20;
inline constexpr size_t kMaxSafetensorsRank = 16;
// The member of the header that is no tensor.
inline constexpr char kSafetensorsMetadataName[] = "__metadata__";
// The member of the metadata that seals a file: its ContentDigest(), in hexadecimal.
inline constexpr char kContentDigestKey[] = "content_sha256";

// Bytes of a tensor; INVALID_ARGUMENT for negative sizes and above 2^63.
absl::StatusOr<int64_t> TensorBytes(ElementType type, const std::vector<int64_t>& shape);

// One tensor of a file; `data` points into whoever holds the bytes, at any alignment.
struct TensorView {
  ElementType type = ElementType::kFloat32;
  std::vector<int64_t> shape;
  absl::string_view data;
};

using Metadata = std::map<std::string, std::string>;

// A file, read and checked. Immutable; safe to share; views live as long as the object.
class SafetensorsFile {
 public:
  // NOT_FOUND or PERMISSION_DENIED as ReadFile(); INVALID_ARGUMENT, naming the file and the fault,
  // if it is truncated, has overlaps or gaps, a size that differs from the shape's, an unknown
  // type, or a content that its seal does not fit.
  static absl::StatusOr<SafetensorsFile> Read(const std::string& path);
  // The same for bytes in memory; `what` stands for the file in messages.
  static absl::StatusOr<SafetensorsFile> Parse(std::string bytes, std::string what);

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  // Without the seal.
  const Metadata& metadata() const { return metadata_; }
  // Whether the file carried the digest of its content, which then fits.
  bool is_sealed() const { return is_sealed_; }
  // Path, for messages.
  const std::string& what() const { return what_; }

  // INVALID_ARGUMENT, naming file and tensor, if it is missing or of another type or shape; -1 in
  // `shape` stands for any size.
  absl::StatusOr<TensorView> Get(const std::string& name, ElementType type,
                                 const std::vector<int64_t>& shape) const;
  // INVALID_ARGUMENT if the key is missing.
  absl::StatusOr<std::string> GetMetadata(const std::string& key) const;

 private:
  // Takes the seal out of the metadata and checks it.
  absl::Status OpenSeal();

  std::shared_ptr<const std::string> bytes_;  // shared: views stay valid when the object moves
  std::map<std::string, TensorView> tensors_;
  Metadata metadata_;
  bool is_sealed_ = false;
  std::string what_;
};

// The bytes of a file with these tensors and this metadata: names sorted, so equal content gives
// equal bytes. INVALID_ARGUMENT if data and shape differ in size.
absl::StatusOr<std::string> SerializeSafetensors(const std::map<std::string, TensorView>& tensors,
                                                 const Metadata& metadata);

// The same, sealed: with the digest of its content among the metadata, which every reader of ours
// checks. Others read it as any file.
absl::StatusOr<std::string> SerializeSealedSafetensors(
    const std::map<std::string, TensorView>& tensors, const Metadata& metadata);

// SHA-256 of the bytes of SerializeSafetensors(), so of a content however it is laid out. Does not
// check that data and shape fit.
absl::StatusOr<Digest> ContentDigest(const std::map<std::string, TensorView>& tensors,
                                     const Metadata& metadata);

// The header alone, for a writer that appends the data itself: `tensors` without data, which follow
// in order of name without gaps (readers of the format refuse gaps); the first starts at a multiple
// of 8 bytes.
absl::StatusOr<std::string> SafetensorsHeader(const std::map<std::string, TensorView>& tensors,
                                              const Metadata& metadata);

}  // namespace tailcast

#endif  // TAILCAST_CORE_IO_SAFETENSORS_H_
