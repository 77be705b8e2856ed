#include "models/prune/cuda/engine.hpp"
#include "models/prune/cuda/plan.hpp"
#include "tests/models/prune/cuda/subject.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace ringsim::prune::test {

namespace {

using namespace cuda;  // NOLINT: this file is about its plan

/// A copy of a host buffer in device memory, as far off an alignment of 16 bytes.
template <class T>
class Copy {
 public:
  explicit Copy(std::span<T> host) : host_(host) {
    if (host.empty()) return;
    const auto shift = reinterpret_cast<std::uintptr_t>(host.data()) % 16;
    memory_ = DeviceArray<char>(host.size_bytes() + shift);
    data_ = reinterpret_cast<Plain*>(memory_.data() + shift);
    require(cudaMemcpy(data_, host.data(), host.size_bytes(), cudaMemcpyHostToDevice), "copying");
  }

  std::remove_const_t<T>* data() const { return data_; }
  void back() const {
    if (host_.empty()) return;
    require(cudaMemcpy(host_.data(), data_, host_.size_bytes(), cudaMemcpyDeviceToHost), "copying");
  }

 private:
  using Plain = std::remove_const_t<T>;
  std::span<T> host_;
  DeviceArray<char> memory_;
  Plain* data_ = nullptr;
};

class DeviceSubject final : public Subject {
 public:
  DeviceSubject() { require(cudaStreamCreate(&stream_), "making a stream"); }
  ~DeviceSubject() override { cudaStreamDestroy(stream_); }

  std::string_view name() const override { return "device"; }

  void select(const SelectBuffers& buffers, float momentum, std::span<const Segment> segments,
              std::span<Statistics> statistics) override {
    const Copy gradient(buffers.gradient);
    const Copy residual(buffers.residual), velocity(buffers.velocity);
    const Copy weight(buffers.weight);
    const Copy mask(buffers.mask);
    const Copy results(statistics);
    Plan& plan = plan_for(segments);
    plan.set_limits(segments, stream_);
    plan.select({gradient.data(), residual.data(), velocity.data(), weight.data(), mask.data()},
                momentum, results.data(), stream_);
    wait();
    residual.back();
    velocity.back();
    mask.back();
    results.back();
  }

  std::size_t pack(std::span<const MaskWord> mask, std::span<const Segment> segments,
                   std::span<float> residual, std::span<float> velocity,
                   std::span<float> packed) override {
    std::uint64_t kept = 0;
    const Copy words(mask);
    const Copy from(residual), velocities(velocity), to(packed);
    const Copy counted(std::span(&kept, 1));
    plan_for(segments).pack(words.data(), from.data(), velocities.data(), to.data(), counted.data(),
                            stream_);
    wait();
    from.back();
    velocities.back();
    to.back();
    counted.back();
    return kept;
  }

  void unpack(std::span<const MaskWord> mask, std::span<const Segment> segments,
              std::span<const float> packed, std::span<float> target) override {
    const Copy words(mask);
    const Copy from(packed);
    const Copy to(target);
    plan_for(segments).unpack(words.data(), from.data(), to.data(), stream_);
    wait();
    to.back();
  }

  void unite(std::span<MaskWord> mask, std::span<const MaskWord> other) override {
    const Copy words(mask);
    const Copy others(other);
    cuda::unite(words.data(), others.data(), mask.size(), stream_);
    wait();
    words.back();
  }

  std::vector<std::uint32_t> count_chunks(std::span<const MaskWord> mask,
                                          std::span<const Segment> segments) override {
    const Plan& plan = plan_for(segments);
    std::vector<std::uint32_t> counts(plan.chunks());
    const Copy words(mask);
    const Copy results(std::span<std::uint32_t>{counts});
    plan.count_chunks(words.data(), results.data(), stream_);
    wait();
    results.back();
    return counts;
  }

  void set_select_threads(unsigned threads) override { threads_ = threads; }

 private:
  Plan& plan_for(std::span<const Segment> segments) {
    const auto same = [](const Segment& a, const Segment& b) {
      return a.offset == b.offset && a.parameters == b.parameters && a.mask_offset == b.mask_offset;
    };
    if (!plan_ || !std::ranges::equal(plan_->segments(), segments, same)) plan_.emplace(segments);
    plan_->set_select_threads(threads_);
    return *plan_;
  }

  void wait() { require(cudaStreamSynchronize(stream_), "waiting for the device"); }

  cudaStream_t stream_ = nullptr;
  std::optional<Plan> plan_;
  unsigned threads_ = 512;
};

}  // namespace

std::unique_ptr<Engine> make_engine_under_test(std::string_view kind) {
  if (kind == "copying") return cuda::make_engine();
  return std::make_unique<DeviceSubject>();
}
std::string untestable() { return cuda::unavailable(); }

}  // namespace ringsim::prune::test
