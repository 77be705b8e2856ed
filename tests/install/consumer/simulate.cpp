// Does pruning pay on my cluster? Asks libringsim for several bandwidths of its links.
#include <ringsim/simulate.hpp>

#include <cstdio>
#include <string>

namespace simulator = ringsim::simulator;

int main() {
  simulator::Request request;
  request.options = {{"model", "resnet50"}, {"source", "synthetic"}, {"scheme", "iwp"},
                     {"topology", "ring"},  {"ranks", "8"},          {"latency", "5us"},
                     {"gpu", "h100"},       {"bucket", "ddp"},       {"bandwidth", ""}};
  try {
    for (const std::string bandwidth : {"10Gbps", "100Gbps"}) {
      request.options.back().second = bandwidth;
      const simulator::Result result = simulator::simulate(request);
      std::fprintf(stderr, "%s: %.1f ms a step\n", bandwidth.c_str(),
                   1e3 * result.seconds_per_step.total);
      if (result.headroom.dense_fp32)
        std::fprintf(stderr, "  dense gradients take %.1f ms more\n",
                     1e3 * *result.headroom.dense_fp32);
      std::fprintf(stderr, "  %s\n", result.verdict.c_str());
      std::printf("%s", result.json.c_str());  // as `ringsim run --format json` prints it
    }
  } catch (const simulator::InputError& error) {
    std::fprintf(stderr, "%s\n", error.what());  // "--bandwidth: found ...; accepted: ..."
    return 2;
  }
  return 0;
}
