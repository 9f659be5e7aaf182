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
  // if it is truncated, has overlaps or gaps, a size that differs from the shape's, or an unknown
  // type.
  static absl::StatusOr<SafetensorsFile> Read(const std::string& path);
  // The same for bytes in memory; `what` stands for the file in messages.
  static absl::StatusOr<SafetensorsFile> Parse(std::string bytes, std::string what);

  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const Metadata& metadata() const { return metadata_; }
  // Path, for messages.
  const std::string& what() const { return what_; }

  // INVALID_ARGUMENT, naming file and tensor, if it is missing or of another type or shape; -1 in
  // `shape` stands for any size.
  absl::StatusOr<TensorView> Get(const std::string& name, ElementType type,
                                 const std::vector<int64_t>& shape) const;
  // INVALID_ARGUMENT if the key is missing.
  absl::StatusOr<std::string> GetMetadata(const std::string& key) const;

 private:
  std::shared_ptr<const std::string> bytes_;  // shared: views stay valid when the object moves
  std::map<std::string, TensorView> tensors_;
  Metadata metadata_;
  std::string what_;
};

// The bytes of a file with these tensors and this metadata: names sorted, so equal content gives
// equal bytes. INVALID_ARGUMENT if data and shape differ in size.
absl::StatusOr<std::string> SerializeSafetensors(const std::map<std::string, TensorView>& tensors,
                                                 const Metadata& metadata);

// The header alone, for a writer that appends the data itself: `tensors` without data, which follow
// in order of name without gaps (readers of the format refuse gaps); the first starts at a multiple
// of 8 bytes.
absl::StatusOr<std::string> SafetensorsHeader(const std::map<std::string, TensorView>& tensors,
                                              const Metadata& metadata);

}  // namespace tailcast

#endif  // TAILCAST_CORE_IO_SAFETENSORS_H_
