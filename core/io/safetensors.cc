#include "core/io/safetensors.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/quoted.h"
#include "core/base/status_macros.h"

namespace tailcast {
namespace {

using nlohmann::json;

constexpr int64_t kLengthBytes = 8;

struct TypeRow {
  ElementType type;
  absl::string_view name;
  int64_t size;
};
constexpr std::array<TypeRow, 10> kTypes = {{{ElementType::kFloat64, "F64", 8},
                                             {ElementType::kFloat32, "F32", 4},
                                             {ElementType::kFloat16, "F16", 2},
                                             {ElementType::kBfloat16, "BF16", 2},
                                             {ElementType::kInt64, "I64", 8},
                                             {ElementType::kInt32, "I32", 4},
                                             {ElementType::kInt16, "I16", 2},
                                             {ElementType::kInt8, "I8", 1},
                                             {ElementType::kUint8, "U8", 1},
                                             {ElementType::kBool, "BOOL", 1}}};

// RowOf() finds a type by its place.
constexpr bool HasOrderOfTypes() {
  for (size_t i = 0; i < kTypes.size(); ++i) {
    if (kTypes[i].type != static_cast<ElementType>(i)) return false;
  }
  return true;
}
static_assert(HasOrderOfTypes());

const TypeRow& RowOf(ElementType type) { return kTypes[static_cast<size_t>(type)]; }

std::string ShapeText(const std::vector<int64_t>& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ", "), "]");
}

bool IsSize(const json& value) {
  return value.is_number_unsigned() &&
         value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()};
}

bool IsSizeList(const json& value) {
  return value.is_array() && std::all_of(value.begin(), value.end(), IsSize);
}

// Parses one header; the offsets of its tensors are relative to the data.
class HeaderParser {
 public:
  HeaderParser(const std::string& what, absl::string_view data) : what_(what), data_(data) {}

  absl::Status Parse(const json& header) {
    if (!header.is_object()) return Fault("the header is no JSON object");
    for (const auto& [name, value] : header.items()) {
      if (name == kSafetensorsMetadataName) {
        RETURN_IF_ERROR(ParseMetadata(value));
      } else {
        RETURN_IF_ERROR(ParseTensor(name, value));
      }
    }
    return CheckLayout();
  }

  std::map<std::string, TensorView> tensors;
  Metadata metadata;

 private:
  absl::Status Fault(absl::string_view fault) const {
    return absl::InvalidArgumentError(
        absl::StrCat("'", what_, "' is no valid safetensors file: ", fault));
  }

  absl::Status ParseMetadata(const json& value) {
    if (!value.is_object()) return Fault("__metadata__ is no object");
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) return Fault(absl::StrCat("metadata ", Quoted(key), " is no text"));
      metadata[key] = text.get<std::string>();
    }
    return absl::OkStatus();
  }

  absl::Status ParseTensor(const std::string& name, const json& value) {
    const std::string tensor = absl::StrCat("tensor ", Quoted(name), " ");
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") ||
        !value.contains("shape") || !value.contains("data_offsets")) {
      return Fault(absl::StrCat(tensor, "must have dtype, shape and data_offsets alone"));
    }
    TensorView view;
    if (!value["dtype"].is_string()) {
      return Fault(absl::StrCat(tensor, "has a dtype that is a JSON ", value["dtype"].type_name()));
    }
    const auto& type = value["dtype"].get_ref<const std::string&>();
    const auto* row = std::find_if(kTypes.begin(), kTypes.end(),
                                   [&](const TypeRow& known) { return type == known.name; });
    if (row == kTypes.end()) {
      return Fault(absl::StrCat(tensor, "has the unknown type ", Quoted(type)));
    }
    view.type = row->type;
    if (!IsSizeList(value["shape"]) || value["shape"].size() > kMaxSafetensorsRank) {
      return Fault(absl::StrCat(tensor, "has a wrong shape; expected at most ", kMaxSafetensorsRank,
                                " sizes of at least 0"));
    }
    view.shape = value["shape"].get<std::vector<int64_t>>();
    RETURN_IF_ERROR(ParseOffsets(tensor, value["data_offsets"], view));
    tensors.emplace(name, std::move(view));
    return absl::OkStatus();
  }

  absl::Status ParseOffsets(const std::string& tensor, const json& value, TensorView& view) {
    const auto size = static_cast<int64_t>(data_.size());
    if (!IsSizeList(value) || value.size() != 2) {
      return Fault(absl::StrCat(tensor, "has wrong data_offsets; expected [begin, end]"));
    }
    const int64_t begin = value[0].get<int64_t>(), end = value[1].get<int64_t>();
    if (begin > end || end > size) {
      return Fault(absl::StrCat(tensor, "lies at [", begin, ", ", end, ") of ", size,
                                " bytes of data; the file may be truncated"));
    }
    const absl::StatusOr<int64_t> bytes = TensorBytes(view.type, view.shape);
    if (!bytes.ok() || *bytes != end - begin) {
      return Fault(absl::StrCat(tensor, "of type ", ElementTypeName(view.type), " and shape ",
                                ShapeText(view.shape), " has ", end - begin, " bytes"));
    }
    view.data = data_.substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
    return absl::OkStatus();
  }

  // Every byte belongs to one tensor: nothing overlaps, nothing hides between tensors.
  absl::Status CheckLayout() const {
    std::vector<std::pair<const char*, const char*>> pieces;
    for (const auto& [name, view] : tensors) {
      pieces.emplace_back(view.data.data(), view.data.data() + view.data.size());
    }
    std::sort(pieces.begin(), pieces.end());
    const char* covered = data_.data();
    for (const auto& [begin, end] : pieces) {
      if (begin != covered) {
        return Fault(absl::StrCat(begin < covered ? "tensors overlap" : "a gap", " at byte ",
                                  begin - data_.data(), " of the data"));
      }
      covered = end;
    }
    const auto rest = data_.data() + data_.size() - covered;
    if (rest != 0) return Fault(absl::StrCat(rest, " bytes at its end belong to no tensor"));
    return absl::OkStatus();
  }

  const std::string& what_;
  const absl::string_view data_;
};

