#include "core/data/augmentation.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <gtest/gtest.h>

#include <set>
#include <tuple>

namespace tailcast::data {
namespace {

at::Generator Rng(uint64_t seed) { return at::detail::createCPUGenerator(seed); }

at::Tensor RandomImages(int64_t count, int64_t height, int64_t width, int64_t channels) {
  return at::randint(1, 256, {count, height, width, channels}, Rng(3), at::kByte);
}

// The slow twin: pads, cuts and flips one image. image: [H, W, C]
at::Tensor Window(const at::Tensor& image, int64_t padding, int64_t top, int64_t left, bool flip) {
  const int64_t height = image.size(0), width = image.size(1);
  at::Tensor padded =
      at::zeros({height + 2 * padding, width + 2 * padding, image.size(2)}, at::kByte);
  padded.slice(0, padding, padding + height).slice(1, padding, padding + width).copy_(image);
  const at::Tensor cut = padded.slice(0, top, top + height).slice(1, left, left + width);
  return flip ? cut.flip({1}) : cut;
}

// The window and flip of which `actual` comes; (-1, -1, false) if there is none.
std::tuple<int64_t, int64_t, bool> FindWindow(const at::Tensor& image, const at::Tensor& actual,
                                              int64_t padding) {
  for (int64_t top = 0; top <= 2 * padding; ++top) {
    for (int64_t left = 0; left <= 2 * padding; ++left) {
      for (const bool flip : {false, true}) {
        if (at::equal(Window(image, padding, top, left, flip), actual)) return {top, left, flip};
      }
    }
  }
  return {-1, -1, false};
}

TEST(AugmentationTest, EveryResultIsAWindowOfItsImageAndAllWindowsOccur) {
  constexpr int64_t kPadding = 2;
  for (const int64_t channels : {1, 3}) {
    const at::Tensor images = RandomImages(800, 5, 4, channels);
    const at::Tensor results = Augment(images, {.crop_padding = kPadding}, Rng(1));
    ASSERT_EQ(results.sizes(), images.sizes());
    std::set<std::tuple<int64_t, int64_t, bool>> seen;
    for (int64_t i = 0; i < images.size(0); ++i) {
      seen.insert(FindWindow(images[i], results[i], kPadding));
    }
    EXPECT_FALSE(seen.contains({-1, -1, false}));
    EXPECT_EQ(seen.size(), 5u * 5u * 2u);
  }
}

TEST(AugmentationTest, PaddingLargerThanTheImageLeavesItEmptyAtTheEdges) {
  const at::Tensor images = RandomImages(200, 2, 2, 1);
  const at::Tensor results = Augment(images, {.crop_padding = 5}, Rng(1));
  for (int64_t i = 0; i < images.size(0); ++i) {
    EXPECT_NE(std::get<0>(FindWindow(images[i], results[i], 5)), -1);
  }
}

TEST(AugmentationTest, NothingAskedChangesNothing) {
  const at::Tensor images = RandomImages(10, 6, 6, 3);
  EXPECT_TRUE(
      at::equal(Augment(images, {.crop_padding = 0, .horizontal_flip = false}, Rng(1)), images));
}

TEST(AugmentationTest, WithoutFlipsNoImageIsMirrored) {
  const at::Tensor images = RandomImages(100, 6, 6, 1);
  const at::Tensor results = Augment(images, {.crop_padding = 1, .horizontal_flip = false}, Rng(1));
  for (int64_t i = 0; i < images.size(0); ++i) {
    EXPECT_FALSE(std::get<2>(FindWindow(images[i], results[i], 1)));
  }
}

TEST(AugmentationTest, DrawsComeFromTheGeneratorGiven) {
  const at::Tensor images = RandomImages(50, 8, 8, 1);
  EXPECT_TRUE(at::equal(Augment(images, {}, Rng(1)), Augment(images, {}, Rng(1))));
  EXPECT_FALSE(at::equal(Augment(images, {}, Rng(1)), Augment(images, {}, Rng(2))));
}

TEST(AugmentationTest, TheSourceStaysAsItIs) {
  const at::Tensor images = RandomImages(50, 8, 8, 1);
  const at::Tensor copy = images.clone();
  (void)Augment(images, {}, Rng(1));
  EXPECT_TRUE(at::equal(images, copy));
}

}  // namespace
}  // namespace tailcast::data
