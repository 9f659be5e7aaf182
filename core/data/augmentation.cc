#include "core/data/augmentation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>

namespace tailcast::data {
namespace {

// One image and where its window lies in the padded image.
struct Window {
  int64_t top = 0, left = 0;  // [0, 2 * padding]
  bool flip = false;
};

struct ImageSize {
  int64_t height = 0, width = 0, channels = 0;
  int64_t bytes() const { return height * width * channels; }
};

// Copies one row of pixels, mirrored or not. `shift`: the source column of the first pixel; columns
// outside the source stay as they are (zero).
void CopyRow(const uint8_t* source, int64_t shift, bool flip, const ImageSize& size, uint8_t* out) {
  const int64_t first = std::max<int64_t>(0, -shift);
  const int64_t last = std::min(size.width, size.width - shift);
  if (first >= last) return;
  if (!flip) {
    std::memcpy(out + first * size.channels, source + (first + shift) * size.channels,
                static_cast<size_t>((last - first) * size.channels));
    return;
  }
  for (int64_t column = first; column < last; ++column) {
    const uint8_t* pixel = source + (column + shift) * size.channels;
    std::copy(pixel, pixel + size.channels, out + (size.width - 1 - column) * size.channels);
  }
}

void CopyWindow(const uint8_t* source, const Window& window, int64_t padding, const ImageSize& size,
                uint8_t* out) {
  const int64_t row_bytes = size.width * size.channels;
  for (int64_t row = 0; row < size.height; ++row) {
    const int64_t source_row = row + window.top - padding;
    if (source_row < 0 || source_row >= size.height) continue;
    CopyRow(source + source_row * row_bytes, window.left - padding, window.flip, size,
            out + row * row_bytes);
  }
}

}  // namespace

at::Tensor Augment(const at::Tensor& images, const AugmentationOptions& options,
                   at::Generator rng) {
  const ImageSize size{images.size(1), images.size(2), images.size(3)};
  const int64_t count = images.size(0);
  const int64_t padding = options.crop_padding;
  const auto draw = [&](int64_t end) {
    return at::randint(0, end, {count}, rng, at::TensorOptions(at::kLong));  // [N]
  };
  const at::Tensor tops = draw(2 * padding + 1);
  const at::Tensor lefts = draw(2 * padding + 1);
  const at::Tensor flips = draw(2);

  const at::Tensor source = images.contiguous();
  at::Tensor out = at::zeros_like(source);  // [N, H, W, C]
  for (int64_t i = 0; i < count; ++i) {
    const Window window{.top = tops.const_data_ptr<int64_t>()[i],
                        .left = lefts.const_data_ptr<int64_t>()[i],
                        .flip = options.horizontal_flip && flips.const_data_ptr<int64_t>()[i] == 1};
    CopyWindow(source.const_data_ptr<uint8_t>() + i * size.bytes(), window, padding, size,
               out.mutable_data_ptr<uint8_t>() + i * size.bytes());
  }
  return out;
}

}  // namespace tailcast::data