// The JSON header of a file's bytes.
absl::StatusOr<absl::string_view> HeaderText(absl::string_view bytes, const std::string& what) {
  const auto size = static_cast<int64_t>(bytes.size());
  uint64_t length = 0;
  if (size >= kLengthBytes) {
    for (int64_t i = kLengthBytes - 1; i >= 0; --i) {
      length = length << 8 | static_cast<uint8_t>(bytes[static_cast<size_t>(i)]);
    }
  }
  const int64_t max_length = std::min(kMaxSafetensorsHeaderBytes, size - kLengthBytes);
  if (size < kLengthBytes || length > static_cast<uint64_t>(max_length)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "'", what, "' is no valid safetensors file: its ", size, " bytes hold no header of ",
        length, " bytes; it may be truncated, or the header above ", kMaxSafetensorsHeaderBytes));
  }
  return bytes.substr(kLengthBytes, static_cast<size_t>(length));
}

bool Matches(const TensorView& view, ElementType type, const std::vector<int64_t>& shape) {
  if (view.type != type || view.shape.size() != shape.size()) return false;
  return std::equal(shape.begin(), shape.end(), view.shape.begin(),
                    [](int64_t wanted, int64_t size) { return wanted == -1 || wanted == size; });
}

}  // namespace

absl::string_view ElementTypeName(ElementType type) { return RowOf(type).name; }

int64_t ElementTypeSize(ElementType type) { return RowOf(type).size; }

absl::StatusOr<int64_t> TensorBytes(ElementType type, const std::vector<int64_t>& shape) {
  int64_t bytes = ElementTypeSize(type);
  for (const int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(bytes, size, &bytes)) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape ", ShapeText(shape), " is too large or negative"));
    }
  }
  return bytes;
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Read(const std::string& path) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
  return Parse(std::move(bytes), path);
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Parse(std::string bytes, std::string what) {
  SafetensorsFile file;
  file.bytes_ = std::make_shared<const std::string>(std::move(bytes));
  file.what_ = std::move(what);
  ASSIGN_OR_RETURN(const absl::string_view text, HeaderText(*file.bytes_, file.what_));
  ASSIGN_OR_RETURN(const json header,
                   ParseJson(text, absl::StrCat("the header of '", file.what_, "'")));
  HeaderParser parser(file.what_,
                      absl::string_view(*file.bytes_).substr(kLengthBytes + text.size()));
  RETURN_IF_ERROR(parser.Parse(header));
  file.tensors_ = std::move(parser.tensors);
  file.metadata_ = std::move(parser.metadata);
  RETURN_IF_ERROR(file.OpenSeal());
  return file;
}

absl::Status SafetensorsFile::OpenSeal() {
  const auto seal = metadata_.extract(kContentDigestKey);
  is_sealed_ = !seal.empty();
  if (!is_sealed_) return absl::OkStatus();
  const absl::StatusOr<Digest> digest = ContentDigest(tensors_, metadata_);
  if (!digest.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("'", what_, "': ", digest.status().message()));
  }
  if (ToHex(*digest) == seal.mapped()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("'", what_, "' is damaged or was changed: its content has the SHA-256 ",
                   ToHex(*digest), "; expected ", Quoted(seal.mapped()), ", as its metadata ",
                   kContentDigestKey, " says; remove that member if the change was meant"));
}

absl::StatusOr<TensorView> SafetensorsFile::Get(const std::string& name, ElementType type,
                                                const std::vector<int64_t>& shape) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) {
    return absl::InvalidArgumentError(absl::StrCat("'", what_, "' has no tensor '", name, "'"));
  }
  if (Matches(found->second, type, shape)) return found->second;
  return absl::InvalidArgumentError(absl::StrCat(
      "tensor '", name, "' of '", what_, "' has type ", ElementTypeName(found->second.type),
      " and shape ", ShapeText(found->second.shape), "; expected ", ElementTypeName(type), " ",
      ShapeText(shape), " (-1: any)"));
}

absl::StatusOr<std::string> SafetensorsFile::GetMetadata(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found != metadata_.end()) return found->second;
  return absl::InvalidArgumentError(absl::StrCat("'", what_, "' has no metadata '", key, "'"));
}

}  // namespace tailcast
