#include "core/tensor/tensor_io.h"

#include <ATen/ATen.h>

#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace tailcast {
namespace {

struct TypePair {
  ElementType element_type;
  at::ScalarType scalar_type;
};

constexpr TypePair kTypes[] = {
    {ElementType::kFloat64, at::kDouble}, {ElementType::kFloat32, at::kFloat},
    {ElementType::kFloat16, at::kHalf},   {ElementType::kBfloat16, at::kBFloat16},
    {ElementType::kInt64, at::kLong},     {ElementType::kInt32, at::kInt},
    {ElementType::kInt16, at::kShort},    {ElementType::kInt8, at::kChar},
    {ElementType::kUint8, at::kByte},     {ElementType::kBool, at::kBool},
};

absl::StatusOr<ElementType> ElementTypeOf(at::ScalarType type, const std::string& name) {
  for (const TypePair& pair : kTypes) {
    if (pair.scalar_type == type) return pair.element_type;
  }
  return absl::InvalidArgumentError(absl::StrCat("tensor '", name, "' has element type ",
                                                 toString(type), ", which safetensors lacks"));
}

at::ScalarType ScalarTypeOf(ElementType type) {
  for (const TypePair& pair : kTypes) {
    if (pair.element_type == type) return pair.scalar_type;
  }
  TORCH_CHECK(false, "unknown element type ", static_cast<int>(type));
}

absl::string_view BytesOf(const at::Tensor& tensor) {
  return {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()};
}

at::Tensor OnHost(const at::Tensor& tensor) { return tensor.detach().cpu().contiguous(); }

// Tensors on the host and views of them.
struct Hosted {
  NamedTensors tensors;  // keeps the bytes that the views point to
  std::map<std::string, TensorView> views;
};

absl::StatusOr<Hosted> ToHost(const NamedTensors& tensors) {
  Hosted hosted;
  for (const auto& [name, tensor] : tensors) {
    ASSIGN_OR_RETURN(const ElementType type, ElementTypeOf(tensor.scalar_type(), name));
    const at::Tensor& host = hosted.tensors[name] = OnHost(tensor);
    hosted.views[name] = {.type = type, .shape = host.sizes().vec(), .data = BytesOf(host)};
  }
  return hosted;
}

}  // namespace

at::Tensor ToTensor(const TensorView& view) {
  const auto tensor = at::empty(view.shape, at::TensorOptions(ScalarTypeOf(view.type)));
  TORCH_CHECK(tensor.nbytes() == view.data.size(), "tensor view of ", view.data.size(),
              " bytes; expected ", tensor.nbytes());
  if (!view.data.empty()) std::memcpy(tensor.data_ptr(), view.data.data(), view.data.size());
  return tensor;
}

absl::StatusOr<std::string> SerializeTensors(const NamedTensors& tensors,
                                             const Metadata& metadata) {
  ASSIGN_OR_RETURN(const Hosted hosted, ToHost(tensors));
  return SerializeSafetensors(hosted.views, metadata);
}

absl::StatusOr<std::string> SerializeSealedTensors(const NamedTensors& tensors,
                                                   const Metadata& metadata) {
  ASSIGN_OR_RETURN(const Hosted hosted, ToHost(tensors));
  return SerializeSealedSafetensors(hosted.views, metadata);
}

absl::StatusOr<NamedTensors> ReadTensors(const SafetensorsFile& file) {
  NamedTensors tensors;
  for (const auto& [name, view] : file.tensors()) tensors[name] = ToTensor(view);
  return tensors;
}

std::map<std::string, Digest> TensorDigests(const NamedTensors& tensors) {
  std::map<std::string, Digest> digests;
  for (const auto& [name, tensor] : tensors) {
    const auto host = OnHost(tensor);
    digests[name] = Sha256Of(BytesOf(host));
  }
  return digests;
}

}  // namespace tailcast
