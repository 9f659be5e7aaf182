#ifndef TAILCAST_CORE_TENSOR_MODULE_IO_H_
#define TAILCAST_CORE_TENSOR_MODULE_IO_H_

#include <string>

#include "absl/status/status.h"
#include "core/tensor/tensor_io.h"

namespace torch::nn {
class Module;
}

namespace tailcast {

// Parameters and buffers of a module by their dotted names.
NamedTensors ModuleTensors(const torch::nn::Module& module);

// Copies `tensors` into the module's parameters and buffers. INVALID_ARGUMENT, naming `what` and
// the tensor, if one is missing, left over, or of another type or shape; nothing is changed then.
absl::Status LoadModule(const NamedTensors& tensors, const std::string& what,
                        torch::nn::Module& module);

}  // namespace tailcast

#endif  // TAILCAST_CORE_TENSOR_MODULE_IO_H_
