#pragma once
// The CUDA runtime with C++ manners: errors are exceptions, memory has an owner.
#include <cuda_runtime_api.h>

#include <cstddef>
#include <string_view>
#include <utility>

namespace ringsim::prune::cuda {

/// Throws RunError, "cuda: WHAT: the runtime's text", where `status` is an error.
void require(cudaError_t status, std::string_view what);

/// Device memory for `size` values of T, not initialised. Empty where size is 0.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(std::size_t size) : size_(size) {
    if (size != 0)
      require(cudaMalloc(reinterpret_cast<void**>(&data_), size * sizeof(T)),
              "allocating device memory");
  }
  DeviceArray(DeviceArray&& other) noexcept { swap(other); }
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    swap(other);
    return *this;
  }
  DeviceArray(const DeviceArray&) = delete;
  DeviceArray& operator=(const DeviceArray&) = delete;
  ~DeviceArray() { cudaFree(data_); }

  T* data() const { return data_; }
  std::size_t size() const { return size_; }

 private:
  void swap(DeviceArray& other) {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace ringsim::prune::cuda
