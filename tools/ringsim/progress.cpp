#include "tools/ringsim/progress.hpp"

#include "base/units.hpp"

#include <fmt/format.h>

namespace ringsim {

Progress::Progress(bool quiet)
    : status_(quiet), start_(std::chrono::steady_clock::now()), drawn_(start_) {}

void Progress::density(const DensityCheck& density) {
  const auto reached = density.reached();
  if (!reached) return;
  if (density.is_missed()) {
    fmt::print(stderr, "warning: {}\n", *reached);
  } else {
    status_.line(*reached);
  }
}

void Progress::step(std::uint64_t done, std::uint64_t total) {
  if (status_.is_quiet()) return;
  const auto now = std::chrono::steady_clock::now();
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double left = elapsed / static_cast<double>(done) * static_cast<double>(total - done);
  if (status_.is_on_terminal()) {
    if (now - drawn_ < std::chrono::milliseconds(100) && done < total) return;
    drawn_ = now;
    status_.draw(done, total,
                 fmt::format("step {} of {}, {} left", done, total, format(Seconds{left})));
  } else if (done * 10 / total > tenths_) {
    tenths_ = done * 10 / total;
    status_.line(fmt::format("step {} of {}", done, total));
  }
}

}  // namespace ringsim
